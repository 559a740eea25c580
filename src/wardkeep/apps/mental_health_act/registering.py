# SPDX-License-Identifier: Apache-2.0
"""A new section: which one, from when, on which ward, and which one it takes over from.

The one before and the new one are one change: nobody is ever under both, or neither,
because a machine stopped between them.
"""

from datetime import datetime

import msgspec
from starlette.responses import Response

from wardkeep.apps.mental_health_act.moments import typed_at
from wardkeep.apps.mental_health_act.opening import (
    OFFICE,
    RuleBook,
    address_of,
    rule_book,
    rule_of,
    save,
)
from wardkeep.base.ids import derived_uuid, is_fhir_id, new_uuid
from wardkeep.care.colleagues import teams
from wardkeep.care.keeping import Keeping, finish, go_on, resume
from wardkeep.care.kept_forms import SECTION
from wardkeep.care.legal_status import Found, sections_of
from wardkeep.care.of_patient import CHANGED, banner_for, whole_number
from wardkeep.care.opening import me
from wardkeep.care.typed import typed_moment
from wardkeep.fhir.mha.entry_kinds import ENTRY_KINDS
from wardkeep.fhir.mha.periods import day_of
from wardkeep.fhir.mha.rules import Rules
from wardkeep.fhir.mha.section import Entry, Section
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.outcomes import Conflict
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

NEW_ONE = "none"


class _Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What the form chooses from."""

    book: RuleBook
    all: tuple[Found, ...]
    places: tuple[Person, ...]

    @property
    def open(self) -> tuple[Found, ...]:
        """Sections that nobody has ended."""
        return tuple(one for one in self.all if one.section.facts.ended is None)

    def has(self, section: str) -> bool:
        return any(one.section.id == section for one in self.all)


async def _ground(visit: Visit) -> _Ground | Response:
    book = await rule_book(visit)
    if isinstance(book, Response):
        return book
    found = await sections_of(visit)
    if isinstance(found, Response):
        return found
    return _Ground(book=book, all=tuple(found), places=tuple(await teams(visit)))


@page("/patients/{id}/mental-health-act/new", gate=OFFICE)
async def show_section_form(visit: Visit) -> Response:
    ground = await _ground(visit)
    if isinstance(ground, Response):
        return ground
    keeping = await resume(visit, SECTION)
    if isinstance(keeping, Response):
        return keeping
    form = Form({"which": new_uuid(), "began": typed_moment(visit.clock.now())})
    form.values |= keeping.values
    return await _show(visit, ground, form, keeping)


@page("/patients/{id}/mental-health-act/new", gate=OFFICE, methods=("POST",))
async def write_section(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    which = form.values.get("which", "")
    if not is_fhir_id(which):
        return visit.tell(NOT_FOUND)
    ground = await _ground(visit)
    if isinstance(ground, Response):
        return ground
    if ground.has(_id_of(visit, which)):
        await finish(visit, form)
        return visit.go_to(f"{address_of(visit, _id_of(visit, which))}?said=already")
    changed = await _read(visit, form, ground, which)
    if changed is None:
        return await _again(visit, ground, form, which)
    return await _write(visit, ground, form, changed)


def _id_of(visit: Visit, which: str) -> str:
    """The same form sent twice is one section."""
    return derived_uuid("mha-section", visit.path("id"), which)


async def _again(visit: Visit, ground: _Ground, form: Form, which: str) -> Response:
    keeping = await go_on(visit, SECTION, form, note=which)
    if isinstance(keeping, Response):
        return keeping
    return await _show(visit, ground, form, keeping)


async def _write(
    visit: Visit, ground: _Ground, form: Form, changed: list[tuple[Section, int]]
) -> Response:
    written = await save(visit, ground.book.rules, changed)
    if isinstance(written, Conflict):
        return await _met(visit, form, changed[0][0].id)
    if isinstance(written, Response):
        return written
    await finish(visit, form)
    return visit.go_to(f"{address_of(visit, changed[0][0].id)}?said=registered")


async def _met(visit: Visit, form: Form, section: str) -> Response:
    """The same form twice is one section; else somebody changed the one before."""
    found = await sections_of(visit)
    if isinstance(found, Response):
        return found
    if any(one.section.id == section for one in found):
        await finish(visit, form)
        return visit.go_to(f"{address_of(visit, section)}?said=already")
    return visit.tell(CHANGED)


async def _read(
    visit: Visit, form: Form, ground: _Ground, which: str
) -> list[tuple[Section, int]] | None:
    """The new section and the one that it ends; None where something is wrong."""
    now = visit.clock.now()
    began = typed_at(form, "began", called="since when it holds", now=now)
    code = _section(form, ground.book.rules, began or now)
    place = form.values.get("ward", "")
    ward = next((one for one in ground.places if one.reference == place), Person())
    before = _before(form, ground, began)
    if form.problems or began is None:
        return None
    new = Section(id=_id_of(visit, which), code=code, began=began, place=ward)
    if before is None:
        return [(new, 0)]
    entry = Entry(
        id=which,
        kind="replaced",
        at=began,
        recorded=now,
        by=await me(visit),
        words=_name(ground.book.rules, new),
    )
    old = before.section
    ended = msgspec.structs.replace(old, entries=(*old.entries, entry))
    version = whole_number(form.values.get(f"version-{old.id}", ""))
    return [(new, 0), (ended, version)]


def _section(form: Form, rules: Rules, began: datetime) -> str:
    among = tuple(one.code for one in rules.can_begin_on(day_of(began)))
    return form.choice("section", called="the section", among=among)


def _before(form: Form, ground: _Ground, began: datetime | None) -> Found | None:
    """What it takes the place of; asked wherever another section is open."""
    if not ground.open:
        return None
    among = (NEW_ONE, *(one.section.id for one in ground.open))
    chosen = form.choice("before", called="what becomes of the other one", among=among)
    found = next((one for one in ground.open if one.section.id == chosen), None)
    if found is not None and began is not None and began < found.section.began:
        form.reject(
            "began",
            wrong="it begins before the section whose place it takes",
            mend="Look at both moments again.",
        )
    return found


def _name(rules: Rules, section: Section) -> str:
    rule = rule_of(section, rules)
    return section.code if rule is None else rule.name


async def _show(
    visit: Visit, ground: _Ground, form: Form, keeping: Keeping
) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    problems = tuple(form.problems.values())
    rules = ground.book.rules
    seen: dict[str, str] = {}
    for one in rules.section:
        lasts = "no limit of time" if one.lasts is None else one.lasts.words
        seen[one.code] = f"{one.name} ({lasts})"
    return visit.render(
        "mental_health_act/register.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        banner=banner,
        sections=[("", "Choose a section"), *seen.items()],
        places=[
            ("", "No ward"),
            *((one.reference, one.display) for one in ground.places),
        ],
        open=[(one, _name(rules, one.section)) for one in ground.open],
        none=NEW_ONE,
        ending=ENTRY_KINDS["replaced"].title,
        typed=form.values,
        problems=problems,
        keeping=keeping,
    )
