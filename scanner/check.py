"""A label and a proof bundle to a verdict, every proof verified here (custody.md 5).

The bundle is a file, or fetched from a log's web address; neither is trusted beyond its proofs and
the trust file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any, Final
from urllib.parse import quote

import httpx

from ledger.bundle import MAX_BUNDLE, Bundle
from ledger.errors import BadProof, BadSignature, LedgerError, Malformed
from ledger.proof import verify
from ledger.remote import ProvenList, apply
from ledger.rules.verdict import Verdict, also, judge, other_log, verdict
from ledger.statement import dsse
from ledger.statement.gs1 import Label, parse_scan
from ledger.statement.login import CLI, Login, build_login
from ledger.statement.parts import is_practice, time_text
from ledger.statement.status import parse_status
from ledger.tlog.policy import Policy
from scanner.history import Said, ask
from scanner.settle import DISAGREE
from scanner.symbols import Symbol

TIMEOUT: Final = 10.0  # seconds for one whole answer
_MAX_ANSWER: Final = 1 << 16  # bytes of what a log-in is answered with
# What a server answers a stranger: to a label that is not whole, and to one that fits no pack.
_REFUSED: Final = {403: "label-incomplete", 404: "not-confirmed"}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the symbols of a picture say together.

    `text` is the reading of the symbol that says most; `contradiction` tells, in words, where two
    symbols of the pack disagree: a finding about the pack, "" when there is none.
    """

    label: Label
    text: str
    contradiction: str = ""


def read_label(symbols: Sequence[Symbol], year: int) -> Reading:
    """The label of the one pack that the symbols of a picture name.

    A QR code and a Data Matrix beside it are taken for one pack's: where they disagree, that is a
    finding, and so is a symbol of the same product without a serial that claims another lot or expiry.
    Raises Malformed when there is no label, or when symbols of one kind name several packs.
    """
    if not symbols:
        raise Malformed("no code in the picture")
    read: list[tuple[Symbol, Label]] = []
    beside: list[Label] = []
    refused = ""
    for symbol in symbols:
        try:
            label = parse_scan(symbol.scan, year=year)
        except Malformed as error:
            refused = str(error)
            continue
        if label.id:
            read.append((symbol, label))
        else:
            beside.append(label)
            refused = refused or "the code names no single pack"
    if not read:
        raise Malformed(refused)
    for one, other in combinations(read, 2):
        if one[0].format == other[0].format and one[1].id != other[1].id:
            raise Malformed("the picture shows the codes of more than one pack; show one")
    # A practice log's mark on either symbol is never passed over.
    symbol, label = max(read, key=lambda found: (found[1].practice, len(found[1].elements)))
    # A code of another product's is a shelf's or a case's, not this pack's.
    same = [other for other in beside if other.gtin and other.gtin == label.gtin]
    return Reading(label, symbol.scan, _contradiction([*(found for _, found in read), *same]))


def _contradiction(labels: Sequence[Label]) -> str:
    """Where labels of one pack disagree: each claim that two of them make differently, in words."""
    wrong = []
    for name, values in (
        ("GTIN", {label.gtin for label in labels}),
        ("serial", {label.serial for label in labels}),
        ("SSCC", {label.sscc for label in labels}),
        ("lot", {label.lot for label in labels}),
        ("expiry", {str(label.expiry) if label.expiry else "" for label in labels}),
    ):
        said = sorted(values - {""})
        if len(said) > 1:
            wrong.append(f"{name} {' and '.join(said)}")
    return ", ".join(wrong)


def judged(told: Verdict, reading: Reading) -> Verdict:
    """A verdict with what the symbols themselves give away added to its reasons."""
    if not reading.contradiction:
        return told
    return also(told, DISAGREE, reading.contradiction)


def of_other_log(label: Label, trust: Policy) -> dict[str, str]:
    """Why no log of a trust file judges a label, by their names alone; see `other_log`."""
    kinds = {is_practice(log.name) for log in trust.logs}
    return {} if label.practice in kinds else other_log(label, practice=not label.practice)


