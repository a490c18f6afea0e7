"""The first schema: log, content and view tables."""

from ledger.store.models import TABLES


def up(_migrator, db):
    """Create every table. A later change of the models brings its own migration."""
    with db.bind_ctx(TABLES, bind_refs=False, bind_backrefs=False):
        db.create_tables(TABLES)
