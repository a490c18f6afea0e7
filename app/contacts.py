"""How a site is reached: who keeps it, what a good address is, and who may read it.

A party's administrator keeps the contacts of its sites; its people read them, and so does the
authority. A contact is a role and its addresses, never a person, and never on the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext as _

from app.language import LANGUAGES
from app.node import node
from app.webhooks import check_webhook
from ledger.errors import Malformed
from ledger.rules.authority import SiteRecord
from ledger.statement.parts import check_words
from ledger.store.contacts import Contact
from ledger.store.desk import Person
from ledger.store.notices import EMAIL, WEBHOOK

MAX_ROLE: Final = 80
MOST: Final = 500  # sites of one page
FIELDS: Final = ("role", "email", "phone", "webhook", "language")


class Listed(NamedTuple):
    """A site and how it is reached."""

    site: SiteRecord
    party: str  # its name
    contact: Contact


def own(who: Person, *, all_sites: bool) -> list[Listed]:
    """The sites of a party, or the session's alone, by GLN."""
    sites = node().reader.authority().sites(who.party)
    return _listed([one for one in sites if all_sites or one.gln == who.site])


def everybody(text: str = "") -> list[Listed]:
    """All sites, by their party's name and their own; with a text, those that have it in a name or GLN."""
    found = _listed(node().reader.authority().sites())
    wanted = text.casefold()
    found = [
        one
        for one in found
        if wanted in f"{one.party} {one.site.name} {one.site.gln} {one.site.party}".casefold()
    ]
    return sorted(found, key=lambda one: (one.party.casefold(), one.site.name.casefold()))


def of_sites(glns: list[str]) -> list[Listed]:
    """Some sites that are on record, in the order in which they are named."""
    authority = node().reader.authority()
    return _listed([site for gln in glns if (site := authority.site(gln))])


def _listed(sites: list[SiteRecord]) -> list[Listed]:
    authority = node().reader.authority()
    contacts = node().desk.contacts.among(site.gln for site in sites)
    found = []
    for site in sites:
        party = authority.party(site.party)
        found.append(Listed(site, party.name if party else site.party, contacts[site.gln]))
    return found


def read(site: str, told: Mapping[str, str]) -> tuple[Contact, dict[str, str]]:
    """A contact as a form says it, and what is wrong with which field, in words."""
    values = {name: " ".join(told.get(name, "").split()) for name in FIELDS}
    wrong = {}
    for name, check in _CHECKS.items():
        try:
            values[name] = check(values[name]) if values[name] else ""
        except Malformed as error:
            wrong[name] = str(error)
    if values["language"] not in LANGUAGES:
        wrong["language"] = _("This language is not one of ours.")
    return Contact(site, **values, ms=node().clock()), wrong


def keep(contact: Contact) -> None:
    """Keep a contact; what did not reach the site by an older address is tried by the new one."""
    desk = node().desk
    before = desk.contacts.of(contact.site)
    desk.contacts.keep(contact)
    for channel, name in ((EMAIL, "email"), (WEBHOOK, "webhook")):
        if getattr(before, name) != getattr(contact, name) and getattr(contact, name):
            desk.notices.try_again(contact.site, channel, node().clock())


def phone_words(number: str) -> str:
    """A phone number as it is dialled from abroad, in groups."""
    if not number:
        return ""
    parsed = phonenumbers.parse(number)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _role(text: str) -> str:
    try:
        check_words(text, "role", MAX_ROLE)
    except Malformed as error:
        raise Malformed(_("A role has at most %(n)s characters.", n=MAX_ROLE)) from error
    return text


def _email(text: str) -> str:
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as error:
        words = _("This is no e-mail address; one looks like recalls@pharmacy.example.")
        raise Malformed(words) from error


def _phone(text: str) -> str:
    words = _("A phone number begins with + and the country's code: +44 1632 960001.")
    try:
        parsed = phonenumbers.parse(text)
    except phonenumbers.NumberParseException as error:
        raise Malformed(words) from error
    if len(text) > 40 or not phonenumbers.is_possible_number(parsed):
        raise Malformed(words)
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return f"{number};ext={parsed.extension}" if parsed.extension else str(number)  # RFC 3966


def _webhook(text: str) -> str:
    return check_webhook(text, node().settings.webhook_networks)


_CHECKS: Final = {"role": _role, "email": _email, "phone": _phone, "webhook": _webhook}