def by_bundle(
    label: Label,
    data: bytes,
    trust: Policy,
    now: datetime,
    purpose: str,
    listed: ProvenList | None = None,
    site: str | None = None,
    shown: Callable[[Said], object] | None = None,
) -> Verdict:
    """The verdict on a label by a proof bundle's bytes, and by a status list where there is one.

    `now` is aware, in the site's time zone. `site` is where the pack is (GLN), None where nobody
    said: a proof for another site is then not told apart. `shown` is given each checkpoint
    that a proof holds under, for whoever keeps the log's history.
    """
    try:
        bundle = Bundle.parse(data)
        if bundle.status is None:
            return verdict({"no-status": ""}, purpose)
        proven = verify(bundle, trust)
        if shown is not None:
            shown(Said.by(bundle, proven.status.time_ms, int(now.timestamp() * 1000)))
        state = proven.states.get(label.id)
        if state is not None and listed is not None:
            state = apply(state, proven, listed)
    except (BadProof, BadSignature) as error:
        return verdict({"bad-proof": str(error)}, purpose)
    except LedgerError as error:
        return verdict({"unusable-proof": str(error)}, purpose)
    if state is None:
        return verdict({"not-in-proof": ""}, purpose)
    if site is not None and state.site != site:
        return verdict({**dict.fromkeys(state.marks, ""), "other-site-status": ""}, purpose, state)
    return judge(state, label, now, purpose, witnessed=proven.witnessed)


class Shelf:
    """Bundles in a folder, by the packs that they are about; the newest of each counts.

    With `site` (GLN), those for another site are passed over.

    What a file claims is only looked at to find it: it is verified when it is used.
    """

    def __init__(self, files: Iterable[bytes], site: str | None = None) -> None:
        self._newest: dict[str, tuple[int, bytes]] = {}
        for data in files:
            try:
                bundle = Bundle.parse(data)
                status = parse_status(bundle.status.payload) if bundle.status else None
            except LedgerError:
                continue
            if status is None or site not in (None, status.for_):
                continue
            for item in status.items:
                if status.size >= self._newest.get(item.id, (0, b""))[0]:
                    self._newest[item.id] = (status.size, data)

    def __len__(self) -> int:
        return len(self._newest)

    def bundle(self, item: str) -> bytes | None:
        """The newest bundle about a pack."""
        found = self._newest.get(item)
        return found[1] if found else None


class Online:
    """A log's web address, asked as a stranger or, after `sign_in`, as a site."""

    def __init__(self, url: str, client: httpx.Client | None = None) -> None:
        self._url = url.rstrip("/")
        self._client = client or httpx.Client(timeout=TIMEOUT, follow_redirects=False)

    def sign_in(self, party: str, seed: bytes, now_ms: int) -> None:
        """Sign the server's challenge. Raises Malformed when the server does not take it."""
        try:
            challenge = json.loads(self.ask("GET", "session/nonce", _MAX_ANSWER)[1])
            login = Login(
                by=party,
                log=challenge["log"],
                nonce=challenge["nonce"],
                origin=CLI,
                time=time_text(now_ms),
            )
            envelope = dsse.sign(dsse.LOGIN, build_login(login), [seed])
            body = b'{"envelope":' + bytes(envelope) + b"}"
            headers = {"Content-Type": "application/json"}
            status, content = self.ask(
                "POST", "session", _MAX_ANSWER, content=body, headers=headers
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Malformed(f"{self._url} could not be signed in to: {error}") from error
        if status != httpx.codes.OK:
            raise Malformed(f"{self._url} refused the log-in: {_problem(status, content)}")

    def patient(self, seconds: float) -> Online:
        """The same, in the same session, with another bound to what a whole answer may take."""
        cookies = self._client.cookies
        client = httpx.Client(timeout=seconds, cookies=cookies, follow_redirects=False)
        return Online(self._url, client)

    def ask(self, method: str, path: str, most: int, **parts: Any) -> tuple[int, bytes]:
        """The answer to a request below /api/; as `history.ask`."""
        return ask(self._client, method, f"{self._url}/api/{path}", most, **parts)

    def verdict(
        self, label: Label, trust: Policy, now: datetime, purpose: str, site: str | None = None,
        shown: Callable[[Said], object] | None = None,
    ) -> Verdict:  # fmt: skip
        """Fetch the label's bundle and judge by it; what the server says beyond it counts nothing."""
        if not label.id or not label.gtin:
            return verdict({"not-our-label": "no GTIN and serial"}, purpose)
        serial = quote(label.serial, safe="")
        values = {"lot": label.lot, "expiry": label.value("17")}
        try:
            status, data = self.ask(
                "GET", f"packs/{label.gtin}/{serial}/bundle", MAX_BUNDLE,
                params={name: value for name, value in values.items() if value},
            )  # fmt: skip
        except OSError as error:
            return verdict({"log-down": str(error)}, purpose)
        except Malformed:
            return verdict({"unusable-proof": "it is larger than allowed"}, purpose)
        if status != httpx.codes.OK:
            code = _REFUSED.get(status, "log-down")
            return verdict({code: f"HTTP {status}"}, purpose)
        return by_bundle(label, data, trust, now, purpose, site=site, shown=shown)


def _problem(status: int, content: bytes) -> str:
    try:
        return str(json.loads(content)["detail"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {status}"
