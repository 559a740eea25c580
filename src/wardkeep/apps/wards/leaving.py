# SPDX-License-Identifier: Apache-2.0
"""Leave from the ward: planned, gone, back, called off; the bed is kept.

For somebody under a section of the Mental Health Act the page shows what leave was
authorised under section 17, and warns where none of it covers the time. It warns, and
does not forbid: an authority may lie on paper, and somebody at the door waits.
"""

from datetime import UTC, datetime, timedelta

import msgspec
from starlette.responses import Response

from wardkeep.apps.wards.opening import (
    DONE,
    NO_STAY,
    STAFF,
    Changed,
    Sent,
    at_door,
    back_to,
    board_of,
    carry_out,
    read_as,
    rows,
    sent,
    stored,
    stored_or_none,
    who_stays,
)
from wardkeep.base.clock import LONDON
from wardkeep.base.ids import derived_uuid, new_uuid
from wardkeep.care.keeping import Keeping, finish, go_on, resume
from wardkeep.care.kept_forms import LEAVE
from wardkeep.care.legal_status import sections_of
from wardkeep.care.opening import me, opener_of
from wardkeep.care.typed import moment_of, typed_moment
from wardkeep.fhir.mha.section import Section
from wardkeep.fhir.wards import stay as stays
from wardkeep.fhir.wards.leave import (
    ESCORT_WORDS,
    LONGEST,
    TYPE,
    Authority,
    Leave,
    State,
    authorities,
    leave_content,
    needs_authority,
    read_leave,
)
from wardkeep.fhir.wards.rows import StayRow
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

LONGEST_WORDS = 1000
_SLACK, _AHEAD = timedelta(minutes=10), timedelta(days=60)


class Covered(msgspec.Struct, frozen=True, kw_only=True):
    """What the Act says of leave for this patient."""

    sections: tuple[Section, ...]
    """Those in force under which leave needs an authority."""
    authorities: tuple[Authority, ...]

    @property
    def is_needed(self) -> bool:
        return needs_authority(self.sections)

    def covers(self, leave: Leave) -> bool:
        return not self.is_needed or any(one.covers(leave) for one in self.authorities)


async def covered(visit: Visit) -> Covered | Response:
    found = await sections_of(visit)
    if isinstance(found, Response):
        return found
    sections = tuple(one.section for one in found if one.section.facts.ended is None)
    return Covered(
        sections=sections,
        authorities=tuple(authorities(sections, visit.clock.now())),
    )


@page("/patients/{id}/ward/leave", gate=STAFF)
async def show_leave(visit: Visit) -> Response:
    keeping = await resume(visit, LEAVE)
    if isinstance(keeping, Response):
        return keeping
    now = visit.clock.now()
    form = Form(
        {
            "which": new_uuid(),
            "from": typed_moment(now),
            "until": typed_moment(now + timedelta(hours=1)),
        }
        | keeping.values
    )
    return await _show(visit, form, keeping)


async def _show(
    visit: Visit, form: Form, keeping: Keeping, *, is_uncovered: bool = False
) -> Response:
    who = await who_stays(visit)
    if isinstance(who, Response):
        return who
    banner, stay = who
    said = await covered(visit)
    if isinstance(said, Response):
        return said
    problems = tuple(form.problems.values())
    return visit.render(
        "wards/leave.html",
        status=422 if problems or is_uncovered else 200,
        id=visit.path("id"),
        banner=banner,
        stay=stay,
        said=said,
        escorts=tuple(ESCORT_WORDS.items()),
        is_uncovered=is_uncovered,
        ward=board_of(visit, form),
        typed=form.values,
        problems=problems,
        keeping=keeping,
        most=LONGEST_WORDS,
    )


@page("/patients/{id}/ward/leave", gate=STAFF, methods=("POST",))
async def plan_leave(visit: Visit) -> Response:
    got = await sent(visit, is_new=True)
    if isinstance(got, Response):
        return got
    if got.stay is None:
        return await at_door(visit, visit.tell(NO_STAY))
    id_ = derived_uuid("ward-leave", visit.path("id"), got.which)
    before = await stored_or_none(visit, TYPE, id_)
    if isinstance(before, Response):
        return before
    if before is not None:
        await finish(visit, got.form)
        return back_to(visit, got.ward, "already")
    return await _plan(visit, got, await _typed(visit, got.form, id_))


async def _plan(visit: Visit, got: Sent, leave: Leave | None) -> Response:
    """Warn where no authority covers it, once; then take it, and say so on the page."""
    said = await covered(visit)
    if isinstance(said, Response):
        return said
    is_uncovered = leave is not None and not said.covers(leave)
    is_meant = got.form.values.get("all-the-same") == "yes"
    if leave is None or (is_uncovered and not is_meant):
        return await _again(visit, got.form, got.which, is_uncovered=is_uncovered)
    changed = [Changed(content=leave_content(leave), version=0)]
    done = await carry_out(visit, "planned", changed)
    if isinstance(done, Response):
        return done
    await finish(visit, got.form)
    return back_to(visit, got.ward, "planned" if done == DONE else "already")


async def _again(
    visit: Visit, form: Form, which: str, *, is_uncovered: bool
) -> Response:
    keeping = await go_on(visit, LEAVE, form, note=which)
    if isinstance(keeping, Response):
        return keeping
    return await _show(visit, form, keeping, is_uncovered=is_uncovered)


