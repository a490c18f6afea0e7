"""From frames to symbols to a label to a verdict; a laptop with no server can run it.

    frames   picture files -> frames                                    -- shell
    symbols  frame -> decoded symbols with corners
    label    drawing of the printed label
    check    symbols + proof bundle + trust -> verdict, by the ledger's pure part

Of the ledger it uses the pure part only.
"""
