# SPDX-License-Identifier: Apache-2.0
"""Leave that lasts longer than was planned: somebody rings from outside, and may stay.

Done means: the board calls nobody late whom the ward has told to come later; until when
it had been, who prolonged it and why stays readable; where section 17 does not cover
the longer time, the page says so before it is saved. Rejected: planning a second leave
(two that overlap, and the first is overdue), and a later time alone (nobody reads why).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from starlette.responses import Response

from wardkeep.apps.wards.leaving import covered, typed_time
from wardkeep.apps.wards.opening import (
    DONE,
    STAFF,
    Changed,
    Sent,
    back_to,
    board_of,
    carry_out,
    read_as,
    sent,
    who_stays,
)
from wardkeep.care.of_patient import whole_number
from wardkeep.care.opening import me
from wardkeep.care.typed import typed_moment
from wardkeep.fhir.wards.leave import (
    LONGEST,
    TYPE,
    Leave,
    State,
    leave_content,
    prolonged,
    read_leave,
)
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

LONGEST_WHY = 400
_USUAL = timedelta(hours=1)
_LASTING = frozenset({State.PLANNED, State.OUT})
Read = tuple[Leave, int]


@page("/patients/{id}/ward/leave/{leave}/longer", gate=STAFF)
async def show_longer(visit: Visit) -> Response:
    found = await _found(visit)
    if isinstance(found, Response):
        return found
    if found[0].state not in _LASTING:
        return back_to(visit, board_of(visit, Form({})), "changed")
    later = max(found[0].until, visit.clock.now()) + _USUAL
    return await _show(visit, found, Form({"until": typed_moment(later)}))


async def _found(visit: Visit) -> Read | Response:
    return await read_as(visit, TYPE, visit.path("leave"), read_leave)


async def _show(
    visit: Visit, found: Read, form: Form, *, is_uncovered: bool = False
) -> Response:
    who = await who_stays(visit)
    if isinstance(who, Response):
        return who
    said = await covered(visit)
    if isinstance(said, Response):
        return said
    problems = tuple(form.problems.values())
    typed: Mapping[str, str] = form.values
    return visit.render(
        "wards/longer.html",
        status=422 if problems or is_uncovered else 200,
        id=visit.path("id"),
        banner=who[0],
        one=found[0],
        version=found[1],
        said=said,
        is_uncovered=is_uncovered,
        ward=board_of(visit, form),
        typed=typed,
        problems=problems,
        most=LONGEST_WHY,
    )


@page("/patients/{id}/ward/leave/{leave}/longer", gate=STAFF, methods=("POST",))
async def prolong_leave(visit: Visit) -> Response:
    """Pressed by two at once it is done once; who is back is not out for longer."""
    got = await sent(visit)
    if isinstance(got, Response):
        return got
    found = await _found(visit)
    if isinstance(found, Response):
        return found
    leave, version = found
    if leave.state not in _LASTING:
        return back_to(visit, got.ward, "changed")
    if whole_number(got.form.values.get("version", "")) != version:
        is_mine = _is_done(leave, got.form)
        return back_to(visit, got.ward, "already" if is_mine else "changed")
    until = _read(visit, got.form, leave)
    if until is None:
        return await _show(visit, found, got.form)
    return await _prolong(visit, got, found, until)


def _is_done(leave: Leave, form: Form) -> bool:
    """Whether the newest version says what this form says: it was sent twice."""
    last = leave.longer[-1] if leave.longer else None
    return (
        last is not None
        and typed_moment(leave.until) == form.values.get("until", "").strip()
        and last.why == form.values.get("why", "").strip()
    )


def _read(visit: Visit, form: Form, leave: Leave) -> datetime | None:
    now = visit.clock.now()
    until = typed_time(form, "until", "back by", now)
    form.text("why", called="why it is prolonged", at_most=LONGEST_WHY)
    if until is not None and until <= leave.until:
        mend = "Give a later time. Who comes back earlier comes back."
        form.reject("until", wrong="that is no later than it was", mend=mend)
    elif until is not None and until - leave.begins > LONGEST:
        form.reject(
            "until",
            wrong="a leave that long is no time out from a ward",
            mend="Give a time within 31 days of its start, or discharge the patient.",
        )
    return None if form.problems else until


async def _prolong(visit: Visit, got: Sent, found: Read, until: datetime) -> Response:
    """Warn where no authority covers it, once; then take it."""
    said = await covered(visit)
    if isinstance(said, Response):
        return said
    leave = prolonged(
        found[0],
        until,
        at=visit.clock.now().replace(microsecond=0),
        by=await me(visit),
        why=got.form.text("why", called="why it is prolonged", at_most=LONGEST_WHY),
    )
    if not said.covers(leave) and got.form.values.get("all-the-same") != "yes":
        return await _show(visit, found, got.form, is_uncovered=True)
    changed = [Changed(content=leave_content(leave), version=found[1])]
    done = await carry_out(visit, "longer", changed)
    if isinstance(done, Response):
        return done
    return back_to(visit, got.ward, "longer" if done == DONE else "changed")
