"""/recalls/<id>/letter: a hold or recall on paper; /recalls.atom: all of them as a feed."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from app import letters, notice_words, recalls
from app.codes import qr_svg
from app.feed import feed
from app.node import node
from app.session import signed_in

blueprint = Blueprint("notices", __name__)


@blueprint.get("/recalls/<statement>/letter")
def letter(statement: str) -> str:
    """The letter to the session's site; `?site=` another's, or `silent` for all that owe an answer."""
    who = signed_in()
    case = recalls.named(statement)
    found = letters.letters(case, who, request.args.get("site", ""))
    link = f"{_home()}/recalls/{case.id}"
    return render_template(
        "notices/letter.html",
        case=case,
        letters=found,
        also={
            one.to.site.gln: notice_words.also_words(notice_words.also(case, one.packs.lots))
            for one in found
        },
        title=notice_words.title_of(case),
        facts=notice_words.facts(case),
        steps=notice_words.steps_of(case),
        ending=notice_words.ending_words(case),
        sender=notice_words.who_words(case.body.by),
        link=link,
        code=qr_svg(link, link),
        today=node().clock(),
    )


@blueprint.get("/recalls.atom")
def atom() -> Response:
    """The feed; asked for again, it says whether anything has changed."""
    answer = Response(feed(_home()), mimetype="application/atom+xml")
    answer.headers["Cache-Control"] = "no-cache"  # kept, and asked for whether it is still so
    answer.vary.update(("Accept-Language", "Cookie"))
    answer.add_etag()
    return answer.make_conditional(request)


def _home() -> str:
    return node().settings.url or request.host_url.rstrip("/")
