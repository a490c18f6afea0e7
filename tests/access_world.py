"""The world of the access matrix: whose thing is what, seen from each role.

Two chains of goods. maker, wholesaler and pharmacy trade with each other; the wholesaler has a second
site (depot) and a second supplier (rival). far and pharmacy2 trade with nobody else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.config import Settings
from app.documents import about_lot
from app.node import KEY, Node
from ledger.build import sign_governance
from ledger.statement import gs1
from ledger.statement.dsse import key_id
from ledger.statement.governance import Document, KeyAdd, Product, Sites
from ledger.statement.parts import Site, Storage
from ledger.store.batch import Receipt
from ledger.store.fingerprints import Fingerprints
from ledger.tlog.ed25519 import public_of
from tests.app.conftest import give_keys, login_body
from tests.nodes import close
from tests.world import LICENCE, ORIGIN, Chain, Member, gln, gtin, key_text, member, seed

STRANGER, AUTHORITY, ADMINISTRATOR = "nobody signed in", "authority", "administrator"
ROLES: Final = (
    STRANGER, "pharmacy", "wholesaler", "manufacturer", AUTHORITY, ADMINISTRATOR
)  # fmt: skip
OWN, OTHER_SITE, SHARED, PARTNERS, STRANGERS = (
    "own", "another site's", "shared", "a partner's", "a stranger's"
)  # fmt: skip
WHOSE: Final = (OWN, OTHER_SITE, SHARED, PARTNERS, STRANGERS)


@dataclass(frozen=True)
class Thing:
    """Something that a route names: its `fields` by name; `marks` tell that it was shown whole.

    `hands` are the sites that it went through; `who` is whose it is.
    """

    fields: dict[str, Any]
    marks: tuple[str, ...] = ()
    hands: tuple[Member, ...] = ()
    who: Member | None = None

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]


@dataclass
class Delivery:
    """Packs of a lot of their own, one of them in a container, and how they went from hand to hand."""

    gtin: str
    lot: str
    packs: list[str]
    unit: str
    hands: tuple[Member, ...]
    ships: list[Receipt] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)


class Scene:
    """The world, its app, and what is asked about, made when it is first asked for."""

    def __init__(self, app: Flask, chain: Chain) -> None:
        self.app, self.chain = app, chain
        self.desk = self.node.desk
        self.maker, self.wholesaler = chain.maker, chain.wholesaler
        self.pharmacy, self.pharmacy2 = chain.pharmacy, chain.pharmacy2
        self.rival, self.far = (
            member("rival", "manufacturer", 15),
            member("far", "manufacturer", 16),
        )
        trader = chain.wholesaler
        self.depot = Member(
            "depot", "wholesaler", trader.gln, gln(f"{trader.prefix}00020"), trader.prefix
        )
        self._gtins = {self.maker.gln: chain.gtin}
        self._found()
        self._clients: dict[str, FlaskClient] = {}
        self.memo: dict[tuple[str, str], Thing] = {}
        self.secrets: dict[str, Member] = {}  # what is of one site alone, and whose it is
        self.of_parties: dict[str, Member] = {}  # what is of one party alone
        self._units, self._fresh = 100, 0
        maker, pharmacy, depot = self.maker, self.pharmacy, self.depot
        self.goods = {
            "m": self.deliver(maker),
            "mw": self.deliver(maker, trader),
            "md": self.deliver(maker, depot),
            "mp": self.deliver(maker, pharmacy),
            "mwp": self.deliver(maker, trader, pharmacy),
            "coming": self.deliver(maker, trader, pharmacy, received=False),
            "rw": self.deliver(self.rival, trader),
            "going": self.deliver(maker, trader, received=False),
            "far": self.deliver(self.far, self.pharmacy2),
            "far going": self.deliver(self.far, self.pharmacy2, received=False),
        }
        for made in self.goods.values():
            self._document(made)

    @property
    def node(self) -> Node:
        """What the app works with."""
        found = self.app.extensions[KEY]
        assert isinstance(found, Node)
        return found

    def _found(self) -> None:
        chain, depot = self.chain, self.depot
        for who in (self.rival, self.far):
            self._gtins[who.gln] = gtin(f"0{who.prefix}00001")
            product = chain.governance(
                Product, who.admin, by=who.gln, form="tablet", gtin=self._gtins[who.gln],
                holder=who.gln, markets=["BE"], name=f"{who.name}in", pack_size="30", packers=[],
                storage=Storage(max=25, min=2), strength="10 mg", wholesalers=[],
            )  # fmt: skip
            for one in (chain.admit(who), chain.sites(who), chain.key_add(who), product):
                chain.log.submit(one)
        site = Site(
            activities=["storage"], address="Street 2", gln=depot.site, licence=LICENCE, name="Depot"
        )  # fmt: skip
        chain.log.submit(chain.governance(Sites, party=depot.gln, sites=[site]))
        chain.log.submit(chain.key_add(self.wholesaler, "depot station", sites=[depot.site]))

    def deliver(self, *hands: Member, received: bool = True) -> Delivery:
        """A lot of the first's making, handed on to the others."""
        chain, maker = self.chain, hands[0]
        self._units += 1
        lot = f"LOT{self._units}X"
        packs = [gs1.sgtin(self._gtins[maker.gln], f"{lot}S{n}") for n in range(3)]
        made = Delivery(
            self._gtins[maker.gln], lot, packs, chain.unit(maker, self._units), hands
        )  # fmt: skip
        chain.log.submit(chain.event("commission", maker, packs, lot=lot, expiry=date(2028, 1, 31)))
        chain.pack(maker, packs[:1], made.unit)
        goods = [made.unit, *packs[1:]]
        for sender, to in pairwise(hands):
            number = f"N{self._units}TO{to.name.upper()}"
            made.numbers.append(number)
            made.ships.append(chain.log.submit(chain.ship_event(sender, goods, to, number=number)))
            if received or to is not hands[-1]:
                chain.receive(to, made.ships[-1], goods)
        return made

    def _document(self, made: Delivery) -> None:
        """Its maker keeps a document of the lot, and puts it on the log."""
        who, about = made.hands[0], about_lot(made.gtin, made.lot)
        self.keep(who, about, self.file(f"CoA {made.lot}"), title=f"CoA {made.lot}")
        self._record(who, about, self.file(f"CoA {made.lot}"), f"CoA {made.lot}")

    # People

    def key_of(self, role: str) -> tuple[bytes, Member] | None:
        """The seed that a role signs by, and where; None for who signs in by none."""
        if role == STRANGER:
            return None
        if role == ADMINISTRATOR:
            return self.wholesaler.admin, self.wholesaler
        who = self.member_of(role)
        return who.key, who

    def member_of(self, role: str) -> Member:
        """Who has a role; whoever is not signed in asks for what is the wholesaler's."""
        return {
            "pharmacy": self.pharmacy, "manufacturer": self.maker, AUTHORITY: self.chain.authority
        }.get(role, self.wholesaler)  # fmt: skip

    def sign_in(self, key: bytes, who: Member) -> FlaskClient:
        """A browser that is signed in anew."""
        client = self.app.test_client()
        body = login_body(client, self.chain, key, who.gln)[:-1] + b',"site":"%s"}'
        answer = client.post("/api/session", data=body % who.site.encode())
        assert answer.status_code == 200, answer.text
        return client

    def link(self, key: bytes, who: Member) -> str:
        """The token of a link that signs one browser in."""
        client = self.app.test_client()
        body = login_body(client, self.chain, key, who.gln)
        answer = client.post("/api/session/link", data=body)
        return str(answer.get_json()["path"]).removeprefix("/login/")

    def client(self, role: str, *, fresh: bool = False) -> FlaskClient:
        """The browser of a role."""
        found = self.key_of(role)
        if found is None:
            return self.app.test_client()
        if fresh:
            return self.sign_in(*found)
        if role not in self._clients:
            self._clients[role] = self.sign_in(*found)
        return self._clients[role]

    def at(self, who: Member) -> FlaskClient:
        """The browser of a member's station."""
        name = f"at {who.name}"
        if name not in self._clients:
            self._clients[name] = self.sign_in(who.key, who)
        return self._clients[name]

    def fresh(self) -> str:
        """A text that was not there before."""
        self._fresh += 1
        return f"fresh{self._fresh}"

    # Whose

    def delivery(self, role: str, whose: str) -> Delivery | None:
        """The goods that stand to a role in a relation."""
        chosen = {
            "pharmacy": {OWN: "mwp", SHARED: "coming", PARTNERS: "rw"},
            "manufacturer": {OWN: "m", SHARED: "mwp", PARTNERS: "rw"},
            AUTHORITY: {},
        }.get(role, {OWN: "mw", OTHER_SITE: "md", SHARED: "mwp", PARTNERS: "mp"})
        name = "far" if whose == STRANGERS else chosen.get(whose)
        return self.goods[name] if name else None

    def owner(self, role: str, whose: str) -> Member | None:
        """Whose a thing is that belongs to one site alone."""
        if whose == STRANGERS:
            return self.pharmacy2
        partner = {
            "pharmacy": self.wholesaler, "manufacturer": self.wholesaler, AUTHORITY: None
        }.get(role, self.pharmacy)  # fmt: skip
        own = self.member_of(role)
        depot = self.depot if own is self.wholesaler else None
        return {OWN: own, PARTNERS: partner, OTHER_SITE: depot}.get(whose)

    # Files and keys

    @staticmethod
    def file(name: str) -> bytes:
        """A file's bytes."""
        return f"file {name}".encode()

    def keep(self, who: Member, about: str, data: bytes, title: str) -> str:
        """A site keeps a file; its digest."""
        digest = sha256(data).hexdigest()
        query = {"about": about, "title": title, "type": "text/plain"}
        answer = self.at(who).put(f"/api/documents/{digest}", query_string=query, data=data)
        assert answer.status_code == 201, answer.text
        return digest

    def _record(self, who: Member, about: str, data: bytes, title: str) -> str:
        statement = self.document_statement(who, about, data, title)
        answer = self.at(who).post(
            f"/api/documents/{sha256(data).hexdigest()}/statement",
            json={"about": about, "statement": statement},
        )
        assert answer.status_code == 200, answer.text
        return statement

    def document_statement(self, who: Member, about: str, data: bytes, title: str) -> str:
        """The statement that puts a document on the log; its id."""
        made = self.chain.governance(
            Document, who.key, by=who.gln, about=about, media_type="text/plain",
            sha256=sha256(data).hexdigest(), title=title,
        )  # fmt: skip
        return self.chain.log.submit(made).id

    def key_add_of(self, token: str) -> bytes:
        """The answer to an invitation, signed by a new key."""
        terms = self.app.test_client().get(f"/api/join/{token}").get_json()
        name = self.fresh()
        if "by" not in terms:  # there is no such invitation
            terms = {"by": self.pharmacy2.gln, "sites": [self.pharmacy2.site], "use": "station",
                     "operations": ["ship"], "staff": None, "log": ORIGIN,
                     "from": "2026-01-01T00:00:00Z", "expires": "2028-01-01T00:00:00Z"}  # fmt: skip
        add = KeyAdd(
            by=terms["by"], expires=terms["expires"], from_=terms["from"], key=key_text(name),
            log=terms["log"], nonce=self.chain.fresh(16).hex(), operations=terms["operations"],
            sites=terms["sites"], staff=terms["staff"], time="2026-10-01T08:00:00Z", use=terms["use"],
        )  # fmt: skip
        return bytes(sign_governance(add, [seed(name)]))


def key_name(who: Member) -> str:
    """The id of a member's station key."""
    return key_id(public_of(who.key))


@contextmanager
def scene() -> Iterator[Scene]:
    """The world in a folder of its own."""
    with TemporaryDirectory() as folder:
        chain = Chain(Path(folder))
        give_keys(chain)
        kept = Fingerprints.make(chain.folder / "fingerprints", b"", plain=True)
        settings = Settings(
            log=chain.folder, secure=False, per_minute=0, stranger_per_minute=0,
            clock=lambda: chain.now,
        )  # fmt: skip
        app = create_app(settings)
        try:
            yield Scene(app, chain)
        finally:
            close(app)
            kept.close()
            chain.store.close()
