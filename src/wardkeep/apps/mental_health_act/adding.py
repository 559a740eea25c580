# SPDX-License-Identifier: Apache-2.0
"""An entry of a section, and taking one back.

The form carries the version that it was drawn from. Whoever is second is shown what the
first one wrote, with their own words still in the form, and decides.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.mental_health_act.moments import typed_at
from wardkeep.apps.mental_health_act.opening import (
    OFFICE,
    address_of,
    find_section,
    rule_book,
    save,
)
from wardkeep.apps.mental_health_act.showing import Done, shown_of
from wardkeep.base.ids import is_fhir_id, new_uuid
from wardkeep.care.colleagues import teams
from wardkeep.care.keeping import Keeping, finish, go_on, overtaken, resume
from wardkeep.care.kept_forms import KEPT_FORMS, KeptForm
from wardkeep.care.legal_status import Found
from wardkeep.care.of_patient import banner_for, whole_number
from wardkeep.care.opening import me
from wardkeep.care.typed import typed_moment
from wardkeep.fhir.mha.entry_kinds import ENTRY_KINDS, STRUCK, EntryKind
from wardkeep.fhir.mha.section import Entry
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.outcomes import Conflict
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

LONGEST_WORDS, LONGEST_NAME, LONGEST_FORM = 2000, 200, 12
MOST_ENTRIES = 400
_FULL = Trouble(
    status=409,
    title="This section has no room for more entries",
    why=f"A section holds {MOST_ENTRIES} entries.",
    mend="End it and register it anew, and tell whoever runs Wardkeep.",
)
_AHEAD = frozenset({"leave"})
"""Kinds that are written down before they begin."""


def kind_asked(visit: Visit) -> EntryKind | Response:
    return ENTRY_KINDS.get(visit.path("kind")) or visit.tell(NOT_FOUND)


def _form_of(kind: EntryKind) -> KeptForm:
    return KEPT_FORMS[f"mha-{kind.code}"]


@page("/patients/{id}/mental-health-act/{section}/entries/{kind}", gate=OFFICE)
async def show_entry_form(visit: Visit) -> Response:
    kind = kind_asked(visit)
    if isinstance(kind, Response):
        return kind
    found = await find_section(visit)
    if isinstance(found, Response):
        return found
    keeping = await resume(
        visit, _form_of(kind), note=visit.path("section"), based_on=found.version
    )
    if isinstance(keeping, Response):
        return keeping
    form = Form({"which": new_uuid(), "at": typed_moment(visit.clock.now())})
    asked = visit.query("form")
    if asked:
        form.values["form"] = asked[:LONGEST_FORM]
    form.values |= keeping.values
    is_second = await overtaken(visit, keeping, found.version)
    return await _show(visit, found, kind, form, keeping, is_second=is_second)


@page(
    "/patients/{id}/mental-health-act/{section}/entries/{kind}",
    gate=OFFICE,
    methods=("POST",),
)
async def write_entry(visit: Visit) -> Response:
    kind = kind_asked(visit)
    if isinstance(kind, Response):
        return kind
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    if not is_fhir_id(form.values.get("which", "")):
        return visit.tell(NOT_FOUND)
    found = await find_section(visit)
    if isinstance(found, Response):
        return found
    return await _take(visit, found, form, kind)


async def _take(visit: Visit, found: Found, form: Form, kind: EntryKind) -> Response:
    """The same form twice is one entry."""
    if found.section.has(form.values["which"]):
        await finish(visit, form)
        return visit.go_to(f"{address_of(visit, found.section.id)}?said=already")
    entry = await _read(visit, form, kind, found)
    if entry is None:
        return await _again(visit, found, kind, form)
    if whole_number(form.values.get("version", "")) != found.version:
        return await _again(visit, found, kind, form, is_second=True)
    return await _write(visit, found, entry, form, kind)


async def _write(
    visit: Visit, found: Found, entry: Entry, form: Form, kind: EntryKind
) -> Response:
    written = await _add(visit, found, entry)
    if isinstance(written, Conflict):
        newest = await find_section(visit)
        if isinstance(newest, Response):
            return newest
        return await _again(visit, newest, kind, form, is_second=True)
    if isinstance(written, Response):
        return written
    await finish(visit, form)
    return visit.go_to(f"{address_of(visit, found.section.id)}?said=saved")


async def _add(visit: Visit, found: Found, entry: Entry) -> Conflict | Response | None:
    """None: it is written."""
    section = found.section
    if len(section.entries) >= MOST_ENTRIES:
        return visit.tell(_FULL)
    book = await rule_book(visit)
    if isinstance(book, Response):
        return book
    longer = msgspec.structs.replace(section, entries=(*section.entries, entry))
    written = await save(visit, book.rules, [(longer, found.version)])
    return written if isinstance(written, Conflict | Response) else None


async def _read(
    visit: Visit, form: Form, kind: EntryKind, found: Found
) -> Entry | None:
    """What was typed; None where something is wrong with it."""
    now = visit.clock.now()
    at = typed_at(form, "at", called=kind.when, now=now, is_ahead=kind.code in _AHEAD)
    until = None
    if kind.until:
        until = typed_at(form, "until", called=kind.until, now=now, is_ahead=True)
    if at is not None and until is not None and until <= at:
        form.reject(
            "until", wrong="it is not after it begins", mend="Give a later one."
        )
    outcome = ""
    if kind.choices:
        among = tuple(code for code, _ in kind.choices)
        outcome = form.choice("outcome", called=kind.asked, among=among)
    number = _number(form) if kind.has_form else ""
    whom = form.optional_text("whom", called=kind.whom, at_most=LONGEST_NAME)
    asked = form.text if kind.needs_words else form.optional_text
    words = asked("words", called=kind.words, at_most=LONGEST_WORDS)
    place = await _place(visit, form) if kind.has_place else Person()
    if kind.ends and at is not None and at < found.section.began:
        form.reject("at", wrong="it ends before it begins", mend="Give a later one.")
    if form.problems or at is None:
        return None
    return Entry(
        id=form.values["which"],
        kind=kind.code,
        at=at,
        recorded=now,
        by=await me(visit),
        until=until,
        outcome=outcome,
        form=number,
        whom=whom,
        words=words,
        place=place,
    )


def _number(form: Form) -> str:
    """The number of a statutory form, as in H5."""
    number = form.text(
        "form", called="the number of the form", at_most=LONGEST_FORM
    ).upper()
    if number and not number.isalnum():
        form.reject(
            "form", wrong="that is no form’s number", mend="Write it as in H5 or CTO1."
        )
    return number


async def _place(visit: Visit, form: Form) -> Person:
    places = await teams(visit)
    wanted = form.values.get("ward", "")
    found = next((one for one in places if one.reference == wanted), None)
    if found is None:
        form.reject("ward", wrong="no ward is chosen", mend="Choose the ward.")
        return Person()
    return found


async def _again(
    visit: Visit, found: Found, kind: EntryKind, form: Form, *, is_second: bool = False
) -> Response:
    keeping = await go_on(
        visit,
        _form_of(kind),
        form,
        note=visit.path("section"),
        built_on=found.version,
    )
    if isinstance(keeping, Response):
        return keeping
    return await _show(visit, found, kind, form, keeping, is_second=is_second)


async def _show(
    visit: Visit,
    found: Found,
    kind: EntryKind,
    form: Form,
    keeping: Keeping,
    *,
    is_second: bool = False,
) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    book = await rule_book(visit)
    if isinstance(book, Response):
        return book
    one = shown_of(found, book.rules, visit.clock.now())
    problems = tuple(form.problems.values())
    places = await teams(visit) if kind.has_place else []
    met = is_second and not keeping.is_resumed
    return visit.render(
        "mental_health_act/entry.html",
        status=422 if problems else 409 if met else 200,
        id=visit.path("id"),
        banner=banner,
        one=one,
        kind=kind,
        version=found.version,
        typed=form.values,
        problems=problems,
        keeping=keeping,
        is_second=is_second,
        last=_last(one.done),
        places=[
            ("", "Choose a ward"),
            *((it.reference, it.display) for it in places),
        ],
    )


def _last(done: tuple[Done, ...]) -> Done | None:
    return next(iter(done), None)


@page(
    "/patients/{id}/mental-health-act/{section}/take-back",
    gate=OFFICE,
    methods=("POST",),
)
async def take_back(visit: Visit) -> Response:
    """One entry holds no longer; it stays readable, with who took it back and why."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await find_section(visit)
    if isinstance(found, Response):
        return found
    address, about = address_of(visit, found.section.id), form.values.get("about", "")
    if about in found.section.struck:
        return visit.go_to(f"{address}?said=already")
    if not any(one.id == about for one in found.section.holding):
        return visit.tell(NOT_FOUND)
    words = form.text("words", called="why it is taken back", at_most=LONGEST_WORDS)
    if form.problems:
        return visit.tell(_WHY)
    entry = Entry(
        id=new_uuid(),
        kind=STRUCK,
        at=visit.clock.now(),
        recorded=visit.clock.now(),
        by=await me(visit),
        words=words,
        about=about,
    )
    written = await _add(visit, found, entry)
    if isinstance(written, Conflict):
        return visit.go_to(f"{address}?said=changed")
    return written or visit.go_to(f"{address}?said=taken-back")


_WHY = Trouble(
    status=422,
    title="It says no reason",
    why="An entry is taken back with a reason, so nothing was done.",
    mend="Go back and write why.",
)
