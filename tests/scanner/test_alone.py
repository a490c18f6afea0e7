"""The scanner runs where nothing of the app is installed: no Flask, no database, no click."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from configparser import ConfigParser
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import pytest

from ledger.statement import gs1
from ledger.store.publish import trust_file
from scanner.label import PrintedLabel, render, to_png
from tests.test_architecture import ROOT, imports, name_of
from tests.world import Chain

APP: Final = (
    "flask", "werkzeug", "jinja2", "markupsafe", "peewee", "playhouse", "psycopg", "gunicorn",
    "click", "app",
)  # fmt: skip
# Runs a module as if some others were not installed.
WITHOUT: Final = """
import importlib.abc, runpy, sys
class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in %r:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
%s
"""
SCAN: Final = "runpy.run_module('scanner', run_name='__main__')"
# What a module's distribution is called where the two differ.
DISTRIBUTION: Final = {
    "cv2": "opencv-python", "nacl": "pynacl", "PIL": "pillow", "zxingcpp": "zxing-cpp",
}  # fmt: skip


def without(run: str, *words: object) -> subprocess.CompletedProcess[str]:
    """Run code in a process in which the app's libraries cannot be imported."""
    code = WITHOUT % (APP, run)
    arguments = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(arguments, capture_output=True, text=True, cwd=ROOT, check=False)


@pytest.fixture
def pack(chain: Chain, tmp_path: Path) -> list[object]:
    """A pharmacy's pack with its label, proof, status list and trust file; the words to check it."""
    chain.now = int(datetime.now(UTC).timestamp() * 1000)
    ids = chain.commission("L1", 1)
    chain.hand_over(chain.maker, ids, chain.pharmacy)
    serial = gs1.parse_item_id(ids[0]).serial
    label = PrintedLabel(chain.gtin, "L1", date(2028, 1, 31), serial)
    for name, content in {
        "label.png": to_png(render(label)),
        "trust.txt": trust_file(chain.store),
        "pack.packtrace.json": chain.answers.bundle(ids, chain.pharmacy.site).to_gzip(),
        "list.packtrace.json": chain.answers.status_list().to_gzip(),
    }.items():
        (tmp_path / name).write_bytes(content)
    return [
        tmp_path / "label.png", "--bundle", tmp_path / "pack.packtrace.json",
        "--status", tmp_path / "list.packtrace.json", "--trust", tmp_path / "trust.txt", "--json",
        "--purpose", "dispense", "--site", chain.pharmacy.site,
    ]  # fmt: skip


def test_a_label_is_judged_by_proof_and_list_without_the_app(pack: list[object]) -> None:
    done = without(SCAN, *pack)
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout)
    assert (line["verdict"], line["state"]) == ("OK", "here")
    assert line["list_as_of"]
    assert not done.stderr


def test_the_hook_is_real_and_the_console_script_says_what_is_missing() -> None:
    assert "No module named 'flask'" in without("import flask").stderr
    done = without("import packtrace; packtrace.main()")
    assert done.returncode == 1
    assert done.stderr.startswith("The command packtrace needs app: pip install 'packtrace[app]'.")


def declared() -> dict[str, set[str]]:
    """The distributions that setup.cfg names, by extra; those always installed under ""."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    lists = {"": config["options"]["install_requires"], **config["options.extras_require"]}
    return {
        extra: {re.split(r"[\[><=!~ ]", line)[0] for line in text.split("\n") if line.strip()}
        for extra, text in lists.items()
    }


def reachable() -> dict[str, Path]:
    """The scanner's modules, and all of ours that they import."""
    found: dict[str, Path] = {}
    waiting = sorted((ROOT / "scanner").rglob("*.py"))
    while waiting:
        path = waiting.pop()
        if name_of(path) in found:
            continue
        found[name_of(path)] = path
        for _, name in imports(path):
            parts = name.split(".")
            if parts[0] in ("ledger", "scanner", "app"):
                for end in range(1, len(parts) + 1):
                    module = ROOT.joinpath(*parts[:end])
                    waiting += [
                        p for p in (module.with_suffix(".py"), module / "__init__.py") if p.exists()
                    ]
    return found


def test_all_that_the_scanner_imports_is_declared_with_it() -> None:
    modules = reachable()
    assert "ledger.rules.verdict" in modules
    assert not [name for name in modules if name.startswith(("app", "ledger.store", "ledger.cli"))]
    always, scanner = declared()[""], declared()["scanner"]
    for module, path in modules.items():
        allowed = always | scanner if module.startswith("scanner") else always
        for line, name in imports(path):
            top = name.partition(".")[0]
            if top not in sys.stdlib_module_names and top not in ("ledger", "scanner"):
                assert DISTRIBUTION.get(top, top) in allowed, f"{path}:{line} imports {name}"


def test_nothing_is_declared_for_the_scanner_that_it_does_not_import() -> None:
    used = {
        DISTRIBUTION.get(name.partition(".")[0], name.partition(".")[0])
        for path in reachable().values()
        for _, name in imports(path)
    }
    assert declared()[""] | declared()["scanner"] <= used


def test_every_folder_of_modules_is_a_package_that_gets_installed() -> None:
    for top in ("ledger", "scanner"):
        for path in (ROOT / top).rglob("*.py"):
            # Migrations are read as files, from the checkout that an app runs from.
            if path.parent.name != "migrations":
                assert (path.parent / "__init__.py").exists(), path
