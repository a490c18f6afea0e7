"""How somebody comes by a key: invited, made in their own browser, approved by an administrator.

The invitation says what the key is for; the invited browser makes the key and signs the key-add
with it; the administrator's browser adds the signature that counts. The server gives no power: it
keeps what is half signed, and lets nothing through that differs from the invitation.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from hashlib import sha256
from typing import Any, Final

from flask_babel import gettext as _

from ledger.errors import Malformed, Refused
from ledger.rules.authority import Authority, KeyRecord
from ledger.statement import dsse
from ledger.statement.dsse import Envelope
from ledger.statement.events import parse_date
from ledger.statement.governance import KeyAdd
from ledger.statement.parts import PASSKEY, time_ms, time_text
from ledger.statement.submission import Statement, Submission
from ledger.statement.webauthn import check_rp_id
from ledger.store.people import INVITATION_MS, Invitation

ADMIN: Final = "admin"
INVITED: Final = ("person", "station", "gateway", ADMIN)  # what somebody can be invited to sign as
YEARS_MS: Final = 2 * 365 * 24 * 3_600_000  # how long a key lasts unless a day is named
MAX_STAFF: Final = 40  # characters of a staff number
MAX_NAME: Final = 80


def invitation_of(
    told: dict[str, Any], token: bytes, authority: Authority, party: str, now: int
) -> Invitation:
    """What an administrator's form asks for. Raises Malformed, Refused."""
    site = text_of(told, "site", 13)
    record = authority.site(site)
    if record is None or record.party != party:
        words = _("%(site)s is no site of your party", site=site) if site else _("name a site")
        raise Refused("wrong-site", words)
    use = text_of(told, "use", 20)
    if use not in INVITED:
        raise Malformed(f"a key is made for a {', '.join(INVITED)}, not {use[:40]!r}")
    staff = text_of(told, "staff", MAX_STAFF)
    if use == "person" and not staff:
        raise Malformed(_("give the person's staff number; a name is never on the log"))
    operations = told.get("operations") or operations_of(authority, party)
    if use == ADMIN:
        operations = []  # it signs no acts; the site is where its owner signs in
    named = isinstance(operations, list) and all(isinstance(op, str) for op in operations)
    if not named or not all(op.isprintable() for op in operations):
        raise Malformed("operations is a list of names of operations")
    allowed = set(operations_of(authority, party))
    if not set(operations) <= allowed:
        wrong = ", ".join(sorted(set(operations) - allowed))
        raise Refused("not-listed-op", _("no role of your party includes %(acts)s", acts=wrong))
    starts = _day(told, "starts") or time_text(now - 60_000)
    ends = _day(told, "ends", over=True) or time_text(now + YEARS_MS)
    if time_ms(starts) >= time_ms(ends):
        raise Malformed(_("the key would end before it begins"))
    return Invitation(
        sha256(token).hexdigest(), now + INVITATION_MS, party, site, use,
        " ".join(sorted(set(operations))), staff, starts, ends,
    )  # fmt: skip


def renewal_of(key: KeyRecord, site: str, token: bytes, now: int, rp_id: str = "") -> Invitation:
    """An invitation to make another key for what a key may sign already, or a passkey beside it.

    Raises Malformed where `rp_id` is no host name.
    """
    if rp_id:
        check_rp_id(rp_id)
    return Invitation(
        sha256(token).hexdigest(), now + INVITATION_MS, key.party, site,
        PASSKEY if rp_id else key.use, " ".join(sorted(key.operations)), key.staff,
        time_text(now - 60_000), time_text(now + YEARS_MS), rp_id,
    )  # fmt: skip


def operations_of(authority: Authority, party: str) -> list[str]:
    """All that the roles of a party may do, by the policy in force."""
    record = authority.party(party)
    roles = record.roles if record else frozenset()
    return sorted({op for role in roles for op in authority.policy.roles.get(role, ())})


def sites_of(invitation: Invitation) -> list[str]:
    """The sites that the key is bound to: an administrator's to none, it answers for all."""
    return [] if invitation.use == ADMIN else [invitation.site]


def check_answer(invitation: Invitation, authority: Authority, data: bytes) -> tuple[str, bytes]:
    """The key-add that an invited browser signed: the key's id, and the envelope's bytes.

    Raises Malformed, Refused, BadSignature where it is not exactly what was invited to, or not
    signed by the key itself.
    """
    statement = Submission.parse(data).statement
    body = statement.body
    if not isinstance(body, KeyAdd):
        raise Refused("wrong-type", _("an invitation is answered by a key-add"))
    asked = (
        invitation.party, authority.origin, sites_of(invitation), invitation.use,
        invitation.operations.split(), invitation.staff or None, invitation.starts, invitation.ends,
        invitation.rp_id or None,
    )  # fmt: skip
    said = (
        body.by, body.log, body.sites, body.use, body.operations, body.staff, body.from_,
        body.expires, body.rp_id,
    )  # fmt: skip
    if said != asked:
        raise Refused("not-entitled", _("the key-add is not for what the invitation says"))
    keyid = dsse.key_id(body.raw)
    if keyid in authority.keys:
        raise Refused("key-reused", _("this key is on the log already; make a new one"))
    envelope = statement.envelope
    if [line.keyid for line in envelope.signatures] != [keyid]:
        raise Refused("not-entitled", _("the key itself signs its request, and nobody else"))
    envelope.verify(lambda one: body.public if one == keyid else None)
    return keyid, bytes(envelope)


def request_json(invitation: Invitation) -> dict[str, Any]:
    """A request that waits for an administrator, for the page's script."""
    envelope = Envelope.parse(invitation.envelope)
    assert isinstance(Statement.of(envelope).body, KeyAdd)  # it was checked when it was kept
    return {
        "id": invitation.id,
        "keyid": invitation.keyid,
        "site": invitation.site,
        "use": invitation.use,
        "staff": invitation.staff,
        "envelope": invitation.envelope.decode(),
    }


def text_of(told: dict[str, Any], name: str, most: int) -> str:
    """A text of a request, without blanks at its ends; "" for none.

    Nothing unprintable: a mark that turns the line around lets one name look like another, and half
    a character is nothing that the desk can keep. Raises Malformed.
    """
    text = told.get(name, "")
    if not isinstance(text, str) or len(text) > most or not (text == "" or text.isprintable()):
        raise Malformed(
            _("%(name)s is at most %(most)s printable characters", name=name, most=most)
        )
    return text.strip()


def _day(told: dict[str, Any], name: str, *, over: bool = False) -> str:
    """When a day from a form begins here, or is `over`, as the log writes times; "" for none.

    The day is the node's, as that of expiry dates. Raises Malformed.
    """
    text = text_of(told, name, 10)
    if not text:
        return ""
    day = parse_date(text, name)
    try:
        midnight = datetime.combine(day + timedelta(days=over), time()).astimezone()
        return time_text(int(midnight.timestamp() * 1000))
    except (OverflowError, ValueError):
        raise Malformed(_("this day is out of reach: %(day)s", day=text)) from None
