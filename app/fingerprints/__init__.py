"""Labels' fingerprints at a node: who may look at a print, enrol one or hold templates, and what came of it.

What a print is, and how two are compared, is `scanner.fingerprint`'s; what is kept, `ledger.store`'s.
"""
