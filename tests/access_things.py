"""The things that routes name, by kind: the one that stands to a role in a relation, and one that is none."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from app.documents import about_lot
from app.session import read_token
from ledger.statement import gs1
from ledger.statement.submission import Statement
from tests.access_world import (
    ADMINISTRATOR,
    AUTHORITY,
    OWN,
    PARTNERS,
    SHARED,
    STRANGERS,
    Delivery,
    Scene,
    Thing,
    key_name,
)
from tests.world import Member, seed

Maker = Callable[[Scene, str, str], Thing | None]
COOKIE: Final = "packtrace_session"
NOWHERE: Final = "9" * 18


def pack(scene: Scene, role: str, whose: str) -> Thing | None:
    """A pack that lies loose."""
    made = scene.delivery(role, whose)
    return None if made is None else pack_of(made, 1)


def pack_of(made: Delivery, number: int) -> Thing:
    """One pack of a delivery."""
    serial = gs1.parse_item_id(made.packs[number]).serial
    fields = {"gtin": made.gtin, "lot": made.lot, "serial": serial, "id": made.packs[number],
              "about": about_lot(made.gtin, made.lot)}  # fmt: skip
    return Thing(fields, (made.lot,), made.hands)


def no_pack(scene: Scene) -> Thing:
    gtin, lot = scene.goods["far"].gtin, "LOT999X"
    fields = {"gtin": gtin, "lot": lot, "serial": f"{lot}S1", "id": gs1.sgtin(gtin, f"{lot}S1"),
              "about": about_lot(gtin, lot)}  # fmt: skip
    return Thing(fields)


def container(scene: Scene, role: str, whose: str) -> Thing | None:
    """A container with a pack in it; the shared one is on its way, or has gone to the partner."""
    made = scene.delivery(role, whose)
    if made is None:
        return None
    return Thing({"sscc": gs1.parse_item_id(made.unit).sscc, "id": made.unit}, (made.lot,))


def _no_container(scene: Scene) -> Thing:
    digits = f"0{scene.far.prefix}{987654321}"
    sscc = digits + gs1.check_digit(digits)
    return Thing({"sscc": sscc, "id": gs1.sscc(sscc)})


def shipment(scene: Scene, role: str, whose: str) -> Thing | None:
    """A shipment; that between a role and its partner is shared."""
    if whose == OWN:
        return None
    made = scene.delivery(role, whose)
    if role == "manufacturer" and whose == SHARED:
        made = scene.goods["mw"]
    if made is None:
        return None
    ship, number = made.ships[-1], made.numbers[-1]
    return _shipment(ship.id, number, made.unit, (number,))


def under_way(scene: Scene, role: str, whose: str) -> Thing | None:
    """A shipment that has not arrived."""
    chosen = {
        ("pharmacy", SHARED): "coming", ("pharmacy", PARTNERS): "going",
        ("manufacturer", SHARED): "going", ("manufacturer", PARTNERS): "coming",
    }  # fmt: skip
    name = "far going" if whose == STRANGERS else chosen.get((role, whose))
    if role not in ("pharmacy", "manufacturer", AUTHORITY) and whose == SHARED:
        name = "coming"
    return None if name is None else Thing({}, (scene.goods[name].numbers[-1],))


def shipment_by_number(scene: Scene, role: str, whose: str) -> Thing | None:
    """The same, asked for by its tracking number."""
    found = shipment(scene, role, whose)
    if found is None:
        return None
    return Thing({**found.fields, "name": found["number"]}, (found["statement"],))


def _shipment(statement: str, number: str, unit: str = "", marks: tuple[str, ...] = ()) -> Thing:
    fields = {"statement": statement, "shipment": statement, "name": statement, "number": number,
              "container": unit}  # fmt: skip
    return Thing(fields, marks)


def _no_shipment(_scene: Scene) -> Thing:
    return _shipment(
        secrets.token_hex(32),
        "N999TONOBODY",
        gs1.sscc(NOWHERE[:17] + gs1.check_digit(NOWHERE[:17])),
    )


def _own_goods(scene: Scene, who: Member) -> Delivery:
    names = {"pharmacy": "mwp", "wholesaler": "mw", "depot": "md", "maker": "m"}
    return scene.goods[names.get(who.name, "far")]


def statement(scene: Scene, role: str, whose: str) -> Thing | None:
    """What a site said of a pack; the shared one is a shipment's."""
    if whose == SHARED:
        shared = shipment(scene, role, whose)
        return None if shared is None else _statement(scene, shared["statement"])
    who = scene.owner(role, whose)
    if who is None:
        return None
    key = ("statement", who.name)
    if key not in scene.memo:
        receipt = scene.chain.act(
            "inspect", who, [_own_goods(scene, who).packs[2]], reason="on-hold"
        )
        scene.memo[key] = _statement(scene, receipt.id)
    return scene.memo[key]


