"""Documents: kept whole or not at all, read by those whom the goods concern, never other than signed."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.documents import MOST_BYTES, about_lot
from ledger.statement.governance import Document
from ledger.store.documents import PIECE
from tests.app.conftest import SignIn
from tests.world import Chain, Member

PDF = b"%PDF-1.7 certificate of analysis"


@pytest.fixture
def maker(chain: Chain, sign_in: SignIn) -> FlaskClient:
    chain.commission("L1", 3)
    return sign_in(chain.maker)


@pytest.fixture
def about(chain: Chain) -> str:
    return about_lot(chain.gtin, "L1")


def keep(client: FlaskClient, about: str, data: bytes = PDF, **changes: str) -> Any:
    query = {
        "about": about,
        "title": "Certificate of analysis",
        "type": "application/pdf",
        **changes,
    }
    digest = query.pop("digest", sha256(data).hexdigest())
    return client.put(f"/api/documents/{digest}", query_string=query, data=data)


def record(chain: Chain, about: str, who: Member, data: bytes = PDF, title: str = "CoA") -> str:
    body = chain.governance(
        Document, who.key, by=who.gln, about=about, media_type="application/pdf",
        sha256=sha256(data).hexdigest(), title=title,
    )  # fmt: skip
    return chain.log.submit(body).id


def link(client: FlaskClient, about: str, statement: str, data: bytes = PDF) -> Any:
    path = f"/api/documents/{sha256(data).hexdigest()}/statement"
    return client.post(path, json={"about": about, "statement": statement})


@pytest.fixture
def signed(chain: Chain, maker: FlaskClient, about: str) -> str:
    """The statement of a document that is kept and on the log."""
    assert keep(maker, about).status_code == 201
    statement = record(chain, about, chain.maker)
    assert link(maker, about, statement).status_code == 200
    return statement


def files(chain: Chain) -> list[Path]:
    folder = chain.folder / "documents"
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def test_a_file_is_kept_sealed_under_its_hash_and_handed_out_as_it_was(
    chain: Chain, maker: FlaskClient, about: str, signed: str
) -> None:
    [path] = files(chain)
    assert path.name == sha256(PDF).hexdigest()
    assert b"PDF" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    answer = maker.get(f"/api/documents/{signed}/file")
    assert answer.data == PDF
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert b64encode(sha256(PDF).digest()).decode() in answer.headers["Repr-Digest"]
    assert "certificate of analysis" not in chain.reader.entry(
        chain.reader.index_of(signed)
    ).decode("latin-1")  # the log holds a commitment alone


HOSTILE = [
    "../../x",
    "..\\..\\x",
    "/etc/passwd",
    'a"; filename="x.exe',
    "x\u202egpj.exe",
    "CON",
    ".",
]


@pytest.mark.parametrize("title", HOSTILE)
def test_no_title_is_ever_a_path(chain: Chain, maker: FlaskClient, about: str, title: str) -> None:
    answer = keep(maker, about, title=title, type="text/html")
    if answer.status_code == 400:  # what cannot be printed is no title
        assert files(chain) == []
        return
    [path] = files(chain)
    assert path.parent.parent == chain.folder / "documents"
    statement = record(chain, about, chain.maker, title=title)
    link(maker, about, statement)
    handed = maker.get(f"/api/documents/{statement}/file")
    name = handed.headers["Content-Disposition"].partition("filename=")[2].strip('"')
    assert set(name) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert handed.mimetype == "application/octet-stream"  # never as a page


@pytest.mark.parametrize("digest", ["../../x", "..%2f..%2fx", "A" * 64, "0" * 63, "0" * 65])
def test_no_hash_is_ever_a_path(maker: FlaskClient, chain: Chain, about: str, digest: str) -> None:
    assert keep(maker, about, digest=digest).status_code in (308, 400, 404, 405)
    assert files(chain) == []


def test_bytes_with_another_hash_leave_nothing(
    chain: Chain, maker: FlaskClient, about: str
) -> None:
    answer = keep(maker, about, digest="0" * 64)
    assert answer.status_code == 400
    assert "another SHA-256" in answer.get_json()["detail"]
    assert files(chain) == []
    assert maker.get("/api/documents", query_string={"about": about}).get_json()["documents"] == []


class Gigabyte:
    """A body of a gigabyte; it counts what was read of it."""

    def __init__(self) -> None:
        self.given, self.place = 0, 0

    def seek(self, offset: int, whence: int = 0) -> int:
        self.place = (1 << 30) + offset if whence else offset
        return self.place

    def tell(self) -> int:
        return self.place

    def close(self) -> None:
        pass

    def read(self, size: int = -1) -> bytes:
        self.given += max(size, 0)
        return b"x" * max(size, 0)


def test_a_file_of_a_gigabyte_is_refused_before_it_is_read(
    chain: Chain, maker: FlaskClient, about: str
) -> None:
    body = Gigabyte()
    answer = maker.put(
        f"/api/documents/{'0' * 64}", query_string={"about": about, "title": "T", "type": "a/b"},
        input_stream=body,
    )  # fmt: skip
    assert answer.status_code == 413
    assert answer.get_json()["code"] == "too-large"
    assert "25 MiB" in answer.get_json()["detail"]
    assert body.given <= 1 << 20
    assert files(chain) == []


def test_a_file_that_hides_its_length_is_cut_off(chain: Chain, app: Flask) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(4):
            yield b"x" * PIECE

    kept = app.extensions["packtrace"].desk.documents
    from ledger.store.documents import Document as Row
    from ledger.store.documents import TooLarge

    row = Row(chain.maker.gln, "0" * 64, "a", "b/c", "T", 0, 0)
    with pytest.raises(TooLarge):
        kept.keep(row, pieces(), 3 * PIECE)
    assert files(chain) == []


def test_the_largest_file_comes_back_whole(chain: Chain, maker: FlaskClient, about: str) -> None:
    data = bytes(range(256)) * (MOST_BYTES // 256)
    assert keep(maker, about, data).status_code == 201
    statement = record(chain, about, chain.maker, data)
    link(maker, about, statement, data)
    assert maker.get(f"/api/documents/{statement}/file").data == data


def test_an_altered_file_is_not_handed_out(
    chain: Chain, maker: FlaskClient, about: str, signed: str
) -> None:
    [path] = files(chain)
    whole = path.read_bytes()
    for altered in (whole[:-1] + bytes([whole[-1] ^ 1]), whole[:10], b""):
        path.write_bytes(altered)
        assert maker.get(f"/api/documents/{signed}/file").status_code == 410
    path.unlink()
    assert maker.get(f"/api/documents/{signed}/file").status_code == 410
    assert keep(maker, about).status_code == 201  # its party can bring it again
    assert maker.get(f"/api/documents/{signed}/file").data == PDF


def readable(client: FlaskClient, about: str, statement: str, through: str = "") -> bool:
    """Whether somebody reads a document, which list, proof and file must agree on."""
    listed = client.get("/api/documents", query_string={"about": about, "through": through})
    if listed.status_code == 401:
        assert client.get(f"/api/documents/{statement}/file").status_code == 401
        return False
    found = bool(listed.get_json()["documents"])
    for path in (f"/api/documents/{statement}", f"/api/documents/{statement}/file"):
        answer = client.get(path, query_string={"through": through})
        assert answer.status_code == (200 if found else 404)
    return found


def test_who_received_packs_of_the_lot_reads_its_documents_and_nobody_else(
    chain: Chain, client: FlaskClient, sign_in: SignIn, about: str, signed: str
) -> None:
    packs = chain.pack_ids("L1", 3)
    assert not readable(client, about, signed)
    wholesaler, pharmacy = sign_in(chain.wholesaler), sign_in(chain.pharmacy)
    other = sign_in(chain.pharmacy2)
    assert readable(sign_in(chain.authority), about, signed)
    assert not readable(wholesaler, about, signed)
    sent = chain.ship(chain.maker, packs[:2], chain.wholesaler)
    assert not readable(wholesaler, about, signed, sent.id)  # announced is not received
    chain.receive(chain.wholesaler, sent, packs[:2])
    assert readable(wholesaler, about, signed)
    onward = chain.ship(chain.wholesaler, packs[:2], chain.pharmacy)
    chain.receive(chain.pharmacy, onward, packs[:2])
    assert not readable(wholesaler, about, signed)  # it holds none any more …
    assert readable(wholesaler, about, signed, sent.id)  # … but this delivery brought some
    assert readable(pharmacy, about, signed)
    chain.supply(chain.pharmacy, packs[:2])
    assert readable(pharmacy, about, signed, onward.id)
    assert not readable(pharmacy, about, signed, sent.id)  # that was another's delivery
    assert not readable(other, about, signed)
    assert not readable(other, about, signed, onward.id)


def test_a_shipment_s_documents_are_its_two_sides(
    chain: Chain, maker: FlaskClient, sign_in: SignIn
) -> None:
    packs = chain.pack_ids("L1", 1)
    sent = chain.ship(chain.maker, packs, chain.wholesaler)
    assert keep(maker, sent.id, b"note").status_code == 201
    statement = record(chain, sent.id, chain.maker, b"note")
    assert link(maker, sent.id, statement, b"note").status_code == 200
    assert readable(sign_in(chain.wholesaler), sent.id, statement)
    assert not readable(sign_in(chain.pharmacy), sent.id, statement)
    assert "CoA" not in sign_in(chain.wholesaler).get("/documents").text
    page = sign_in(chain.wholesaler).get(f"/documents?shipment={sent.id}")
    assert "Certificate of analysis" in page.text
    assert sign_in(chain.pharmacy).get(f"/documents?shipment={sent.id}").status_code == 404


def test_until_it_is_on_the_log_a_document_is_its_party_s_alone(
    chain: Chain, maker: FlaskClient, sign_in: SignIn, about: str
) -> None:
    chain.hand_over(chain.maker, chain.pack_ids("L1", 1), chain.wholesaler)
    keep(maker, about)
    wholesaler = sign_in(chain.wholesaler)
    query = {"about": about}
    assert wholesaler.get("/api/documents", query_string=query).get_json()["documents"] == []
    assert "not on the log yet" in maker.get(f"/lots/{chain.gtin}/L1").text
    path = f"/api/documents/{sha256(PDF).hexdigest()}"
    assert wholesaler.delete(path, query_string=query).status_code == 404
    assert maker.delete(path, query_string=query).status_code == 200
    assert files(chain) == []


def test_what_is_on_the_log_cannot_be_taken_back(
    maker: FlaskClient, about: str, signed: str
) -> None:
    path = f"/api/documents/{sha256(PDF).hexdigest()}"
    assert maker.delete(path, query_string={"about": about}).status_code == 404
    keep(maker, about, title="Another title")
    [one] = maker.get("/api/documents", query_string={"about": about}).get_json()["documents"]
    assert (one["title"], one["statement"]) == ("Certificate of analysis", signed)


def test_only_its_own_statement_vouches_for_a_file(
    chain: Chain, maker: FlaskClient, sign_in: SignIn, about: str
) -> None:
    keep(maker, about)
    other = record(chain, about, chain.maker, b"another file")
    foreign = record(chain, about, chain.wholesaler)
    elsewhere = record(chain, about_lot(chain.gtin, "L2"), chain.maker)
    for statement in (other, elsewhere):
        assert link(maker, about, statement).status_code == 422
    for statement in (
        foreign,  # of another party: as if there were none
        "0" * 64,
        "x",
        chain.ship(chain.maker, chain.pack_ids("L1", 1), chain.pharmacy).id,
    ):
        assert link(maker, about, statement).status_code == 404
    assert link(maker, about, record(chain, about, chain.maker, b"y"), b"y").status_code == 404
    path = f"/api/documents/{sha256(PDF).hexdigest()}/statement"
    for body in (b"", b"[]", b'{"about": 1, "statement": "x"}', b"\xff"):
        assert maker.post(path, data=body).status_code == 400


def test_a_party_keeps_documents_about_its_own_lots_and_shipments_alone(
    chain: Chain, client: FlaskClient, maker: FlaskClient, sign_in: SignIn, about: str
) -> None:
    assert keep(client, about).status_code == 401
    assert keep(sign_in(chain.wholesaler), about).status_code == 404
    sent = chain.ship(chain.maker, chain.pack_ids("L1", 1), chain.pharmacy)
    assert keep(sign_in(chain.pharmacy), sent.id).status_code == 201
    assert keep(sign_in(chain.pharmacy2), sent.id).status_code == 404
    for wrong in ("", "x", about + "/", about.replace("L1", "%4c1"), about_lot(chain.gtin, "L9")):
        assert keep(maker, wrong).status_code in (400, 404)
    for title in ("", " a", "a" * 201, "a\nb"):
        assert keep(maker, about, title=title).status_code == 400


def test_no_party_fills_the_disk_of_all(
    maker: FlaskClient, about: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.documents.MOST_KEPT", MOST_BYTES + 10)
    assert keep(maker, about).status_code == 201
    refused = keep(maker, about, b"another")
    assert refused.status_code == 413
    assert "no more fit" in refused.get_json()["detail"]


def test_many_documents_of_one_thing_come_to_an_end(
    maker: FlaskClient, about: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.documents.MOST", 2)
    assert [keep(maker, about, bytes([n])).status_code for n in range(3)] == [201, 201, 409]
    assert keep(maker, about, bytes([1])).status_code == 201  # one of them again
