"""The status list: what an offline place learns from it, and what makes it worth nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.errors import BadProof, BadSignature, LedgerError, Malformed
from ledger.proof import verify
from ledger.remote import apply, verify_list
from ledger.statement import dsse
from ledger.statement.parts import time_text
from ledger.statement.statuslist import build_status_list, parse_status_list
from scanner.__main__ import main
from tests.world import Chain, seed


def marks_of(chain: Chain, item: str, data: bytes) -> set[str]:
    """The marks that an old proof and a list show together."""
    proven = verify(chain.answers.bundle([item], chain.pharmacy.site), chain.trust)
    state = replace(proven.states[item], marks=())
    return set(apply(state, proven, verify_list(data, chain.trust, chain.now)).marks)


def at_the_pharmacy(chain: Chain, lot: str, count: int = 1) -> list[str]:
    """Packs of a lot in the pharmacy's stock."""
    packs = chain.commission(lot, count)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    return packs


def test_an_old_proof_and_a_fresh_list_show_what_was_recalled_since(chain: Chain) -> None:
    good, held, back, some = (at_the_pharmacy(chain, lot)[0] for lot in ("L1", "L2", "L3", "L4"))
    hold = chain.log.submit(chain.hold(chain.scope(lots=["L2"])))
    chain.log.submit(chain.hold(chain.scope(lots=["L1"])))
    chain.log.submit(chain.lift(chain.log.submit(chain.hold(chain.scope(lots=["L1"])))))
    lifted = chain.reader.authority()
    first = next(m for m in lifted.marks.values() if m.lots == {"L1"} and m.ended < 0)
    chain.log.submit(
        chain.governance(
            type(chain.lift(hold).statement.body),
            chain.maker.key,
            by=chain.maker.gln,
            hold_id=first.id,
            reason="cleared",
        )
    )
    chain.log.submit(chain.recall_of(chain.scope(lots=["L3"])))
    chain.log.submit(chain.listed(chain.recall_of, [some]))
    data = chain.answers.status_list().to_gzip()
    assert marks_of(chain, good, data) == set()
    assert marks_of(chain, held, data) == {"on-hold"}
    assert marks_of(chain, back, data) == {"recalled"}
    assert marks_of(chain, some, data) == {"partly-listed"}
    chain.log.submit(chain.recall_of(kind="withdrawal"))
    assert "withdrawn" in marks_of(chain, good, chain.answers.status_list().to_gzip())


def test_a_list_reaches_what_was_repacked_suspended_sites_and_stolen_keys(chain: Chain) -> None:
    old = chain.commission("L1", 1)
    out = chain.act("check_out", chain.maker, old)
    made = chain.pack_ids("N1", 1)
    expiry = chain.reader.lot(chain.gtin, "L1")
    assert expiry is not None
    chain.act("repack", chain.maker, made, inputs=(out.id,), lot="N1", expiry=expiry.expiry)
    chain.hand_over(chain.maker, made, chain.pharmacy)
    assert marks_of(chain, made[0], chain.answers.status_list().to_gzip()) == set()
    chain.log.submit(chain.recall_of(chain.scope(lots=["L1"])))
    chain.log.submit(chain.suspend(chain.pharmacy.site))
    chain.log.submit(chain.revoke(chain.pharmacy, since=time_text(chain.now - 3_600_000)))
    found = marks_of(chain, made[0], chain.answers.status_list().to_gzip())
    assert found == {"recalled", "suspended", "key-suspect"}


def test_a_list_of_ten_thousand_lots_is_under_a_mebibyte(chain: Chain) -> None:
    for start in range(0, 10_000, 1_000):
        lots = sorted(f"LOT{start + n:05d}" for n in range(1_000))
        chain.log.submit(chain.hold(chain.scope(lots=lots)))
    bundle = chain.answers.status_list()
    assert len(bundle.to_json()) < 1 << 20
    assert len(verify_list(bundle.to_gzip(), chain.trust, chain.now).listed.held) == 10


def resigned(chain: Chain, key: str = "status", **changes: object) -> bytes:
    """The list with changes, signed by a key."""
    bundle = chain.answers.status_list()
    assert bundle.status is not None
    listed = replace_fields(bundle.status.payload, **changes)
    return replace(bundle, status=dsse.sign(dsse.STATUS_LIST, listed, [seed(key)])).to_gzip()


def replace_fields(payload: bytes, **changes: object) -> bytes:
    import msgspec

    return build_status_list(msgspec.structs.replace(parse_status_list(payload), **changes))


def test_a_list_that_was_altered_is_expired_or_of_another_log_is_not_used(
    chain: Chain, tmp_path: Path
) -> None:
    data = chain.answers.status_list().to_gzip()
    assert verify_list(data, chain.trust, chain.now)
    with pytest.raises(Malformed, match="of use until"):
        verify_list(data, chain.trust, chain.now + 25 * 3_600_000)
    for forged, error in (
        (resigned(chain, "maker station"), BadSignature),
        (resigned(chain, root="ab" * 32), BadProof),
        (resigned(chain, log="log.example/other"), BadProof),
        (data[:-5], Malformed),
        (b"", Malformed),
    ):
        with pytest.raises(error):
            verify_list(forged, chain.trust, chain.now)
    raw = bytearray(chain.answers.status_list().to_json())
    for place in range(0, len(raw), 61):
        changed = bytes([*raw[:place], raw[place] ^ 1, *raw[place + 1 :]])
        with pytest.raises(LedgerError):
            verify_list(changed, chain.trust, chain.now)
    other = Chain(tmp_path / "other", seeded="x")
    with pytest.raises(LedgerError):
        verify_list(data, replace(chain.trust, logs=()), chain.now)
    bundle = chain.answers.bundle(other.pack_ids("L1", 1), "")
    with pytest.raises(Malformed, match="not a status list"):
        verify_list(bundle.to_gzip(), chain.trust, chain.now)
    other.store.close()


def test_the_scanner_says_as_of_when_and_what_it_cannot_show(
    chain: Chain,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chain.now = int(datetime.now(UTC).timestamp() * 1000)
    packs = at_the_pharmacy(chain, "L1", 2)
    shelf = tmp_path / "proofs"
    shelf.mkdir()
    for number, pack in enumerate(packs):
        bundle = chain.answers.bundle([pack], chain.pharmacy.site)
        (shelf / f"{number}.packtrace.json").write_bytes(bundle.to_gzip())
    (shelf / "notes.packtrace.json").write_text("no bundle")
    trust = chain.folder / "trust.txt"
    from ledger.store.publish import trust_file

    trust.write_bytes(trust_file(chain.store))
    listed = tmp_path / "list.packtrace.json"
    listed.write_bytes(chain.answers.status_list().to_gzip())
    words = [packs[0], "--bundle", str(shelf), "--status", str(listed), "--trust", str(trust)]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert f"Checked offline for site {chain.pharmacy.site}: the proof is as of" in told
    assert "It cannot show: what happened to the pack after" in told
    chain.log.submit(chain.recall_of(chain.scope(lots=["L1"])))
    listed.write_bytes(chain.answers.status_list().to_gzip())
    assert main([*words, "--json"]) == 1
    told = capsys.readouterr().out
    assert '"recalled"' in told
    assert '"not_shown"' in told
    unknown = [chain.pack_ids("L7", 1)[0], *words[1:]]
    assert main(unknown) == 2
    empty = tmp_path / "empty"
    empty.mkdir()
    assert main([packs[0], "--bundle", str(empty), "--trust", str(trust)]) == 2
    listed.write_bytes(b"not a list")
    assert main(words) == 2
    assert "list.packtrace.json" in capsys.readouterr().err
