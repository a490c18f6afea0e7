"""The language of each page: chosen by a switch, else by the browser; English or Simplified Chinese.

English texts are the source (gettext); what scripts say is a domain of its own, served as a module.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import msgspec
from flask import Blueprint, Flask, Response, abort, redirect, request
from flask_babel import Babel, Domain, force_locale
from flask_babel import gettext as _

# BCP 47 tag, as pages and addresses have it -> the locale, whose name the catalogue's folder has, and
# its own name. English is written as the sources are: day before month, 24 hours.
LANGUAGES: Final = {"en": ("en_GB", "English"), "zh-Hans": ("zh_Hans", "简体中文")}
COOKIE: Final = "packtrace_language"
# A path of ours: nothing that a browser takes for another host, nor drops as it does tabs and line ends.
_LOCAL: Final = re.compile(r"/(?![/\\])[!-~]*")
_YEAR_S: Final = 365 * 24 * 3600
_CATALOGUES: Final = str(Path(__file__).with_name("translations"))

blueprint = Blueprint("language", __name__)
_scripts: Final = Domain([_CATALOGUES], domain="scripts")


def register(app: Flask) -> None:
    """Choose a language for each request, and tell the templates."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = _CATALOGUES
    Babel(app, locale_selector=_folder, timezone_selector=lambda: "UTC")
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.register_blueprint(blueprint)

    @app.context_processor
    def language() -> dict[str, Any]:
        return {"lang": tag(), "languages": {one: name for one, (_, name) in LANGUAGES.items()}}


def tag() -> str:
    """The BCP 47 tag of this request's language."""
    chosen = request.cookies.get(COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    for wanted, weight in request.accept_languages:
        first = wanted.lower().partition("-")[0]
        if weight and first in ("en", "zh"):
            return "zh-Hans" if first == "zh" else "en"
    return "en"


def _folder() -> str:
    return LANGUAGES[tag()][0]


@blueprint.post("/language")
def choose() -> Response:
    """Remember a language, and go back to the page where it was chosen."""
    wanted = request.form.get("language", "")
    if wanted not in LANGUAGES:
        abort(400, _("This language is not one of ours."))
    back = request.form.get("back", "")
    here = back if _LOCAL.fullmatch(back) else "/"
    answer = redirect(here, 303)
    answer.set_cookie(COOKIE, wanted, max_age=_YEAR_S, samesite="Lax", httponly=True)
    assert isinstance(answer, Response)
    return answer


@blueprint.get("/words/<language>.js")
def words(language: str) -> Response:
    """What scripts say in a language, as a module: message -> translation, or its plural forms."""
    if language not in LANGUAGES:
        abort(404, _("This language is not one of ours."))
    told: dict[str, str | list[str]] = {}
    with force_locale(LANGUAGES[language][0]):
        catalogue: dict[Any, str] = getattr(_scripts.get_translations(), "_catalog", {})
    for key, text in catalogue.items():
        if isinstance(key, tuple):  # (message, number of the plural form)
            forms = told.setdefault(key[0], [])
            assert isinstance(forms, list)  # gettext keeps all forms of one message alike
            forms.append(text)
        elif key:
            told[key] = text
    body = b"export default " + msgspec.json.encode(told) + b";\n"
    answer = Response(body, mimetype="text/javascript")
    answer.headers["Cache-Control"] = "no-cache"  # kept, and asked for whether it is still so
    answer.add_etag()
    return answer.make_conditional(request)
