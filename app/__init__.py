"""The web app: pages and JSON over one log.

app = create_app()            settings from the environment
app = create_app(Settings(…)) in a test
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app import errors, frame, language, present, security, session
from app.api import BLUEPRINTS as API
from app.config import Settings
from app.looking import Looks
from app.node import KEY, open_node
from app.pages import BLUEPRINTS as PAGES
from app.scanning import LOOKS
from ledger.errors import LedgerError
from ledger.statement.submission import MAX_LINE

TEMPLATES: Final = Path(__file__).resolve().parent.parent / "templates"


def create_app(settings: Settings | None = None) -> Flask:
    """Make the app for one log's folder; without a log it still answers, saying so."""
    settings = settings or Settings.from_environ()
    app = Flask(__name__, template_folder=str(TEMPLATES))
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_LINE,
        MAX_FORM_MEMORY_SIZE=1 << 20,
        MAX_FORM_PARTS=20,
        TRUSTED_HOSTS=list(settings.hosts) or None,
    )
    try:
        app.extensions[KEY] = open_node(settings)
    except LedgerError as error:
        app.extensions[KEY] = error
    app.extensions[LOOKS] = Looks()
    if settings.proxies:
        n = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]  # as Werkzeug's documentation has it
    security.register(app, settings)
    session.register(app)
    errors.register(app)
    language.register(app)
    present.register(app)
    frame.register(app)
    for blueprint in (*API, *PAGES):
        app.register_blueprint(blueprint)
    return app
