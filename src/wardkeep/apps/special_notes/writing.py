# SPDX-License-Identifier: Apache-2.0
"""Writing a special note, and reviewing it: read again, changed, given another day."""

from datetime import date

import msgspec
from starlette.responses import Response

from wardkeep.apps.special_notes.opening import (
    NOBODY_YET,
    Kept,
    Opened,
    address_of,
    find,
    open_here,
    pressed,
    save,
)
from wardkeep.apps.special_notes.typed import LONGEST, Typed, read_typed
from wardkeep.base.ids import derived_uuid, is_fhir_id, new_uuid
from wardkeep.care.keeping import Keeping, finish, go_on, overtaken, resume
from wardkeep.care.kept_forms import NOTE_OF_URGENT_CARE
from wardkeep.care.opening import me
from wardkeep.care.warnings import NOTERS
from wardkeep.fhir.urgent.flags import AUDIENCES, CATEGORIES, STOPS
from wardkeep.fhir.urgent.special_note import (
    REVIEWED,
    WRITTEN,
    Note,
    Step,
    with_step,
)
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

OVER = Trouble(
    status=409,
    title="This note has ended",
    why="Nobody follows it any more, so there is nothing to review.",
    mend="Write another one.",
)


@page("/patients/{id}/special-notes/new", gate=NOTERS)
async def show_new(visit: Visit) -> Response:
    opened = await open_here(visit)
    if isinstance(opened, Response):
        return opened
    keeping = await resume(visit, NOTE_OF_URGENT_CARE)
    if isinstance(keeping, Response):
        return keeping
    return _show(
        visit, opened, None, Form({"which": new_uuid()} | keeping.values), keeping
    )


@page("/patients/{id}/special-notes/new", gate=NOTERS, methods=("POST",))
async def write_note(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    which = form.values.get("which", "")
    if not is_fhir_id(which):
        return visit.tell(NOT_FOUND)
    opened = await open_here(visit)
    if isinstance(opened, Response):
        return opened
    typed = read_typed(form, visit.today)
    if typed is None:
        keeping = await go_on(visit, NOTE_OF_URGENT_CARE, form, note=which)
        if isinstance(keeping, Response):
            return keeping
        return _show(visit, opened, None, form, keeping)
    return await _write(visit, form, typed, which)


async def _write(visit: Visit, form: Form, typed: Typed, which: str) -> Response:
    """The same form twice is one note."""
    who, now = await me(visit), visit.clock.now()
    if not who.reference:
        return visit.tell(NOBODY_YET)
    id_ = derived_uuid("special-note", visit.path("id"), which)
    note = Note(
        id=id_,
        patient=visit.path("id"),
        since=now,
        steps=(Step(kind=WRITTEN, at=now, by=who),),
        **msgspec.structs.asdict(typed),
    )
    done = await save(visit, note, None, form)
    if isinstance(done, Response):
        return done
    await finish(visit, form)
    return visit.go_to(address_of(visit, id_, WRITTEN if done else "already"))


@page("/patients/{id}/special-notes/{note}/review", gate=NOTERS)
async def show_review(visit: Visit) -> Response:
    found = await find(visit)
    if isinstance(found, Response):
        return found
    opened, kept = found
    if kept.note.is_ended:
        return visit.tell(OVER)
    keeping = await resume(
        visit, NOTE_OF_URGENT_CARE, note=kept.note.id, based_on=kept.version
    )
    if isinstance(keeping, Response):
        return keeping
    await overtaken(visit, keeping, kept.version)
    form = Form(fields_of(kept.note) | keeping.values)
    return _show(visit, opened, kept, form, keeping)


def fields_of(note: Note) -> dict[str, str]:
    """A form filled with what stands there; the day of review is asked for anew."""
    return {
        "category": note.category,
        "words": note.words,
        "audience": note.audience,
        "owner": note.owner,
        **_day("last", note.last),
    }


def _day(name: str, day: date | None) -> dict[str, str]:
    if day is None:
        return {}
    return {
        f"{name}-day": str(day.day),
        f"{name}-month": str(day.month),
        f"{name}-year": str(day.year),
    }


@page("/patients/{id}/special-notes/{note}/review", gate=NOTERS, methods=("POST",))
async def review_note(visit: Visit) -> Response:
    got = await pressed(visit)
    if isinstance(got, Response):
        return got
    kept, form = got.kept, got.form
    if kept.note.is_ended:
        return visit.tell(OVER)
    typed = read_typed(form, visit.today)
    if typed is None:
        keeping = await go_on(
            visit,
            NOTE_OF_URGENT_CARE,
            form,
            note=kept.note.id,
            built_on=kept.version,
        )
        if isinstance(keeping, Response):
            return keeping
        return _show(visit, got.opened, kept, form, keeping)
    changed = msgspec.structs.replace(kept.note, **msgspec.structs.asdict(typed))
    step = Step(
        kind=REVIEWED,
        at=visit.clock.now(),
        by=got.me,
        words=changes_in(kept.note, changed),
    )
    done = await save(visit, with_step(changed, step), kept, form)
    if isinstance(done, Response):
        return done
    if done:
        await finish(visit, form)
    return visit.go_to(address_of(visit, kept.note.id, REVIEWED if done else "changed"))


def changes_in(was: Note, now: Note) -> str:
    """What a review changed, in words; empty: it was read and stands."""
    pairs = (
        ("Words", was.words, now.words),
        ("Kind", CATEGORIES[was.category], CATEGORIES[now.category]),
        ("For", AUDIENCES[was.audience], AUDIENCES[now.audience]),
        ("Looked after by", was.owner, now.owner),
        ("Last day", _said(was.last), _said(now.last)),
    )
    return "; ".join(f"{what} was: {old}" for what, old, new in pairs if old != new)


def _said(day: date | None) -> str:
    return "none" if day is None else day.isoformat()


def _show(
    visit: Visit, opened: Opened, kept: Kept | None, form: Form, keeping: Keeping
) -> Response:
    problems = tuple(form.problems.values())
    stops = " and ".join(CATEGORIES[one].lower() for one in CATEGORIES if one in STOPS)
    return visit.render(
        "special_notes/write.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        banner=opened.banner,
        kept=kept,
        keeping=keeping,
        typed=form.values,
        problems=problems,
        categories=[("", "Choose a kind"), *CATEGORIES.items()],
        audiences=list(AUDIENCES.items()),
        stops=stops,
        longest=LONGEST,
    )