def _statement(scene: Scene, found: str) -> Thing:
    reader = scene.chain.reader
    index = reader.index_of(found)
    body = Statement.parse(reader.logged(index).envelope).body
    return Thing({"statement_id": found, "number": index}, (body.nonce,))


def _no_statement(scene: Scene) -> Thing:
    return Thing({"statement_id": secrets.token_hex(32), "number": 9_999_999})


def bag(scene: Scene, role: str, whose: str) -> Thing | None:
    """A bag that waits for collection, filled anew once its packs were taken back."""
    who = scene.owner(role, whose)
    if who is None or (role == AUTHORITY and whose == OWN):
        return None
    key = ("bag", who.name)
    known = scene.memo.get(key)
    if known is None or not any(
        one.state == "waiting" for one in scene.desk.bags.bag(who.site, known["number"])
    ):
        items = [_own_goods(scene, who).packs[2]]
        answer = scene.at(who).post("/api/bags", json={"items": items})
        assert answer.status_code == 201, answer.text
        number = answer.get_json()["number"]
        scene.memo[key] = Thing({"number": number}, (number,))
        scene.secrets[number] = who
    return scene.memo[key]


def count(scene: Scene, role: str, whose: str) -> Thing | None:
    """A stock-taking in progress at a site, with a lot counted by number."""
    who = scene.owner(role, whose)
    if who is None:
        return None
    answer = scene.at(who).post("/inspections", data={"site": who.site})
    number = answer.location.rpartition("/")[2]
    made = _own_goods(scene, who)
    of_lot = {"gtin": made.gtin, "lot": made.lot, "n": "3"}
    assert scene.at(who).post(f"/inspections/{number}/number", data=of_lot).status_code == 303
    assert scene.at(who).post(f"/inspections/{number}/scan", data={"text": made.packs[1]})
    scene.secrets[number] = who
    fields = {"number": number, "item": made.packs[1], "gtin": made.gtin, "lot": made.lot}
    return Thing(fields, (number,))


def closed_count(scene: Scene, role: str, whose: str) -> Thing | None:
    """One that is closed, and the statement by which its site signs it."""
    found, who = count(scene, role, whose), scene.owner(role, whose)
    if found is None or who is None:
        return None
    path = f"/inspections/{found['number']}"
    assert scene.at(who).post(f"{path}/close", data={}).status_code == 303
    data = scene.at(who).get(f"{path}/report.json").data
    about = f"https://id.gs1.org/414/{who.site}"
    said = scene.document_statement(who, about, data, "Stock-taking")
    return Thing({**found.fields, "statement": said}, found.marks)


def _no_count(scene: Scene) -> Thing:
    made = scene.goods["far"]
    fields = {"number": "INS-2222222222", "item": made.packs[1], "gtin": made.gtin,
              "lot": made.lot, "statement": secrets.token_hex(32)}  # fmt: skip
    return Thing(fields)


def act(scene: Scene, role: str, whose: str) -> Thing | None:
    """An act that waits for a second signature."""
    who = scene.owner(role, whose)
    if who is None:
        return None
    thing = unsigned_act(scene, role, whose)
    assert thing is not None
    answer = scene.at(who).post("/api/waiting", data=thing["body"])
    assert answer.status_code == 201, answer.text
    scene.secrets[thing["statement"]] = who
    return thing


def unsigned_act(scene: Scene, role: str, whose: str) -> Thing | None:
    """An act at a site, signed by its station, that waits nowhere yet."""
    who = scene.owner(role, whose)
    if who is None:
        return None
    made = scene.chain.event("destroyed", who, [_own_goods(scene, who).packs[2]])
    return Thing({"statement": made.statement.id, "body": bytes(made)}, (made.statement.id,))


def _no_act(_scene: Scene) -> Thing:
    return Thing({"statement": secrets.token_hex(32)})


def signature(scene: Scene, role: str, whose: str) -> Thing | None:
    """A statement in a site's name, signed by the role's own key."""
    who, key = scene.owner(role, whose), scene.key_of(role)
    if who is None:
        return None
    by = key[0] if key else seed("nobody")
    items = [_own_goods(scene, who).packs[2]]
    made = scene.chain.event("inspect", who, items, reason="on-hold", keys=[by])
    return Thing({"body": bytes(made)})


def invitation(scene: Scene, role: str, whose: str) -> Thing | None:
    """An invitation that nobody has answered."""
    who = scene.owner(role, whose)
    if who is None:
        return None
    administers = scene.wholesaler if who is scene.depot else who
    admin = seed("authority 1") if who is scene.chain.authority else administers.admin
    client = scene.sign_in(admin, who)
    told = client.post("/api/invitations", json={"site": who.site, "use": "station"}).get_json()
    token = told["path"].removeprefix("/join/")
    scene.secrets[told["id"]] = scene.secrets[token] = who
    return Thing({"invitation": told["id"], "token": token}, (told["id"],))


