"""What people sign: envelopes, items, identifiers, events and governance, as exact bytes.

What a statement may do is left to `ledger.rules`.
"""
