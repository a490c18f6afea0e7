"""The documentation is whole and true: each command, target, page and number in it exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from app import create_app
from app.cli import main
from app.config import Settings
from ledger.statement import gs1

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
DOCS = {path.name: path.read_text() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]}
TARGETS = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)


def commands(group: click.Group = main, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command by its full name."""
    for name, command in group.commands.items():
        full = f"{before}{name}"
        if isinstance(command, click.Group):
            yield from commands(command, f"{full} ")
        else:
            yield full, command


COMMANDS = dict(commands())


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_teaches_by_an_example(name: str) -> None:
    command = COMMANDS[name]
    assert f"packtrace {name}" in (command.help or ""), "its help shows no example"
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help or parameter.type.name in ("integer range", "path"), (
                parameter.name
            )


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_in_the_readme(name: str) -> None:
    assert re.search(rf"`{name}`|packtrace {name}\b", README)


@pytest.mark.parametrize("name", DOCS)
def test_what_a_document_runs_exists(name: str) -> None:
    text = DOCS[name]
    for line in re.findall(r"packtrace ([a-z][a-z -]*)", text):
        words = line.split()
        assert {words[0], " ".join(words[:2])} & {*COMMANDS, "key"}, line
    for target in re.findall(r"make ([a-z]+(?:-[a-z]+)?)(?=[`\s])", text):
        if f"`make {target}" in text or f"    make {target}" in text:
            assert target in TARGETS, target


@pytest.mark.parametrize("name", DOCS)
def test_what_a_document_links_to_exists(name: str) -> None:
    folder = ROOT if (ROOT / name).exists() else ROOT / "docs"
    for link in re.findall(r"\]\(([^)#]+)\)", DOCS[name]):
        assert (folder / link).exists(), link


def test_every_make_target_says_what_it_does() -> None:
    text = (ROOT / "Makefile").read_text()
    told = set(re.findall(r"^([a-z-]+):.*## \S", text, re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony is not None
    assert told == set(TARGETS) == set(phony.group(1).split())


def test_every_setting_is_documented() -> None:
    names = set(re.findall(r"PACKTRACE_[A-Z_]+", (ROOT / "app" / "config.py").read_text()))
    assert {name for name in names if f"`{name}`" in DOCS["operations.md"]} == names - {
        "PACKTRACE_"
    }


def test_the_map_names_every_module_of_the_ledger() -> None:
    for path in (ROOT / "ledger").iterdir():
        if path.name.startswith("_") or path.suffix not in ("", ".py"):
            continue
        name = path.name + ("/" if path.is_dir() else "")
        assert name in DOCS["CONTRIBUTING.md"], name


def test_identifiers_in_examples_have_their_check_digit() -> None:
    helps = [command.help or "" for command in COMMANDS.values()]
    seen = 0
    for text in [*DOCS.values(), *helps]:
        for digits in re.findall(r"(?<![\w.])(\d{13,14}|\d{18})(?![\w.])", text):
            assert gs1.check_digit(digits[:-1]) == digits[-1], digits
            seen += 1
    assert seen > 20


def test_examples_can_be_split_by_a_shell() -> None:
    for name, command in COMMANDS.items():
        for line in (command.help or "").replace("\\\n", " ").splitlines():
            if line.strip().startswith("packtrace "):
                assert shlex.split(line)[1:][: len(name.split())] == name.split()


def test_the_readme_names_the_pages_a_newcomer_opens(tmp_path: Path) -> None:
    app = create_app(Settings(log=tmp_path))
    rules = {str(rule) for rule in app.url_map.iter_rules()}
    for path in ("/healthz", "/readyz"):
        assert path in rules
        assert f"`{path}`" in DOCS["operations.md"]
