"""/help: what the four words mean, and what to do."""

from flask import Blueprint, render_template

from app.present import all_reasons

blueprint = Blueprint("help", __name__)


@blueprint.get("/help")
def index() -> str:
    """The four words, and every reason with its next step."""
    return render_template("help/index.html", reasons=all_reasons())
