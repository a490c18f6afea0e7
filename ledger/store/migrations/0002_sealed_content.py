"""What statements name, sealed, in parts, with the leaf hashes of long lists; what was erased; and
witnesses' cosignatures.

The rows of the first schema's table items are moved when the log is opened, where the key is.
"""

from peewee import (
    BigIntegerField,
    BlobField,
    CompositeKey,
    IntegerField,
    Model,
    SmallIntegerField,
    TextField,
)


class _Named(Model):
    ref = BigIntegerField()
    list = SmallIntegerField()
    part = IntegerField()
    first = TextField()
    data = BlobField()

    class Meta:
        table_name = "named"
        primary_key = CompositeKey("ref", "list", "part")


class _Leaf(Model):
    ref = BigIntegerField()
    list = SmallIntegerField()
    level = SmallIntegerField()
    tile = IntegerField()
    first = BlobField()
    data = BlobField()

    class Meta:
        table_name = "leaf"
        primary_key = CompositeKey("ref", "list", "level", "tile")


class _Kept(Model):
    idx = BigIntegerField(primary_key=True)
    data = BlobField()

    class Meta:
        table_name = "kept"


class _Cosignature(Model):
    size = BigIntegerField()
    line = TextField()

    class Meta:
        table_name = "cosignature"
        primary_key = CompositeKey("size", "line")


_TABLES = (_Named, _Leaf, _Kept, _Cosignature)


def up(_migrator, db):
    """Create the tables."""
    with db.bind_ctx(_TABLES, bind_refs=False, bind_backrefs=False):
        db.create_tables(_TABLES)
