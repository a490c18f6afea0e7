"""Who may import what, and other rules of the code's shape that a reader may rely on."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[1]
SOURCES: Final = sorted(
    path for top in ("app", "ledger", "scanner") for path in (ROOT / top).rglob("*.py")
)
PURE: Final = {"ledger.errors", "ledger.tlog", "ledger.statement", "ledger.rules"}
PROOF: Final = PURE | {"ledger.build", "ledger.bundle", "ledger.proof", "ledger.remote"}

# The first prefix that fits a module says what it may import beyond the standard library.
MAY_IMPORT: Final[list[tuple[str, set[str]]]] = [
    ("ledger.errors", set()),
    ("ledger.tlog", {"ledger.errors", "ledger.tlog", "nacl", "cryptography"}),
    (
        "ledger.statement",
        {"ledger.errors", "ledger.tlog", "ledger.statement", "nacl", "msgspec", "rfc8785", "biip"},
    ),
    ("ledger.rules", PURE | {"nacl", "msgspec", "rfc8785", "biip"}),
    ("ledger.build", PURE | {"msgspec"}),
    ("ledger.bundle", PURE | {"ledger.bundle", "msgspec"}),
    ("ledger.proof", PURE | {"ledger.bundle", "ledger.chain", "ledger.proof"}),
    ("ledger.chain", PURE | {"ledger.bundle", "ledger.chain", "ledger.proof"}),
    ("ledger.remote", PROOF | {"ledger.remote"}),
    ("ledger.disclose", PROOF | {"ledger.chain", "ledger.disclose"}),
    ("ledger.files", set()),
    ("ledger.mirror", PURE | {"ledger.files"}),
    ("ledger.pulled", PURE | {"ledger.mirror", "msgspec"}),
    ("ledger.store", {"ledger", "peewee", "playhouse", "psycopg", "msgspec", "nacl"}),
    ("ledger.cli", {"ledger", "click", "httpx", "msgspec", "nacl"}),
    ("ledger.__main__", {"ledger.cli"}),
    ("ledger.audit_report", PURE | {"ledger.audit_kept", "msgspec"}),
    ("ledger.audit_kept", PURE | {"ledger.bundle"}),
    ("ledger.audit", PURE | {"ledger.audit_custody", "ledger.audit_kept", "ledger.audit_signed", "ledger.audit_words", "ledger.bundle", "ledger.proof"}),
    ("ledger", PROOF),
    ("scanner", PROOF | {"scanner", "ledger.files", "cv2", "numpy", "zxingcpp", "PIL", "httpx"}),
    ("app", {"app", "ledger", "scanner", "babel", "flask", "flask_babel", "werkzeug", "jinja2", "markupsafe", "msgspec",
             "gunicorn", "click", "httpx", "email_validator", "fpdf", "phonenumbers"}),
]  # fmt: skip
# Pure: time, randomness, files, sockets and the environment are arguments.
IMPURE: Final = {"asyncio", "glob", "os", "pathlib", "random", "secrets", "shutil", "socket", "sqlite3",
                 "subprocess", "tempfile", "threading", "time", "urllib.request"}  # fmt: skip
IMPURE_CALLS: Final = {"open", "print", "input", "now", "today", "utcnow", "urandom"}


def name_of(path: Path) -> str:
    """A file's module name."""
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def within(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(f"{prefix}.")


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Each module that a file imports, with its line."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            assert node.module is not None
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                is_module = (ROOT / full.replace(".", "/")).with_suffix(".py").exists()
                yield node.lineno, full if is_module else node.module


def allowed_of(module: str) -> set[str]:
    return next(allowed for prefix, allowed in MAY_IMPORT if within(module, prefix))


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_module_imports_only_what_its_layer_may(path: Path) -> None:
    module = name_of(path)
    allowed = allowed_of(module)
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for line, name in imports(path)
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not any(within(name, one) for one in allowed)
    ]
    assert not wrong, f"{module} may import {sorted(allowed)}"


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if any(within(name_of(p), one) for one in PROOF)], ids=name_of
)
def test_the_pure_part_has_no_clock_chance_file_or_socket(path: Path) -> None:
    for line, name in imports(path):
        assert not any(within(name, one) for one in IMPURE), f"{path}:{line} imports {name}"
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            called = node.func
            last = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            assert last not in IMPURE_CALLS, f"{path}:{node.lineno} calls {last}"
        assert not isinstance(node, ast.Global), f"{path}:{node.lineno} has global state"


def test_ledger_alone_brings_in_no_database() -> None:
    code = "import ledger, sys; print([m for m in ('peewee', 'flask', 'cv2') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


def test_the_environment_is_read_in_one_place_a_program() -> None:
    """The app's settings, and the passphrase at the command line."""
    readers = {
        name_of(path) for path in SOURCES if re.search(r"os\.(environ|getenv)", path.read_text())
    }
    assert readers == {"app.config", "ledger.cli.target"}


def test_only_camera_opens_cameras_and_only_the_store_speaks_sql() -> None:
    for path in SOURCES:
        text = path.read_text()
        if "VideoCapture" in text:
            assert name_of(path) == "scanner.camera"
        if re.search(r'"(SELECT|INSERT|UPDATE|DELETE) ', text):
            assert within(name_of(path), "ledger.store"), path


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_file_is_one_sitting_and_catches_only_what_it_names(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 400, "split it"
    assert ast.get_docstring(ast.parse(text)), "say what the module knows"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else ""
            if isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None:
                continue  # cleans up and lets it go on
            assert caught not in ("", "Exception", "BaseException"), f"line {node.lineno}"


def test_every_public_function_says_what_it_is_for() -> None:
    silent = []
    for path in SOURCES:
        for node in ast.parse(path.read_text()).body:
            public = isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_"
            if public and not ast.get_docstring(node):
                silent.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert not silent


@pytest.mark.parametrize("path", sorted((ROOT / "templates").rglob("*.html")), ids=lambda p: p.name)
def test_templates_hold_no_script_style_or_unescaped_text(path: Path) -> None:
    text = path.read_text()
    assert "|safe" not in text.replace(" ", "")
    # What scripts are told lies in blocks of JSON, which no browser runs.
    assert not re.search(r"<script(?![^>]*\bsrc=)(?! type=\"application/json\")", text)
    assert not re.search(r"\son[a-z]+=|\sstyle=|<style|javascript:", text)
    assert not re.search(r"(src|href)=\"(https?:)?//", text)
