# SPDX-License-Identifier: Apache-2.0
"""Drafts of all that must be told: each fact from the ledger, each gap named.

For each organisation a folder with its own people and nobody else's: the regulator's
report (UK GDPR, article 33(3)), the notice from processor to controller (33(2)), a
letter for each person (34), words for staff, website and telephone, and the list. For
the operator an early notice, and what proves all of it. Nothing of a record is opened:
letters name a person by the id that the organisation knows them by.
"""

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import jinja2
import msgspec
from markupsafe import Markup

from wardkeep.base.spreadsheet import csv_text
from wardkeep.breach import told
from wardkeep.breach.addressing import Addressee
from wardkeep.ledger.incidents import Incident
from wardkeep.ledger.scope import PersonReached, Scope
from wardkeep.ledger.whole_files import put

REPORT, NOTICE, WORDS = "report-to-regulator", "notice-to-controller", "what-to-say"
EARLY, EVIDENCE = "early-notice", "evidence.json"
LETTERS, PEOPLE = "letters", "people"
TITLES = {
    REPORT: "Report to the regulator",
    NOTICE: "Notice from the operator to the controller",
    WORDS: "What to say: colleagues, website, telephone",
}
_GAP = re.compile(r'<span class="gap">(.*?)</span>', re.DOTALL)
_BODY = re.compile(r"<body[^>]*>(.*)</body>", re.DOTALL)
_FOLDER_NAME = re.compile(r"[^a-z0-9]+")
Progress = Callable[[int], None]


class Facts(Protocol):
    """What was read of the ledger, of all people together: a scope, or a reach."""

    @property
    def is_whole(self) -> bool: ...
    @property
    def faults(self) -> Sequence[str]: ...
    @property
    def entries_read(self) -> int: ...
    @property
    def root(self) -> str: ...
    @property
    def certainly_not(self) -> Sequence[str]: ...


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What was written."""

    folder: str
    organisations: int
    letters: int


def make(
    incident: Incident,
    scope: Scope,
    folder: Path,
    *,
    progress: Progress = lambda _done: None,
) -> Made:
    """Write all drafts of an incident's newest version; what is there is not redone.

    A version has a folder of its own, so that nothing somebody edited is overwritten.
    Killed half-way, it goes on where it was: files are whole or not there.
    """
    own = folder / f"version-{len(incident.findings)}"
    sheets = Sheets(incident, scope)
    parts = _by_organisation(incident, scope)
    letters = 0
    for number, people in parts.items():
        where = own / folder_of(number, incident.name_of(number))
        for path, content in sheets.of_organisation(number, told.total(people)):
            _once(where / path, content)
        _once(where / f"{PEOPLE}.csv", people_table(people))
        listed = msgspec.json.format(msgspec.json.encode(people))
        _once(where / f"{PEOPLE}.json", listed)
        for one in people:
            letter = where / letter_of(one.patient)
            if not letter.exists():
                put(letter, sheets.letter(number, one), is_waited_for=False)
            letters += 1
            progress(letters)
    early = sheets.early_notice(told.total(scope.people))
    _once(own / f"{EARLY}.html", early)
    _once(own / EVIDENCE, evidence_of(incident, scope))
    return Made(folder=str(own), organisations=len(parts), letters=letters)


def folder_of(number: int, name: str) -> str:
    """An organisation's folder: its number, and its name as far as files take it."""
    return f"{number}-{_FOLDER_NAME.sub('-', name.lower()).strip('-')[:40]}"


def letter_of(patient: str) -> str:
    """Where somebody's letter is, below their organisation's folder.

    Ids know capitals, and file names do not everywhere: which are is written behind.
    """
    return f"{LETTERS}/{patient[:2].lower()}/{_safe(patient)}.html"


def _safe(patient: str) -> str:
    capitals = "".join("1" if letter.isupper() else "0" for letter in patient)
    return f"{patient}-{int(capitals, 2):x}" if "1" in capitals else patient


