# SPDX-License-Identifier: Apache-2.0
"""Where somebody stands under the Act: sections in force, their papers, what is due.

Done means: whoever opens it reads first which section holds, until when and what is
late, in words; then what was done, by whom. Nothing ends by itself: past its last
moment a section says so until somebody says how it ended.
"""

from datetime import datetime

import msgspec
from starlette.responses import Response

from wardkeep.apps.mental_health_act.opening import (
    OFFICE,
    find_section,
    rule_book,
    rule_of,
)
from wardkeep.care.legal_status import Found, sections_of
from wardkeep.care.of_patient import READERS, banner_for
from wardkeep.fhir.mha.due import (
    Due,
    due_in,
    end_of_section,
    is_past,
    left_words,
    standing_of,
)
from wardkeep.fhir.mha.entry_kinds import ENTRY_KINDS, GROUPS, STRUCK, EntryKind
from wardkeep.fhir.mha.facts import Fact
from wardkeep.fhir.mha.rules import Paper, Rules, SectionRule
from wardkeep.fhir.mha.section import Entry, Section
from wardkeep.fhir.mha.words import until_words
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

TAGS = {"late": ("Late", "red"), "soon": ("Soon", "orange"), "later": ("", "")}
_OUTCOMES = {
    (kind.code, code): words
    for kind in ENTRY_KINDS.values()
    for code, words in kind.choices
}


class DueLine(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is due, in words."""

    due: Due
    until: str
    left: str
    tag: str
    colour: str


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """One entry, in words."""

    entry: Entry
    title: str
    outcome: str
    until: str
    is_struck: bool
    is_strike: bool


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One section as pages show it."""

    id: str
    version: int
    section: Section
    rule: SectionRule | None
    until: str
    left: str
    is_past: bool
    ended: str
    due: tuple[DueLine, ...]
    papers: tuple[tuple[Paper, Fact | None], ...]
    done: tuple[Done, ...]

    @property
    def name(self) -> str:
        return self.section.code if self.rule is None else self.rule.name

    @property
    def late(self) -> int:
        return sum(one.tag == TAGS["late"][0] for one in self.due)


def due_line(due: Due, now: datetime) -> DueLine:
    tag, colour = TAGS[due.standing]
    return DueLine(
        due=due, until=until_words(due.by), left=due.left(now), tag=tag, colour=colour
    )


def outcome_words(kind: str, outcome: str) -> str:
    return _OUTCOMES.get((kind, outcome), outcome)


def shown_of(found: Found, rules: Rules, now: datetime) -> Shown:
    section = found.section
    facts, rule = section.facts, rule_of(section, rules)
    end = end_of_section(facts, rules)
    ended = facts.ended
    papers = () if rule is None else rule.papers
    return Shown(
        id=section.id,
        version=found.version,
        section=section,
        rule=rule,
        until="" if end is None else until_words(end),
        left="" if end is None else left_words(end, now),
        is_past=is_past(facts, rules, now),
        ended="" if ended is None else ENTRY_KINDS[ended.kind].title,
        due=tuple(due_line(one, now) for one in due_in(facts, rules, now)),
        papers=tuple((one, standing_of(one, facts)) for one in papers),
        done=tuple(_done(one, section) for one in reversed(section.entries)),
    )


def _done(entry: Entry, section: Section) -> Done:
    kind = ENTRY_KINDS.get(entry.kind)
    about = next((one for one in section.entries if one.id == entry.about), None)
    title = "" if kind is None else kind.title
    if entry.kind == STRUCK and about is not None:
        title = f"Taken back: {ENTRY_KINDS[about.kind].title[:1].lower()}"
        title += ENTRY_KINDS[about.kind].title[1:]
    return Done(
        entry=entry,
        title=title or "Taken back",
        outcome=outcome_words(entry.kind, entry.outcome),
        until="" if entry.until is None else until_words(entry.until),
        is_struck=entry.id in section.struck,
        is_strike=entry.kind == STRUCK,
    )


def kinds_by_group() -> list[tuple[str, list[EntryKind]]]:
    return [
        (group, [one for one in ENTRY_KINDS.values() if one.group == group])
        for group in GROUPS
    ]


@page("/patients/{id}/mental-health-act", gate=READERS)
async def show_sections(visit: Visit) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    found = await sections_of(visit)
    if isinstance(found, Response):
        return found
    book = await rule_book(visit)
    if isinstance(book, Response):
        return book
    now = visit.clock.now()
    shown = [shown_of(one, book.rules, now) for one in found]
    return visit.render(
        "mental_health_act/of_patient.html",
        id=visit.path("id"),
        banner=banner,
        open=[one for one in shown if not one.ended],
        ended=[one for one in shown if one.ended],
        may_write=OFFICE.admits(visit.session.role),
        said=visit.query("said"),
    )


@page("/patients/{id}/mental-health-act/{section}", gate=READERS)
async def show_section(visit: Visit) -> Response:
    found = await find_section(visit)
    if isinstance(found, Response):
        return found
    return await show_one(visit, found)


async def show_one(
    visit: Visit, found: Found, *, status: int = 200, is_second: bool = False
) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    book = await rule_book(visit)
    if isinstance(book, Response):
        return book
    return visit.render(
        "mental_health_act/section.html",
        status=status,
        id=visit.path("id"),
        banner=banner,
        one=shown_of(found, book.rules, visit.clock.now()),
        rules=book.rules,
        groups=kinds_by_group(),
        may_write=OFFICE.admits(visit.session.role),
        said=visit.query("said"),
        is_second=is_second,
    )
