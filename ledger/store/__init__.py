"""The shell around the fold: tables, the write path, queries, answers.

The only place that imports peewee. What a statement may do is decided by `ledger.rules`.
"""
