"""The first schema: log and content."""

from peewee import (
    BigIntegerField,
    BlobField,
    CompositeKey,
    IntegerField,
    Model,
    SmallIntegerField,
    TextField,
)


class _Meta(Model):
    key = TextField(primary_key=True)
    value = TextField()

    class Meta:
        table_name = "meta"


class _Entry(Model):
    idx = BigIntegerField(primary_key=True)
    id = TextField(unique=True)
    ms = BigIntegerField()
    governance = SmallIntegerField()
    root = BlobField(null=True, unique=True)
    data = BlobField()

    class Meta:
        table_name = "entry"
        indexes = ((("governance", "idx"), False),)


class _Tile(Model):
    level = IntegerField()
    idx = BigIntegerField()
    data = BlobField()

    class Meta:
        table_name = "tile"
        primary_key = CompositeKey("level", "idx")


class _Checkpoint(Model):
    size = BigIntegerField(primary_key=True)
    root = BlobField()
    ms = BigIntegerField()
    note = BlobField()

    class Meta:
        table_name = "checkpoint"


class _Envelope(Model):
    idx = BigIntegerField(primary_key=True)
    data = BlobField()

    class Meta:
        table_name = "envelope"


class _Items(Model):
    idx = BigIntegerField(primary_key=True)
    secret = BlobField()
    data = BlobField()

    class Meta:
        table_name = "items"


_TABLES = (_Meta, _Entry, _Tile, _Checkpoint, _Envelope, _Items)


def up(_migrator, db):
    """Create the tables."""
    with db.bind_ctx(_TABLES, bind_refs=False, bind_backrefs=False):
        db.create_tables(_TABLES)
