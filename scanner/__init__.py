"""From cameras and scanners to symbols to a label to a verdict; a laptop with no server can run it.

    camera   devices and video files -> frames; the only place that opens a device   -- shell
    frames   picture files -> frames                                                -- shell
    sources  cameras, files, folders, lines and typed text -> sightings             -- shell
    symbols  frame -> decoded symbols with corners;  bent  those that do not lie flat
    votes    what several frames of a stream agree on
    check    symbols -> a label; label + proof bundle + trust -> verdict, by the ledger's pure part
    faults   what may have happened between a label and its reading, by
               repairs, spellings, splits, cells, layouts
    settle   verdict + filter + second reading -> what holds
    history  two signed checkpoints + the log's tiles -> one history, or two        -- shell
    kept     the checkpoints that were seen                                         -- shell
    session  sightings -> what to tell a person
    prints   frames beside a verdict -> what the label's print comes to, by the log's service
               (prints_online) or by sealed templates that are here (prints_sealed)
    output   that in words and JSON lines;  window  the same over the live picture  -- shell
    fingerprint  this print, or a copy: pictures -> template -> verdict
    simulated  SIMULATED prints and cameras, for the demo world and for measuring
    label    drawing of the printed label;  zpl  the same for a label printer

Of the ledger it uses the pure part only.
"""
