"""`packtrace enrol`: labels' fingerprints at the packaging line, from pictures to the store and the log.

`command` has the options; `line` spreads the work, `shots` gives it pictures, `look` says what one shows,
`packs` gathers a pack's, `check` asks the log, `keep` hands on what comes of them.
"""
