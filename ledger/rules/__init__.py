"""What statements mean: who may do what, what it does to packs, what holds one back, what to tell.

Pure. Where statements are kept, and how they travel, is left to the rest of `ledger`.
"""