async def _typed(visit: Visit, form: Form, id_: str) -> Leave | None:
    now = visit.clock.now()
    begins = typed_time(form, "from", "from when", now)
    until = typed_time(form, "until", "back by", now)
    escort = form.choice("escort", called="who goes along", among=tuple(ESCORT_WORDS))
    words = form.text(
        "conditions", called="where to, and conditions", at_most=LONGEST_WORDS
    )
    if begins is not None and until is not None:
        if until <= max(begins, now):
            form.reject(
                "until", wrong="it is over before it begins", mend="Give a later time."
            )
        elif until - begins > LONGEST:
            form.reject(
                "until",
                wrong="a leave that long is no time out from a ward",
                mend="Give a time within 31 days, or discharge the patient.",
            )
    if form.problems or begins is None or until is None:
        return None
    return Leave(
        id=id_,
        patient=visit.path("id"),
        begins=begins,
        until=until,
        escort=escort,
        conditions=words,
        by=await me(visit),
        planned=now.replace(microsecond=0),
    )


def typed_time(form: Form, name: str, called: str, now: datetime) -> datetime | None:
    """A moment in UTC; a problem where it is none, or lies behind or far ahead."""
    typed = moment_of(form.values.get(name, "").strip())
    if typed is None:
        form.reject(
            name,
            wrong=f"{called}: a day and a time are missing",
            mend="Give both, as in 2026-11-29T14:30.",
        )
        return None
    at = typed.astimezone(UTC)
    is_skipped = at.astimezone(LONDON).replace(tzinfo=None) != typed.replace(
        tzinfo=None
    )
    if is_skipped or not now - _SLACK <= at <= now + _AHEAD:
        form.reject(
            name,
            wrong=f"{called}: that time cannot be taken",
            mend="Give a time from now on, within 60 days.",
        )
        return None
    return at


_STEPS = {"out": State.OUT, "back": State.BACK, "cancel": State.CANCELLED}
_FROM = {
    State.OUT: State.PLANNED,
    State.BACK: State.OUT,
    State.CANCELLED: State.PLANNED,
}
_DID = {State.OUT: "out", State.BACK: "back", State.CANCELLED: "cancelled"}


@page("/patients/{id}/ward/leave/{leave}/{step}", gate=STAFF, methods=("POST",))
async def step_leave(visit: Visit) -> Response:
    """Gone, back, called off. Pressed by two at once it is done once."""
    got = await sent(visit)
    if isinstance(got, Response):
        return got
    became = _STEPS.get(visit.path("step"))
    if became is None:
        return visit.tell(NOT_FOUND)
    found = await read_as(visit, TYPE, visit.path("leave"), read_leave)
    if isinstance(found, Response):
        return found
    if found[0].state is not _FROM[became]:
        word = "already" if found[0].state is became else "changed"
        return back_to(visit, got.ward, word)
    return await _step(visit, got, found, became)


async def _step(
    visit: Visit, got: Sent, found: tuple[Leave, int], became: State
) -> Response:
    now = visit.clock.now().replace(microsecond=0)
    content = leave_content(_stepped(found[0], became, now))
    stay = await _stay_at(visit, got.stay, became, now)
    if isinstance(stay, Response):
        return stay
    changed = [Changed(content=content, version=found[1]), *stay]
    done = await carry_out(visit, _DID[became], changed)
    if isinstance(done, Response):
        return done
    return back_to(visit, got.ward, _DID[became] if done == DONE else "changed")


def _stepped(leave: Leave, became: State, now: datetime) -> Leave:
    if became is State.OUT:
        return msgspec.structs.replace(leave, state=became, went=now)
    if became is State.BACK:
        return msgspec.structs.replace(leave, state=became, back=now)
    return msgspec.structs.replace(leave, state=became)


async def _stay_at(
    visit: Visit, stay: StayRow | None, became: State, now: datetime
) -> list[Changed] | Response:
    """The stay says it too; calling a leave off changes nothing of it."""
    if became is State.CANCELLED:
        return []
    if stay is None:
        if became is not State.OUT:
            return []
        return await at_door(visit, visit.tell(NO_STAY))
    found = await stored(visit, stays.TYPE, stay.stay)
    if isinstance(found, Response):
        return found
    if became is State.OUT:
        stays.go_on_leave(found.content, now)
    else:
        stays.come_back(found.content, now)
    return [Changed(content=found.content, version=found.version)]


@page("/patients/{id}/ward/back", gate=STAFF, methods=("POST",))
async def come_back(visit: Visit) -> Response:
    """Back from leave that other software wrote: nobody said until when."""
    got = await sent(visit)
    if isinstance(got, Response):
        return got
    stay = got.stay
    if stay is None:
        return await at_door(visit, visit.tell(NO_STAY))
    if stay.out or not stay.is_away:
        return back_to(visit, got.ward, "changed")
    found = await stored(visit, stays.TYPE, stay.stay)
    if isinstance(found, Response):
        return found
    stays.come_back(found.content, visit.clock.now())
    changed = Changed(content=found.content, version=found.version)
    done = await carry_out(visit, "back", [changed])
    if isinstance(done, Response):
        return done
    return back_to(visit, got.ward, "back" if done == DONE else done)


async def leaves_of(visit: Visit) -> list[Leave] | Response:
    """The patient's, those under way and planned first."""
    organisation, found = opener_of(visit).organisation, []
    for id_ in await rows(visit).leaves_of(organisation, visit.path("id")):
        one = await read_as(visit, TYPE, id_, read_leave)
        if isinstance(one, Response):
            return one
        found.append(one[0])
    return found
