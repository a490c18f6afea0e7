"""/contacts: how a site is reached; for the authority also the phone list, of all or of the silent."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, render_template, request
from flask_babel import gettext as _

from app import contacts, letters, notice_words, recalls, session
from app.language import LANGUAGES
from app.node import node
from ledger.store.contacts import Contact

blueprint = Blueprint("contacts", __name__)


@blueprint.get("/contacts")
def index() -> str:
    """The party's own; `?site=` opens one to be changed; `?silent=` who has not answered a recall.

    The authority has all of them, `?q=` those whose name or number has a text.
    """
    who = session.signed_in()
    recall = request.args.get("silent")
    if recall is not None:
        case = recalls.named(recall)
        return render_template(
            "contacts/silent.html",
            case=case,
            title=notice_words.title_of(case),
            silent=letters.phone_list(case, who),
            phone_words=contacts.phone_words,
        )
    chosen = request.args.get("site", who.site)
    return _page(node().desk.contacts.of(chosen), {})


@blueprint.post("/contacts")
def keep() -> Response | tuple[str, int]:
    """Keep how a site is reached."""
    who = session.administrator()
    site = request.form.get("site", "")
    record = node().reader.authority().site(site)
    if record is None or record.party != who.party:
        abort(404, _("Your party has no such site."))
    contact, wrong = contacts.read(site, request.form)
    if wrong:
        return _page(contact, wrong), 400
    contacts.keep(contact)
    answer = redirect(f"/contacts?site={site}#kept", 303)
    assert isinstance(answer, Response)
    return answer


def _page(contact: Contact, wrong: dict[str, str]) -> str:
    who = session.signed_in()
    admin = session.is_administrator(who)
    own = contacts.own(who, all_sites=admin)
    if contact.site not in {one.site.gln for one in own}:
        abort(404, _("Your party has no such site."))
    authority = who.party == node().reader.authority().gln
    text = " ".join(request.args.get("q", "").split())[:100]
    found = contacts.everybody(text) if authority else []
    return render_template(
        "contacts/index.html",
        own=own,
        admin=admin,
        contact=contact,
        wrong=wrong,
        tongues={one: name for one, (_folder, name) in LANGUAGES.items()},
        authority=authority,
        text=text,
        everybody=found[: contacts.MOST],
        more=max(0, len(found) - contacts.MOST),
        phone_words=contacts.phone_words,
    )
