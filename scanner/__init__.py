"""From cameras and scanners to symbols to a label to a verdict; a laptop with no server can run it.

    camera   devices and video files -> frames; the only place that opens a device   -- shell
    frames   picture files -> frames                                                -- shell
    sources  cameras, files, folders, lines and typed text -> sightings             -- shell
    symbols  frame -> decoded symbols with corners
    votes    what several frames of a stream agree on
    faults   what a scanner may have done to a reading
    check    symbols + proof bundle + trust -> verdict, by the ledger's pure part
    history  two signed checkpoints + the log's tiles -> one history, or two        -- shell
    kept     the checkpoints that were seen                                         -- shell
    session  sightings -> what to tell a person
    output   that in words and JSON lines;  window  the same over the live picture  -- shell
    label    drawing of the printed label

Of the ledger it uses the pure part only.
"""
