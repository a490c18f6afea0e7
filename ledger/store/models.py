"""The tables. Each says whether it is written once, or can be dropped and rebuilt.

log: written once, with the statement. content: what the log only commits to; erasing it is allowed.
view: the fold's result, dropped and rebuilt from log and content, equal. Desk rows (scans,
sessions) lie in a database of their own, see `desk`.
"""

from __future__ import annotations

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
    """log: what this log is: `origin`, `vkey`, and `simulated` in a simulated world."""

    key = TextField(primary_key=True)
    value = TextField()

    class Meta:
        table_name = "meta"


class Entry(Model):
    """log: one entry: its landing time, statement id, exact bytes, and the root of its items."""

    idx = BigIntegerField(primary_key=True)
    id = TextField(unique=True)
    ms = BigIntegerField()
    governance = SmallIntegerField()  # 1 when the entry holds the envelope itself
    root = BlobField(null=True, unique=True)
    data = BlobField()

    class Meta:
        table_name = "entry"
        indexes = ((("governance", "idx"), False),)


class Tile(Model):
    """log: a hash tile at its widest so far; earlier widths are cut from it."""

    level = IntegerField()
    idx = BigIntegerField()
    data = BlobField()

    class Meta:
        table_name = "tile"
        primary_key = CompositeKey("level", "idx")


class Checkpoint(Model):
    """log: every checkpoint ever signed; the one of the largest size is the head."""

    size = BigIntegerField(primary_key=True)
    root = BlobField()
    ms = BigIntegerField()
    note = BlobField()

    class Meta:
        table_name = "checkpoint"


class EnvelopeRow(Model):
    """content: the envelope of a statement of which the log holds only a commitment."""

    idx = BigIntegerField(primary_key=True)
    data = BlobField()

    class Meta:
        table_name = "envelope"


class ItemsRow(Model):
    """content: the items a statement commits to, with their secret; read and written by `content`."""

    idx = BigIntegerField(primary_key=True)
    secret = BlobField()
    data = BlobField()

    class Meta:
        table_name = "items"


class ItemRow(Model):
    """view: where an item is, as `rules.world.Row` has it."""

    id = TextField(primary_key=True)
    status = TextField()
    reason = TextField()
    site = TextField()
    owner = TextField()
    parent = TextField()
    hold = TextField()
    hold_reason = TextField()
    shipment = BigIntegerField()
    last = BigIntegerField()
    lot = TextField()
    born = BigIntegerField()

    class Meta:
        table_name = "item"
        indexes = ((("site", "status"), False), (("born",), False), (("shipment",), False))


class Membership(Model):
    """view: which container an item was in, from and to which index; -1 while it still is."""

    child = TextField()
    from_idx = BigIntegerField()
    parent = TextField()
    to_idx = BigIntegerField()

    class Meta:
        table_name = "membership"
        primary_key = CompositeKey("child", "from_idx")
        indexes = ((("parent", "to_idx"), False),)


class Content(Model):
    """view: how many packs of which lot are anywhere inside a container."""

    container = TextField()
    gtin = TextField()
    lot = TextField()
    n = BigIntegerField()

    class Meta:
        table_name = "content"
        primary_key = CompositeKey("container", "gtin", "lot")


class LotRow(Model):
    """view: a lot's one expiry, and the statement that first commissioned it."""

    gtin = TextField()
    lot = TextField()
    expiry = TextField()
    idx = BigIntegerField()

    class Meta:
        table_name = "lot"
        primary_key = CompositeKey("gtin", "lot")


class ShipmentRow(Model):
    """view: what a ship statement announced, as `rules.world.Shipment` has it."""

    idx = BigIntegerField(primary_key=True)
    id = TextField()
    party = TextField()
    site = TextField()
    to_party = TextField()
    to_site = TextField()
    owner = TextField()
    number = TextField()
    received = SmallIntegerField()

    class Meta:
        table_name = "shipment"
        indexes = ((("number", "party"), False), (("to_site",), False), (("site",), False))


class Act(Model):
    """view: an event as others refer to it, as `rules.world.Ref` has it."""

    idx = BigIntegerField(primary_key=True)
    id = TextField(unique=True)
    ms = BigIntegerField()
    op = TextField()
    by = TextField()
    site = TextField()

    class Meta:
        table_name = "act"


class Mention(Model):
    """view: which statements name an item in their list; commissionings are in `item.born`."""

    item = TextField()
    idx = BigIntegerField()

    class Meta:
        table_name = "mention"
        primary_key = CompositeKey("item", "idx")


LOG = (Meta, Entry, Tile, Checkpoint)
CONTENT = (EnvelopeRow, ItemsRow)
VIEWS = (ItemRow, Membership, Content, LotRow, ShipmentRow, Act, Mention)
TABLES = (*LOG, *CONTENT, *VIEWS)
