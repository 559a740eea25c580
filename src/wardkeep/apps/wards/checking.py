# SPDX-License-Identifier: Apache-2.0
"""A check of an observation level, recorded on a phone in one or two presses.

Done means, at 4 a.m.: where, what was seen, done; and the next patient. The time is the
server's. Two who looked at once do not record one check twice: the second is told who
was first. What was not recorded in time is never filled in afterwards as if it had
been: a late entry says that it is one, when it was written and by whom.
"""

from datetime import datetime, timedelta

import msgspec
from starlette.responses import Response

from wardkeep.apps.wards.opening import (
    CHANGED,
    DONE,
    NO_STAY,
    STAFF,
    TAKEN,
    Changed,
    at_door,
    back_to,
    board_of,
    person_path,
    read_as,
    stay_of,
    stored_or_none,
    told,
    write,
)
from wardkeep.apps.wards.showing import due_of, long_words
from wardkeep.base.clock import LONDON
from wardkeep.base.ids import is_fhir_id, new_uuid
from wardkeep.care.of_patient import banner_for, whole_number
from wardkeep.care.opening import me, opener_of
from wardkeep.fhir.store.ward_steps import take_turn
from wardkeep.fhir.wards.checks import (
    LATE_ENTRY_HOURS,
    MOST_CHECKS,
    NOT_FOUND,
    SEEN,
    TYPE,
    WHERE,
    Check,
    Sheet,
    day_of,
    new_sheet,
    newest_first,
    read_sheet,
    sheet_content,
    sheet_id,
)
from wardkeep.fhir.wards.level import (
    KINDS,
    TYPE as LEVEL,
    Level,
    read_level,
    short_words,
)
from wardkeep.fhir.wards.rows import StayRow
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND as NO_SUCH, Trouble
from wardkeep.web.visit import Visit

LONGEST_WORDS = 500
ASLEEP_IN_BED = "asleep@bedroom"
STRIKE_WITHIN = timedelta(hours=24)
_SHOWN = 60
_DAY = timedelta(days=1)
NO_LEVEL = Trouble(
    status=409,
    title="No observation level is set",
    why="A check belongs to a level, so nothing was recorded.",
    mend="Set a level on the patient’s ward page first.",
)
_FULL = Trouble(
    status=409,
    title="Today’s sheet has no room for more checks",
    why=f"A sheet holds {MOST_CHECKS} checks a day.",
    mend="Write it as a note, and tell whoever runs Wardkeep.",
)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A check in words."""

    check: Check
    late: str
    """How late it was, and how many were missed; empty: in time."""
    sheet: str


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """The level that holds, and its newest sheets."""

    stay: StayRow
    level: Level
    sheets: tuple[tuple[Sheet, int], ...]
    """With their versions, today's first; 0: there is none yet."""

    @property
    def today(self) -> tuple[Sheet, int]:
        return self.sheets[0]

    @property
    def done(self) -> list[Shown]:
        found = newest_first(one for one, _ in self.sheets)[:_SHOWN]
        of = {it.id: one.id for one, _ in self.sheets for it in one.checks}
        return [
            Shown(check=one, late=late_words(one, self.level.every), sheet=of[one.id])
            for one in found
        ]


def late_words(check: Check, every: int) -> str:
    """How late a check was, in plain words."""
    late, missed = long_words(check.late_minutes), check.missed(every)
    if not late:
        return ""
    if not missed:
        return f"{late} late"
    many = "1 further check was" if missed == 1 else f"{missed} further checks were"
    return f"{late} late: {many} missed"


async def ground_of(visit: Visit, stay: StayRow) -> Ground | Response:
    """The level, and the sheets of today and of the day before."""
    if not stay.level:
        return await at_door(visit, visit.tell(NO_LEVEL))
    found = await read_as(visit, LEVEL, stay.level, read_level)
    if isinstance(found, Response):
        return found
    now, sheets = visit.clock.now(), []
    for day in (day_of(now), day_of(now - _DAY)):
        opened = await stored_or_none(visit, TYPE, sheet_id(stay.level, day))
        if isinstance(opened, Response):
            return opened
        said = None if opened is None else read_sheet(opened.content)
        if opened is not None and said is not None:
            sheets.append((said, opened.version))
        elif not sheets:
            new = new_sheet(stay.level, patient=visit.path("id"), day=day)
            sheets.append((new, 0))
    return Ground(stay=stay, level=found[0], sheets=tuple(sheets))


@page("/patients/{id}/ward/check", gate=STAFF)
async def show_check(visit: Visit) -> Response:
    return await _show(visit, Form({}))


async def _show(visit: Visit, form: Form) -> Response:
    stay = await stay_of(visit)
    if stay is None:
        return await at_door(visit, visit.tell(NO_STAY))
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    ground = await ground_of(visit, stay)
    if isinstance(ground, Response):
        return ground
    problems, now = tuple(form.problems.values()), visit.clock.now()
    kind = KINDS.get(stay.code)
    return visit.render(
        "wards/check.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        banner=banner,
        stay=stay,
        words=short_words(stay.code, stay.every),
        is_continuous=kind is not None and kind.is_continuous,
        level=ground.level,
        due=due_of(stay, now),
        done=ground.done,
        can_strike=now - STRIKE_WITHIN,
        seen=[(code, words) for code, words in SEEN.items() if code != NOT_FOUND],
        seen_all=[("", "Choose what"), *SEEN.items()],
        where=tuple(WHERE.items()),
        where_all=[("", "Choose where"), *WHERE.items()],
        asleep=ASLEEP_IN_BED,
        not_found=NOT_FOUND,
        hours=LATE_ENTRY_HOURS,
        most=LONGEST_WORDS,
        ward=board_of(visit, form),
        typed=form.values,
        problems=problems,
        told=told(visit),
    )


