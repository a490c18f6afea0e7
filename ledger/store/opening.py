"""Opens a log: finds its database and its content key, and brings its tables up to date.

Log and content are migrated (`migrations/`, in order, each once); the views are dropped and folded
anew when the program keeps them in another form.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import peewee
from playhouse.migrations import Runner

from ledger.errors import Malformed
from ledger.statement.items import Item
from ledger.statement.submission import Statement, Submission, fit_items
from ledger.store import content, views
from ledger.store.database import (
    DATABASE,
    FAILURES,
    URL_FILE,
    Store,
    meta,
    postgres,
    set_meta,
    sqlite,
)
from ledger.store.models import VIEWS, VIEWS_MADE, VIEWS_VERSION

CONTENT_KEY: Final = Path("keys") / "content-key"
_MIGRATIONS: Final = Path(__file__).parent / "migrations"


def holds_log(folder: Path) -> bool:
    """Whether a folder holds a log, or the address of one."""
    return (folder / DATABASE).is_file() or (folder / URL_FILE).is_file()


def open_store(folder: str | Path, *, create: bool = False, url: str = "") -> Store:
    """Open the log in a folder; with `create`, make it where there is none.

    `url` is the `postgresql://` address for a new log's tables; without, they are an SQLite file in
    the folder. Raises Malformed when the folder holds no log or one that this program cannot read.
    """
    place = Path(folder)
    if create:
        place.mkdir(parents=True, exist_ok=True)
        if url:
            _keep(place / URL_FILE, f"{url}\n")
    elif not holds_log(place):
        raise Malformed(f"{place} holds no log; make one with `packtrace init` or `make demo-data`")
    connect = _connector(place)
    store = Store(place, connect(per_thread=True), connect(per_thread=False), b"")
    try:
        if not create and not store.database.table_exists("meta"):
            raise Malformed(f"{_named(place)} holds no log")
        store.key = _content_key(place, sealed=store.database.table_exists("named"))
        _update(store)
    except Malformed:
        store.close()
        raise
    except FAILURES as error:
        store.close()
        raise Malformed(f"{_named(place)} cannot be read as a log: {error}") from error
    return store


def open_as_is(folder: Path) -> Store:
    """The log in a folder as it lies there: not brought up to date, what is sealed stays sealed.

    Raises Malformed when there is none.
    """
    if not holds_log(folder):
        raise Malformed(f"{folder} holds no log")
    connect = _connector(folder)
    store = Store(folder, connect(per_thread=True), connect(per_thread=False), b"")
    try:
        if store.database.table_exists("meta"):
            return store
    except FAILURES as error:
        store.close()
        raise Malformed(f"{_named(folder)} cannot be read as a log: {error}") from error
    store.close()
    raise Malformed(f"{_named(folder)} holds no log")


def behind(store: Store) -> list[str]:
    """What a log lacks and gets by being opened: the names of migrations, "views" folded anew."""
    lacking = [migration.name for migration in _runner(store).status() if not migration.applied]
    return lacking if _views_fit(store) else [*lacking, "views"]


def _connector(place: Path) -> Callable[..., peewee.Database]:
    if (place / URL_FILE).is_file():
        return partial(postgres, (place / URL_FILE).read_text("utf-8").strip())
    return partial(sqlite, place / DATABASE)


def _named(place: Path) -> str:
    """The database in words; an address may hold a password and is not shown."""
    found = place / URL_FILE
    return f"the database that {found} names" if found.is_file() else str(place / DATABASE)


def _content_key(place: Path, *, sealed: bool) -> bytes:
    path = place / CONTENT_KEY
    if not path.exists():
        if sealed:
            raise Malformed(f"{path} is missing: without it, what statements name cannot be read")
        _keep(path, secrets.token_hex(32) + "\n")
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        raise Malformed(f"{path} is no content key: {error}") from error
    if len(key) != 32:
        raise Malformed(f"{path} is no content key: it has {len(key)} bytes, not 32")
    return key


def _keep(path: Path, text: str) -> None:
    """Write a secret file, never over another one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _update(store: Store) -> None:
    fresh = not store.database.table_exists("meta")
    done = all(migration.applied for migration in _runner(store).status())
    if not fresh and done and _views_fit(store):
        return
    with store.writing():
        _runner(store).up()
        _seal_items(store)
    if not _views_fit(store):
        # One transaction: nobody may fold on over tables that are being made.
        with store.writing():
            if _views_fit(store):
                return  # another process made them meanwhile
            _make_views(store)
            if not fresh:
                views.rebuild(store)
            set_meta(store, VIEWS_MADE, VIEWS_VERSION)


def _runner(store: Store) -> Runner:
    return Runner(store.database, str(_MIGRATIONS))


def _views_fit(store: Store) -> bool:
    return meta(store, VIEWS_MADE) == VIEWS_VERSION


def _make_views(store: Store) -> None:
    for model in VIEWS:
        store.execute(f"DROP TABLE IF EXISTS {model._meta.table_name}")
        # On SQLite, one tree instead of two where rows are looked up by a composite key alone.
        composite = isinstance(model._meta.primary_key, peewee.CompositeKey)
        model._meta.without_rowid = composite and not store.on_postgres
    with store.database.bind_ctx(VIEWS, bind_refs=False, bind_backrefs=False):
        store.database.create_tables(VIEWS)


def _seal_items(store: Store) -> None:
    """Move what the first schema kept open in the table items to sealed rows."""
    if not store.database.table_exists("items"):
        return
    sql = (
        "SELECT items.idx, envelope.data, items.secret, items.data FROM items "
        "JOIN envelope ON envelope.idx = items.idx ORDER BY items.idx"
    )
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(list[tuple[str, str]])
    for index, envelope, secret, data in store.rows(sql):
        found = tuple(Item(item, bytes.fromhex(extra)) for item, extra in decoder.decode(data))
        submission = Submission(Statement.parse(bytes(envelope)), found, secret=bytes(secret))
        trees = fit_items(submission)
        content.put(store, [content.rows_of(store.key, submission, trees, index)])
    store.execute("DROP TABLE items")
