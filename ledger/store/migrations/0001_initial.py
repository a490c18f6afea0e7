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


class Meta(Model):
    key = TextField(primary_key=True)
    value = TextField()

    class Meta:
        table_name = "meta"


class Entry(Model):
    idx = BigIntegerField(primary_key=True)
    id = TextField(unique=True)
    ms = BigIntegerField()
    governance = SmallIntegerField()
    root = BlobField(null=True, unique=True)
    data = BlobField()

    class Meta:
        table_name = "entry"
        indexes = ((("governance", "idx"), False),)


class Tile(Model):
    level = IntegerField()
    idx = BigIntegerField()
    data = BlobField()

    class Meta:
        table_name = "tile"
        primary_key = CompositeKey("level", "idx")


class Checkpoint(Model):
    size = BigIntegerField(primary_key=True)
    root = BlobField()
    ms = BigIntegerField()
    note = BlobField()

    class Meta:
        table_name = "checkpoint"


class Envelope(Model):
    idx = BigIntegerField(primary_key=True)
    data = BlobField()

    class Meta:
        table_name = "envelope"


class Items(Model):
    idx = BigIntegerField(primary_key=True)
    secret = BlobField()
    data = BlobField()

    class Meta:
        table_name = "items"


TABLES = (Meta, Entry, Tile, Checkpoint, Envelope, Items)


def up(_migrator, db):
    with db.bind_ctx(TABLES, bind_refs=False, bind_backrefs=False):
        db.create_tables(TABLES)
