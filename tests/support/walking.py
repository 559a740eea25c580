# SPDX-License-Identifier: Apache-2.0
"""Somebody who follows every link that they are shown, and notes what is wrong there.

Only addresses that links name, and only by GET. Two patients' pages are the same page
of another person: of each shape of address a few are looked at, not all.
"""

import re
import time
from collections import Counter, deque
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

import msgspec

from support.served import Visitor

_OK = 200
_ELSEWHERE = range(300, 400)
_ASKS = "Is it still you?"
_OUTSIDE = frozenset({"/sign-in"})
"""Pages where somebody begins, and that nobody comes from."""
_PATIENT, _OTHER = re.compile(r"(?<=/patients/)[^/]+"), "*"
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T[^/]*)?")
_LONG_ID = re.compile(r"[A-Za-z]+[.][A-Za-z0-9.-]{8,}|[A-Za-z0-9_-]{20,}")
_TYPES = (
    *("Patient", "Practitioner", "PractitionerRole", "Location", "Organization"),
    *("Encounter", "Observation", "Appointment", "Task", "CareTeam", "Condition"),
    *("DocumentReference", "HealthcareService", "ServiceRequest", "Composition"),
    *("Questionnaire", "QuestionnaireResponse", "RelatedPerson", "CarePlan"),
)
_REFERENCE = re.compile(rf"\b({'|'.join(_TYPES)})/[A-Za-z0-9.-]+")
_LEFTOVERS = re.compile(r"\{\{|\}\}|\{%|\bundefined\b|\bNaN\b|\bnull\b|<[a-z]+[ >]")
_SILENT = frozenset({"script", "style", "template", "head"})
_EMPTY = frozenset({"br", "img", "input", "meta", "link", "hr", "wbr", "source"})


class Page(HTMLParser):
    """What a person sees of a page, and where it leads."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.ways: list[str] = []
        """Links of the page itself."""
        self.places: set[str] = set()
        """Links of its header."""
        self.title = ""
        self.headings: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self._said: list[str] = []
        self._open: list[str] = []
        self.feed(text)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self._said).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = dict(attrs)
        if about.get("id"):
            self.ids[about["id"] or ""] += 1
        if tag == "a" and about.get("href") and "template" not in self._open:
            self.links.append(about["href"] or "")
            if "main" in self._open:
                self.ways.append(about["href"] or "")
            if "header" in self._open:
                self.places.add(about["href"] or "")
        if tag == "h1" and "template" not in self._open:
            self.headings[tag] += 1
        for name in ("aria-label", "title", "alt", "placeholder"):
            self._say(about.get(name) or "")
        if tag not in _EMPTY:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "title" and "svg" not in self._open:
            self.title += data
        self._say(data)

    def _say(self, words: str) -> None:
        if not _SILENT & set(self._open):
            self._said.append(words)


class Fault(msgspec.Struct, frozen=True, order=True):
    """What is wrong at one address."""

    what: str
    shape: str
    path: str
    linked_from: str

    def __str__(self) -> str:
        return f"{self.what}: {self.path} (from {self.linked_from})"


class Walk:
    """One session's way through everything that its pages link to."""

    def __init__(self, visitor: Visitor, origin: str, *, each: int = 2) -> None:
        self._visitor = visitor
        self._origin = origin
        self._each = each
        self._known: set[str] = set()
        self.seen: Counter[str] = Counter()
        """How many addresses of each shape were looked at."""
        self.asked = 0
        """How many pages were not shown, because the passkey was due first."""
        self.slowest: list[tuple[float, str]] = []
        self.faults: list[Fault] = []

    def through(self, first: str, *, depth: int) -> None:
        """Follow links from the first page, so many steps deep."""
        waiting = deque([(first, "", 0)])
        while waiting:
            path, source, steps = waiting.popleft()
            shape = shape_of(path)
            if self.seen[shape] >= self._each:
                continue
            self.seen[shape] += 1
            for link in self._look(path, shape, source):
                if link not in self._known and steps < depth:
                    self._known.add(link)
                    waiting.append((link, path, steps + 1))

    def _look(self, path: str, shape: str, source: str) -> Iterator[str]:
        began = time.monotonic()
        status, headers, body = self._visitor.look(path)
        self.slowest.append((time.monotonic() - began, path))
        kind = headers.get("content-type", "")
        links: list[str] = []
        faults: list[str] = []
        if status in _ELSEWHERE:
            links = [headers["location"]]
        elif status != _OK:
            faults = [f"answers {status}"]
        if kind.startswith("text/html") and body:
            page = Page(body.decode())
            if page.title.startswith(_ASKS):
                self.asked += 1
                return
            faults += wrong_with(page, path)
            links = page.links
        self.faults += [Fault(one, shape, path, source) for one in faults]
        for one in links:
            whole = urlsplit(urljoin(self._origin + path, one))
            if f"{whole.scheme}://{whole.netloc}" == self._origin:
                yield whole.path + (f"?{whole.query}" if whole.query else "")


def shape_of(path: str) -> str:
    """The address without whom and what it is about: pages of one shape are alike."""
    parts = urlsplit(path)
    shown = _PATIENT.sub(_OTHER, parts.path)
    for pattern in (_UUID, _DATE, _LONG_ID):
        shown = pattern.sub(_OTHER, shown)
    shown = "/".join(
        _OTHER if any(one.isdigit() for one in part) else part
        for part in shown.split("/")
    )
    asked = sorted({name for name, _ in parse_qsl(parts.query)})
    return f"{shown}?{'&'.join(asked)}" if asked else shown


def wrong_with(page: Page, path: str) -> Iterator[str]:
    """What no page may show or lack."""
    if not page.title.replace("– Wardkeep", "").strip():
        yield "has no title"
    if page.headings["h1"] != 1:
        yield f"has {page.headings['h1']} headings"
    if not page.ways and path not in page.places and path not in _OUTSIDE:
        yield "has no way on or back"
    for pattern, name in (
        (_REFERENCE, "a reference"),
        (_UUID, "an id"),
        (_LEFTOVERS, "a leftover"),
    ):
        found = pattern.search(page.words)
        if found:
            about = page.words[max(0, found.start() - 60) : found.end() + 30]
            yield f"shows {name}, “{about}”"
    twice = [one for one, many in page.ids.items() if many > 1]
    if twice:
        yield f"has ids twice, {twice[:5]}"