def _no_invitation(_scene: Scene) -> Thing:
    return Thing({"invitation": secrets.token_hex(32), "token": secrets.token_urlsafe(32)})


def session(scene: Scene, role: str, whose: str) -> Thing | None:
    """Another session of the role's own key, or one of another's."""
    who = scene.owner(role, whose)
    if who is None:
        return None
    admin = role == ADMINISTRATOR and whose == OWN
    cookie = scene.sign_in(who.admin if admin else who.key, who).get_cookie(COOKIE)
    assert cookie is not None
    found = scene.desk.session_id(read_token(cookie.value))
    if not admin:
        scene.secrets[found] = who
    return Thing({"session": found}, (found,))


def _no_session(_scene: Scene) -> Thing:
    return Thing({"session": secrets.token_hex(32)})


def person(scene: Scene, role: str, whose: str) -> Thing | None:
    """A name among a site's people, and the key that is known by it."""
    who = scene.owner(role, whose)
    if who is None:
        return None
    name = f"Zoe of {who.name}."
    scene.desk.people.name(who.site, "7", name)
    scene.secrets[name] = who
    return Thing({}, (key_name(who)[:16],))


def site(scene: Scene, role: str, whose: str) -> Thing | None:
    """A site, and the party that it is of."""
    who = scene.owner(role, whose)
    return None if who is None else Thing({"site": who.site, "party": who.gln})


def _no_site(_scene: Scene) -> Thing:
    return Thing({"site": "9521199000004", "party": "9521199000004"})


def document(scene: Scene, role: str, whose: str) -> Thing | None:
    """A document of a lot, on the log."""
    made = scene.delivery(role, whose)
    if made is None:
        return None
    about = about_lot(made.gtin, made.lot)
    [found] = [one for one in scene.desk.documents.of(about) if one.statement]
    fields = {"statement": found.statement, "about": about, "digest": found.sha256}
    return Thing(fields, (found.title,))


def _no_document(scene: Scene) -> Thing:
    about = about_lot(scene.goods["far"].gtin, "LOT999X")
    return Thing({"statement": secrets.token_hex(32), "about": about, "digest": "0" * 64})


def draft(scene: Scene, role: str, whose: str) -> Thing | None:
    """A file that a site keeps and has not put on the log here, though its statement is there."""
    who = scene.owner(role, whose)
    if who is None:
        return None
    made = _own_goods(scene, who)
    about = made.ships[-1].id if made.ships else about_lot(made.gtin, made.lot)
    title = f"draft {scene.fresh()}Z"
    data = scene.file(title)
    digest = scene.keep(who, about, data, title)
    said = scene.document_statement(who, about, data, title)
    scene.of_parties[title] = who
    return Thing({"digest": digest, "about": about, "statement": said}, (title,))


def _no_draft(scene: Scene) -> Thing:
    about = scene.goods["far"].ships[-1].id
    digest = sha256(scene.fresh().encode()).hexdigest()
    return Thing({"digest": digest, "about": about, "statement": secrets.token_hex(32)})


def link(scene: Scene, role: str, whose: str) -> Thing | None:
    """A link that signs one browser in, asked for by a command line."""
    if whose != OWN:
        return None
    who, key = scene.wholesaler, scene.wholesaler.key
    token = scene.link(key, who)
    return Thing({"token": token})


KINDS: Final[dict[str, Maker]] = {
    "pack": pack, "container": container, "shipment": shipment, "shipment under way": under_way,
    "shipment's number": shipment_by_number, "statement": statement, "bag": bag,
    "act that waits": act, "act to wait": unsigned_act, "statement in its name": signature,
    "invitation": invitation, "invitation's link": invitation, "session": session, "person": person,
    "site": site, "party": site, "document": document, "file not on the log": draft,
    "sign-in link": link, "stock-taking": count, "stock-taking's report": closed_count,
}  # fmt: skip
UNKNOWN: Final[dict[str, Callable[[Scene], Thing]]] = {
    "pack": no_pack, "container": _no_container, "shipment": _no_shipment,
    "shipment's number": lambda _scene: _shipment("N999TONOBODY", "N999TONOBODY"),
    "statement": _no_statement, "bag": lambda _scene: Thing({"number": "BAG-22222222"}),
    "act that waits": _no_act, "invitation": _no_invitation, "invitation's link": _no_invitation,
    "session": _no_session, "site": _no_site, "document": _no_document,
    "file not on the log": _no_draft, "stock-taking": _no_count,
    "stock-taking's report": _no_count,
}  # fmt: skip
