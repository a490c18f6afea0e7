"""Where the log is: a folder on this machine, or a web address; and how answers are printed.

What is submitted is built by `operations` and `governing`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import click
import httpx
import msgspec

from ledger.errors import CODES, BadSignature, LedgerError, Malformed, Refused
from ledger.pulled import Pulled
from ledger.statement import dsse, keyfile
from ledger.statement.login import CLI, Login, build_login
from ledger.statement.parts import time_text
from ledger.statement.submission import Submission
from ledger.store import publish, recall_closing
from ledger.store.answers import Answers, receipt_json
from ledger.store.append import Log
from ledger.store.database import Store, meta
from ledger.store.opening import open_store
from ledger.store.queries import Reader
from ledger.store.recall_board import Boards
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.note import Note, SigningKey
from ledger.tlog.tiles import Tile

DEFAULT_LOG: Final = "var/demo"
TIMEOUT: Final = 30.0  # seconds for one answer


def now_ms() -> int:
    """This machine's clock, ms since the epoch."""
    return time.time_ns() // 1_000_000


class Folder:
    """A log in a folder: written to by its own keys, which lie in `keys/`."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.store: Store = open_store(place)
        self.reader = Reader(self.store)
        self.origin = meta(self.store, "origin")
        self._log: Log | None = None

    def log(self) -> Log:
        """The writer; asks, once, for a passphrase where the log's keys are sealed."""
        if self._log is None:
            key = SigningKey(self.origin, load_key(self.place / "keys" / "log.key"))
            self._log = Log(self.store, key, self.status_seed(), now_ms)
        return self._log

    def status_seed(self) -> bytes:
        """The seed of the status key."""
        return load_key(self.place / "keys" / "status.key")

    def submit(self, submission: Submission) -> dict[str, Any]:
        """Log a statement in this process."""
        log = self.log()
        boards, authority = Boards(self.store), self.reader.authority()
        recall_closing.check(self.store, boards, authority, submission.statement, now_ms())
        return receipt_json(log, log.submit(submission))

    def policy(self) -> dict[str, Any]:
        """The policy in force, and the id of the statement that set it."""
        authority = self.reader.authority()
        return {"id": authority.policy_id, "policy": msgspec.to_builtins(authority.policy)}

    def fetch(self, path: str) -> bytes:
        """A file of the public log. Raises LookupError."""
        if path == publish.CHECKPOINT:
            return publish.read_checkpoint(self.store)
        return publish.read_tile(self.store, Tile.parse(path))

    def pull(self, key_path: Path, since: int) -> Iterator[Pulled]:
        """The statements that concern a key's party, from an index on."""
        party = keyfile.describe(key_path.read_bytes()).party
        return self.reader.addressed_to(party, since)

    def status_list(self, valid_s: int | None) -> bytes:
        """The status list by the operator's own status key."""
        answers = Answers(self.reader, self.status_seed(), now_ms)
        return answers.status_list(valid_s).to_gzip()

    def bundle(self, items: list[str], site: str, label: dict[str, str]) -> bytes:
        """A bundle by the operator's own status key."""
        del label  # who can open the folder needs to show no label
        try:
            return Answers(self.reader, self.status_seed(), now_ms).bundle(items, site).to_gzip()
        except LookupError as error:
            raise Malformed(str(error)) from error


