"""The tables. Each says whether it is written once, or can be dropped and rebuilt.

log: written once, with the statement. content: what the log only commits to; erasing it is allowed.
view: the fold's result, dropped and rebuilt from log and content, equal; so a changed view needs no
migration. Desk rows (scans, sessions) lie in a database of their own, see `desk`.
"""

from __future__ import annotations

from peewee import (
    SQL,
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


class Cosignature(Model):
    """log: a witness's line on the checkpoint of a size; only lines that were verified."""

    size = BigIntegerField()
    line = TextField()

    class Meta:
        table_name = "cosignature"
        primary_key = CompositeKey("size", "line")


class EnvelopeRow(Model):
    """content: the envelope of a statement of which the log holds only a commitment."""

    idx = BigIntegerField(primary_key=True)
    data = BlobField()

    class Meta:
        table_name = "envelope"


class NamedRow(Model):
    """content: a sealed part of what a statement names, sorted by id; `first` is its lowest id.

    `ref` is as `content.Rows` has it.
    """

    ref = BigIntegerField()
    list = SmallIntegerField()  # place in `submission.LISTS`
    part = IntegerField()
    first = TextField()
    data = BlobField()

    class Meta:
        table_name = "named"
        primary_key = CompositeKey("ref", "list", "part")


class LeafRow(Model):
    """content: leaf hashes of a long list, as tiles of 256, and the levels above them.

    `first` is the lowest hash of a tile of leaves, which stand in ascending order.
    """

    ref = BigIntegerField()
    list = SmallIntegerField()
    level = SmallIntegerField()
    tile = IntegerField()
    first = BlobField()
    data = BlobField()

    class Meta:
        table_name = "leaf"
        primary_key = CompositeKey("ref", "list", "level", "tile")


class Kept(Model):
    """content: what stays of statements whose content was erased, signed; `idx` is the last of them."""

    idx = BigIntegerField(primary_key=True)
    data = BlobField()

    class Meta:
        table_name = "kept"


class ItemRow(Model):
    """view: where an item is, as `rules.state.Row` has it."""

    id = TextField(primary_key=True)
    status = TextField()
    reason = TextField()
    site = TextField()
    owner = TextField()
    parent = TextField()
    hold = TextField()
    hold_reason = TextField()
    shipment = BigIntegerField()
    came = TextField()
    cleared = BigIntegerField()
    last = BigIntegerField()
    lot = TextField()
    born = BigIntegerField()
    arrived = BigIntegerField()
    joined = BigIntegerField()

    class Meta:
        table_name = "item"
        indexes = ((("site", "status"), False), (("born",), False), (("shipment", "status"), False))


# The outermost containers of a site, however many packs lie loose there.
ItemRow.add_index(
    SQL(
        "CREATE INDEX item_container ON item (site, status, hold, id) WHERE parent = '' AND lot = ''"
    )
)


class Batch(Model):
    """view: rows of `item` written ahead of their statement; gone once they have their index.

    `k` stands negative in their `born`; `idx` is -1 until the statement landed.
    """

    k = BigIntegerField(primary_key=True)
    statement = TextField()
    n = BigIntegerField()
    idx = BigIntegerField()
    ms = BigIntegerField()

    class Meta:
        table_name = "batch"


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
    """view: how many packs of which lot are anywhere inside a container, and how many on hold."""

    container = TextField()
    gtin = TextField()
    lot = TextField()
    n = BigIntegerField()
    held = BigIntegerField()

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


class Origin(Model):
    """view: which lots were repacked into which."""

    gtin = TextField()
    lot = TextField()
    from_gtin = TextField()
    from_lot = TextField()

    class Meta:
        table_name = "origin"
        primary_key = CompositeKey("gtin", "lot", "from_gtin", "from_lot")
        indexes = ((("from_gtin", "from_lot"), False),)


class Input(Model):
    """view: which check-outs a repacking took up."""

    idx = BigIntegerField()
    check_out = BigIntegerField()

    class Meta:
        table_name = "input"
        primary_key = CompositeKey("idx", "check_out")
        indexes = ((("check_out",), False),)


class ShipmentRow(Model):
    """view: what a ship statement announced, as `rules.state.Shipment` has it.

    `open`: some of it is still in transit.
    """

    idx = BigIntegerField(primary_key=True)
    id = TextField()
    op = TextField()
    ms = BigIntegerField()
    party = TextField()
    site = TextField()
    to_party = TextField()
    to_site = TextField()
    owner = TextField()
    number = TextField()
    received = SmallIntegerField()
    open = SmallIntegerField()

    class Meta:
        table_name = "shipment"
        indexes = (
            (("number", "party"), False), (("to_site", "open", "idx"), False), (("site", "open", "idx"), False),
            (("id",), False),
        )  # fmt: skip


class Delivery(Model):
    """view: which events are about which shipment: receipts, and what else was said of it.

    `over` is how many items a receipt found too much.
    """

    idx = BigIntegerField(primary_key=True)
    shipment = BigIntegerField()
    over = BigIntegerField()

    class Meta:
        table_name = "delivery"
        indexes = ((("shipment",), False), (("over",), False))


class Loose(Model):
    """view: how many packs of which lot lie at a site in no container, as `loose.Place` has it."""

    site = TextField()
    gtin = TextField()
    lot = TextField()
    status = TextField()
    held = SmallIntegerField()
    n = BigIntegerField()

    class Meta:
        table_name = "loose"
        primary_key = CompositeKey("site", "gtin", "lot", "status", "held")


class Act(Model):
    """view: an event as others refer to it, as `rules.state.Ref` has it."""

    idx = BigIntegerField(primary_key=True)
    id = TextField()  # looked up by `entry`
    ms = BigIntegerField()
    op = TextField()
    by = TextField()
    site = TextField()
    observed = TextField()

    class Meta:
        table_name = "act"
        indexes = (
            (("site", "idx"), False), (("observed", "idx"), False), (("op", "site", "idx"), False),
        )  # fmt: skip


class SignatureRow(Model):
    """view: which events a key signed."""

    keyid = TextField()
    idx = BigIntegerField()

    class Meta:
        table_name = "signature"
        primary_key = CompositeKey("keyid", "idx")


class Answer(Model):
    """view: what a site answered to a recall; its newest answer counts."""

    recall = TextField()  # statement id
    site = TextField()
    idx = BigIntegerField()
    held = BigIntegerField()
    quarantined = BigIntegerField()
    returned = BigIntegerField()
    destroyed = BigIntegerField()
    none = BigIntegerField()

    class Meta:
        table_name = "answer"
        primary_key = CompositeKey("recall", "site")


class Mention(Model):
    """view: which statements name an item in a list; commissionings and repackings: `item.born`."""

    item = TextField()
    idx = BigIntegerField()

    class Meta:
        table_name = "mention"
        primary_key = CompositeKey("item", "idx")


class MovedRow(Model):
    """view: how many packs of which lot a statement moved, as `rules.moves.Moved` has it."""

    idx = BigIntegerField()
    side = SmallIntegerField()
    gtin = TextField()
    lot = TextField()
    site = TextField()
    about = BigIntegerField()
    scanned = BigIntegerField()
    inferred = BigIntegerField()

    class Meta:
        table_name = "moved"
        primary_key = CompositeKey("idx", "side", "gtin", "lot", "site", "about")
        indexes = ((("gtin", "lot", "idx"), False), (("site", "idx"), False))


LOG = (Meta, Entry, Tile, Checkpoint, Cosignature)
CONTENT = (EnvelopeRow, NamedRow, LeafRow, Kept)
VIEWS = (
    Batch, ItemRow, Membership, Content, LotRow, Origin, Input, ShipmentRow, Act, SignatureRow, Answer,
    Mention, Delivery, Loose, MovedRow,
)  # fmt: skip
VIEWS_VERSION = "12"  # raise it with any change of the views: they are dropped and folded anew
VIEWS_MADE = "views"  # in meta: the version of the views that the tables hold