def _by_organisation(
    incident: Incident, scope: Scope
) -> dict[int, list[PersonReached]]:
    parts: dict[int, list[PersonReached]] = {
        number: [] for number, _ in incident.newest.people
    }
    for one in scope.people:
        parts.setdefault(one.organisation, []).append(one)
    return parts


def _once(path: Path, content: bytes) -> None:
    if not path.exists():
        put(path, content)


class Sheets:
    """Pages about one incident, for each organisation its own."""

    def __init__(self, incident: Incident, facts: Facts) -> None:
        self._incident = incident
        environment = jinja2.Environment(
            loader=jinja2.PackageLoader("wardkeep.breach"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals.update(
            incident=incident,
            found_at=told.clock(incident.found_at),
            declared_at=told.clock(incident.declared_at),
            due_at=told.clock(incident.report_due_at),
            early_due_at=told.clock(incident.early_notice_due_at),
            scope=facts,
            version=len(incident.findings),
            told=incident.told,
        )
        self._templates = {
            name: environment.get_template(f"{name}.html")
            for name in (REPORT, NOTICE, WORDS, EARLY, "letter")
        }

    def _page(self, name: str, **given: Any) -> bytes:
        return self._templates[name].render(**given).encode()

    def of_organisation(
        self,
        number: int,
        total: told.Sum,
        names: Iterable[str] = (REPORT, NOTICE, WORDS),
    ) -> Iterator[tuple[str, bytes]]:
        """The drafts that are about all of an organisation's people, by file name."""
        given = {"organisation": self._incident.name_of(number), "sum": total}
        for name in names:
            yield f"{name}.html", self._page(name, **given)

    def body(self, name: str, number: int, total: told.Sum) -> Markup:
        """What one of them says, to be shown in a page that has a frame of its own."""
        [(_, page)] = self.of_organisation(number, total, (name,))
        found = _BODY.search(page.decode())
        # The template escapes what it is given; what it writes itself is ours.
        return Markup(found[1] if found else "")  # noqa: S704

    def letter(
        self,
        number: int,
        found: PersonReached,
        *,
        to: Addressee | None = None,
        day: str = "",
    ) -> bytes:
        """A letter to one person; with a name and address once two approved that."""
        name = self._incident.name_of(number)
        person = told.person(found)
        return self._page("letter", organisation=name, person=person, to=to, day=day)

    def early_notice(self, total: told.Sum) -> bytes:
        return self._page(EARLY, sum=total)


def gaps_in(text: str) -> list[str]:
    """What people have still to fill in, each once, in the order of the page."""
    found = (html.unescape(" ".join(one.split())) for one in _GAP.findall(text))
    return list(dict.fromkeys(found))


def evidence_of(incident: Incident, scope: Scope) -> bytes:
    """What proves it, without who it is about: places in the tree, and the tree."""
    said = {
        "incident": incident.id,
        "version": len(incident.findings),
        "digest": incident.digest,
        "selectors": incident.newest.selectors,
        "is_whole": scope.is_whole,
        "faults": scope.faults,
        "entries_read": scope.entries_read,
        "root": scope.root,
        "checkpoint": scope.checkpoint,
        "entries": sorted({at for one in scope.people for at in one.entries}),
        "certainly_not": scope.certainly_not,
        "canaries_apart": len(scope.canaries),
    }
    return msgspec.json.format(msgspec.json.encode(said))


def people_table(people: Iterable[PersonReached]) -> bytes:
    """For a mail house that the organisation gives names to: one line a person."""
    columns = (
        *("patient", "first", "last", "openings", "lists", "looks", "kinds"),
        *("onward", "sealed", "letter"),
    )
    return csv_text(columns, map(_row, people)).encode()


def _row(one: PersonReached) -> tuple[object, ...]:
    about = told.person(one)
    return (
        one.patient,
        about.first,
        about.last,
        one.openings,
        one.listed,
        len(one.looked_at),
        "; ".join(words for words, _ in about.things),
        "; ".join(about.onward),
        "yes: somebody decides how they are told" if about.is_sealed else "no",
        letter_of(one.patient),
    )