class Web:
    """A log's web address."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.client = httpx.Client(timeout=TIMEOUT)
        note = Note.parse(self._ask("GET", "/log/checkpoint").content)
        self.origin = Checkpoint.parse(note.text).origin

    def submit(self, submission: Submission) -> dict[str, Any]:
        """Log a statement over HTTP."""
        headers = {"Content-Type": "application/json"}
        answer = self._ask("POST", "/api/statements", content=bytes(submission), headers=headers)
        return _object(answer)

    def policy(self) -> dict[str, Any]:
        """The policy in force, and the id of the statement that set it."""
        return self.get("/api/policy")

    def fetch(self, path: str) -> bytes:
        """A file of the public log."""
        return self._ask("GET", f"/log/{path}").content

    def pull(self, key_path: Path, since: int) -> Iterator[Pulled]:
        """The statements that concern the signed-in party, from an index on."""
        del key_path  # the session says whose
        with self.client.stream("GET", f"{self.url}/api/pull", params={"since": since}) as answer:
            if not answer.is_success:
                raise Malformed(f"{self.url}/api/pull: HTTP {answer.status_code}")
            for line in answer.iter_lines():
                yield Pulled.parse(line.encode())

    def status_list(self, valid_s: int | None) -> bytes:
        """The status list that the server signs."""
        if valid_s is not None:
            raise Malformed("over HTTP, the server says for how long a list may be used")
        return self._ask("GET", "/api/status-list").content

    def bundle(self, items: list[str], site: str, label: dict[str, str]) -> bytes:
        """A bundle as the signed-in site, or as a stranger who holds the whole label."""
        del site  # the session says whose it is
        if len(items) != 1:
            raise Malformed("over HTTP, ask for one pack at a time")
        path = items[0].removeprefix("https://id.gs1.org/01/").replace("/21/", "/")
        answer = self._ask("GET", f"/api/packs/{path}/bundle", params=label)
        return answer.content

    def sealed(self, gtin: str, lot: str) -> bytes:
        """The sealed fingerprints of a lot in the signed-in site's stock."""
        lot_of = {"gtin": gtin, "lot": lot}
        return self._ask("POST", "/api/fingerprint/sealed", json=lot_of).content

    def sign_in(self, key_path: Path, *, link: bool) -> dict[str, Any]:
        """Sign the server's challenge: for a session here, or for a one-time link."""
        about = keyfile.describe(key_path.read_bytes())
        challenge = _object(self._ask("GET", "/api/session/nonce"))
        login = Login(
            by=about.party,
            log=str(challenge["log"]),
            nonce=str(challenge["nonce"]),
            origin=CLI,
            time=time_text(now_ms()),
        )
        envelope = dsse.sign(dsse.LOGIN, build_login(login), [load_key(key_path)])
        path = "/api/session/link" if link else "/api/session"
        body = b'{"envelope":' + bytes(envelope) + b"}"
        headers = {"Content-Type": "application/json"}
        return _object(self._ask("POST", path, content=body, headers=headers))

    def get(self, path: str) -> dict[str, Any]:
        """A JSON object."""
        return _object(self._ask("GET", path))

    def _ask(self, method: str, path: str, **extra: Any) -> httpx.Response:
        answer = self.client.request(method, self.url + path, **extra)
        if answer.is_success:
            return answer
        problem = _problem(answer)
        code = str(problem.get("code", ""))
        words = str(problem.get("detail") or problem.get("title") or f"HTTP {answer.status_code}")
        if code == "bad-signature":
            raise BadSignature(words)
        if code in CODES:
            evidence = problem.get("evidence")
            raise Refused(code, words, evidence if isinstance(evidence, dict) else None)
        raise Malformed(f"{self.url}{path}: {words}")


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _object(answer: httpx.Response) -> dict[str, Any]:
    found = _problem(answer)
    if not found:
        raise Malformed(f"{answer.request.url} did not answer with a JSON object")
    return found


def open_target(where: str) -> Folder | Web:
    """The log at a folder or web address. Raises Malformed, httpx.HTTPError."""
    if where.startswith(("http://", "https://")):
        return Web(where)
    return Folder(Path(where))


def open_folder(where: str) -> Folder:
    """The log in a folder. Raises Malformed for a web address."""
    found = open_target(where)
    if isinstance(found, Web):
        raise Malformed("this command works on the log's own folder, not over HTTP")
    return found


def load_key(path: Path) -> bytes:
    """The seed of a key file; asks for the passphrase where it is sealed.

    $PACKTRACE_PASSPHRASE answers without a prompt. Raises Malformed, BadSignature.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Malformed(f"key file {path} cannot be read: {error.strerror}") from error
    try:
        if not keyfile.describe(data).encrypted:
            return keyfile.unseal(data)
        return keyfile.unseal(data, passphrase(f"Passphrase of {path}"))
    except LedgerError as error:
        raise type(error)(f"{path}: {error}") from error


def passphrase(prompt: str, *, confirm: bool = False) -> bytes:
    """A passphrase from $PACKTRACE_PASSPHRASE, or typed unseen."""
    given = os.environ.get("PACKTRACE_PASSPHRASE")
    if given is None:
        given = click.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True)
    return given.encode()


def echo(as_json: bool, told: dict[str, Any], words: str) -> None:
    """Print an answer: one JSON object, or words."""
    click.echo(json.dumps(told, ensure_ascii=False) if as_json else words)


log_option: Callable[[Any], Any] = click.option(
    "--log",
    "where",
    envvar="PACKTRACE_LOG",
    default=DEFAULT_LOG,
    show_default=True,
    metavar="URL|PATH",
    help="The log: its web address or its folder.",
)
json_option: Callable[[Any], Any] = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object."
)
key_option: Callable[[Any], Any] = click.option(
    "--key",
    "key_paths",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    help="Key file to sign with; repeat it for more signatures.",
)
