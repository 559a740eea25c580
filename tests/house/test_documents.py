# SPDX-License-Identifier: Apache-2.0
"""What is not documented fails the build: settings, commands, links, decisions."""

import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from wardkeep.base.settings import SETTINGS
from wardkeep.cli import commands

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")
REQUIRED = (
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "LICENSE",
    "docs/tour.md",
    "docs/where-things-go.md",
    "docs/glossary.md",
    "docs/threat-model.md",
    "docs/performance.md",
    "docs/how-to/settings.md",
    "docs/how-to/production.md",
    "docs/how-to/commands.md",
    "docs/formats/ledger.md",
    "docs/formats/warden-socket.md",
    "docs/formats/sealed-row.md",
    "docs/formats/database.md",
)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("name", REQUIRED)
def test_the_document_is_there_and_says_something(name: str) -> None:
    assert len((ROOT / name).read_text(encoding="utf-8")) > 400


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_every_file_that_a_document_names_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for named in re.findall(r"`((?:src|tests|tools|bench|docs)/[\w./-]+\.\w+)`", text):
        assert (ROOT / named).exists(), named


def test_every_setting_is_documented_with_its_words_and_default() -> None:
    page = (ROOT / "docs/how-to/settings.md").read_text(encoding="utf-8")
    flat = " ".join(page.split())
    for setting in SETTINGS:
        assert f"`{setting.variable}`" in page
        assert setting.words in flat


def walk(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for child_name in command.list_commands(context):
            child = command.get_command(context, child_name)
            assert child is not None
            yield from walk(child, f"{name} {child_name}".strip())
    else:
        yield name, command


COMMANDS = [pair for pair in walk(commands, "") if not pair[1].hidden]


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[n for n, _ in COMMANDS])
def test_every_command_shows_an_example_and_is_documented(
    name: str, command: click.Command
) -> None:
    assert "Example" in (command.help or "") + (command.epilog or "")
    page = (ROOT / "docs/how-to/commands.md").read_text(encoding="utf-8")
    assert f"wardkeep {name}" in page


def test_decision_records_are_numbered_without_a_gap() -> None:
    records = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    numbers = [int(record.name[:4]) for record in records]
    assert numbers == list(range(1, len(records) + 1))
    for record in records:
        text = record.read_text(encoding="utf-8").lower()
        assert "reject" in text, f"{record.name} names the options rejected"


def test_the_changelog_puts_security_first() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^### (\w+)", text, re.MULTILINE)
    assert headings[0] == "Security"


def test_the_conformance_page_is_what_the_code_says() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "write_conformance.py"))
    committed = (ROOT / "docs" / "fhir-conformance.md").read_text(encoding="utf-8")
    assert tool["page"]() == committed, "run: python tools/write_conformance.py"