@page("/patients/{id}/ward/check", gate=STAFF, methods=("POST",))
async def record_check(visit: Visit) -> Response:
    return await _record(visit, is_late=False)


@page("/patients/{id}/ward/check/late", gate=STAFF, methods=("POST",))
async def record_late(visit: Visit) -> Response:
    """A check that was done and not written down, marked as a late entry."""
    return await _record(visit, is_late=True)


async def _record(visit: Visit, *, is_late: bool) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    stay = await stay_of(visit)
    if stay is None:
        return await at_door(visit, visit.tell(NO_STAY))
    if not stay.level:
        return await at_door(visit, visit.tell(NO_LEVEL))
    if form.values.get("level", "") != stay.level:
        there = visit.go_to(f"{person_path(visit)}/check?said={CHANGED}")
        return await at_door(visit, there)
    if whole_number(form.values.get("turn", "")) != stay.turn:
        return await at_door(visit, _first(visit, form))
    at = _said_time(visit, form, stay) if is_late else visit.clock.now()
    seen, where, words = _typed(form, is_late=is_late)
    if form.problems or at is None:
        return await _show(visit, form)
    now = visit.clock.now()
    check = Check(
        id=new_uuid(),
        at=at.replace(microsecond=0),
        recorded=now.replace(microsecond=0),
        due=(stay.due_at or now).replace(microsecond=0),
        by=await me(visit),
        seen=seen,
        where=where,
        words=words,
        is_late_entry=is_late,
    )
    return await _add(visit, form, stay, check)


def _first(visit: Visit, form: Form) -> Response:
    """A colleague recorded this one already; or one's own press came twice."""
    ward = form.values.get("of-ward", "")
    more = f"&ward={ward}" if is_fhir_id(ward) else ""
    return visit.go_to(f"{person_path(visit)}/check?said=recorded{more}")


def _typed(form: Form, *, is_late: bool) -> tuple[str, str, str]:
    said, _, place = form.values.get("seen", "").partition("@")
    if place and not is_late:
        form.values["where"] = place
    form.values["seen"] = said
    seen = form.choice("seen", called="what was seen", among=tuple(SEEN))
    where = ""
    if seen != NOT_FOUND:
        where = form.choice("where", called="where", among=tuple(WHERE))
    words = form.optional_text("words", called="more", at_most=LONGEST_WORDS)
    return seen, where, words


def _said_time(visit: Visit, form: Form, stay: StayRow) -> datetime | None:
    """The last such time of day; after the check before, and before now."""
    now = visit.clock.now()
    try:
        typed = datetime.strptime(form.values.get("at", "").strip(), "%H:%M")  # noqa: DTZ007 - a time of day
    except ValueError:
        form.reject("at", wrong="the time is missing", mend="Give it as in 02:40.")
        return None
    at = now.astimezone(LONDON).replace(
        hour=typed.hour, minute=typed.minute, second=0, microsecond=0
    )
    if at > now:
        at -= _DAY
    earliest = max(
        one
        for one in (stay.set_at, stay.last_at, now - timedelta(hours=LATE_ENTRY_HOURS))
        if one is not None
    )
    if at < earliest.replace(second=0, microsecond=0):
        form.reject(
            "at",
            wrong="that lies before the check that was recorded last, or too far back",
            mend="Give a time since then. What lies further back goes into a note.",
        )
        return None
    return at


async def _add(visit: Visit, form: Form, stay: StayRow, check: Check) -> Response:
    ground = await ground_of(visit, stay)
    if isinstance(ground, Response):
        return ground
    sheet, version = ground.today
    if len(sheet.checks) >= MOST_CHECKS:
        return visit.tell(_FULL)
    longer = msgspec.structs.replace(sheet, checks=(*sheet.checks, check))
    organisation = opener_of(visit).organisation
    done = await write(
        visit,
        [Changed(content=sheet_content(longer), version=version)],
        [take_turn(organisation, stay.level, stay.turn)],
    )
    if isinstance(done, Response):
        return done
    if done in (TAKEN, CHANGED):
        return _first(visit, form)
    ward = form.values.get("of-ward", "")
    if is_fhir_id(ward) and check.seen != NOT_FOUND:
        return visit.go_to(f"/wards/{ward}/checks?said=checked&of={visit.path('id')}")
    return visit.go_to(f"{person_path(visit)}/check?said=checked")


@page("/patients/{id}/ward/check/strike", gate=STAFF, methods=("POST",))
async def strike_check(visit: Visit) -> Response:
    """A check that was wrong is struck, and stays readable with who struck it."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    stay = await stay_of(visit)
    if stay is None:
        return await at_door(visit, visit.tell(NO_STAY))
    ground = await ground_of(visit, stay)
    if isinstance(ground, Response):
        return ground
    about, now = form.values.get("check", ""), visit.clock.now().replace(microsecond=0)
    for sheet, version in ground.sheets:
        one = next((it for it in sheet.checks if it.id == about), None)
        if one is None or one.recorded < now - STRIKE_WITHIN:
            continue
        if one.is_struck:
            return back_to(visit, "", "already")
        gone = msgspec.structs.replace(one, struck_by=await me(visit), struck_at=now)
        checks = tuple(gone if it.id == about else it for it in sheet.checks)
        shorter = msgspec.structs.replace(sheet, checks=checks)
        done = await write(
            visit,
            [Changed(content=sheet_content(shorter), version=version)],
            [take_turn(opener_of(visit).organisation, stay.level, stay.turn)],
        )
        if isinstance(done, Response):
            return done
        word = "struck" if done == DONE else CHANGED
        return visit.go_to(f"{person_path(visit)}/check?said={word}")
    return visit.tell(NO_SUCH)
