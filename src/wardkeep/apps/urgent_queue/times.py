# SPDX-License-Identifier: Apache-2.0
"""Within what the next step is taken here: read by all, set by the shift lead.

Done means, to whoever answers for the service: the numbers stand in one place, with
those that Wardkeep comes with beside them, and who set what, when and why; they hold
from the next step of each case on, and move nothing that was promised. Rejected: a
setting of the operator's (no clinician answers for it); one for each queue (nobody
remembers seven times ten).
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.urgent_queue.opening import BOARD, LEADS, NOBODY_YET, STAFF, leads
from wardkeep.care.of_patient import CHANGED, whole_number
from wardkeep.care.opening import me, opener_of
from wardkeep.care.queue_setting import Set, setting_now
from wardkeep.care.writing import content_of, drafted
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import NotFound, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.urgent.times import (
    BY_NAME,
    ID,
    TIMES,
    TYPE,
    Setting,
    Times,
    setting_content,
    setting_in,
    times_of,
)
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

TIMES_PATH = f"{BOARD}/times"
LONGEST = 600
MOST_OLDER = 10
SAID = {
    "kept": ("They hold from the next step of each case on.", True),
    "same": ("These are the numbers that hold already, so nothing was changed.", True),
}


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """What was set once."""

    setting: Setting
    words: str


def set_words(times: Times) -> str:
    """What differs from what Wardkeep comes with."""
    said = [
        f"{BY_NAME[name].words} {times.number(name)} {BY_NAME[name].unit}"
        for name in BY_NAME
        if name in times.own
    ]
    return "; ".join(said) or "As Wardkeep comes"


@page(TIMES_PATH, gate=STAFF)
async def show_times(visit: Visit) -> Response:
    return await _show(visit, Form({}))


async def _show(visit: Visit, form: Form) -> Response:
    now = await setting_now(visit)
    problems = tuple(form.problems.values())
    before = await _before(visit, now)
    if isinstance(before, Response):
        return before
    return visit.render(
        "urgent_queue/times.html",
        status=422 if problems else 200,
        kinds=TIMES,
        times=now.times,
        setting=now.setting,
        version=now.version,
        before=before,
        values=form.values
        or {one.name: str(now.times.number(one.name)) for one in TIMES},
        problems=problems,
        leads=leads(visit),
        most=LONGEST,
        said=SAID.get(visit.query("said")),
    )


async def _before(visit: Visit, now: Set) -> list[Before] | Response:
    """What was set before, the newest first; what no page wrote is left out."""
    found: list[Before] = []
    least = max(0, now.version - 1 - MOST_OLDER)
    for version in range(now.version - 1, least, -1):
        opened = await visit.services[Reader].one(
            TYPE, ID, opener=opener_of(visit), version=version
        )
        if isinstance(opened, Refusal):
            return visit.refuse(opened)
        if isinstance(opened, NotFound):
            continue
        setting = setting_in(content_of(opened.resources[0].text))
        if setting is not None:
            found.append(Before(setting=setting, words=set_words(setting.times)))
    return found


@page(TIMES_PATH, gate=LEADS, methods=("POST",))
async def set_times(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    by = await me(visit)
    if not by.reference:
        return visit.tell(NOBODY_YET)
    numbers = {
        one.name: form.whole_number(
            one.name, called=one.words.lower(), least=one.least, most=one.most
        )
        for one in TIMES
    }
    why = form.text("why", called="why they are changed", at_most=LONGEST)
    if form.problems:
        return await _show(visit, form)
    times = times_of({name: one for name, one in numbers.items() if one is not None})
    now = await setting_now(visit)
    if times == now.times:
        return visit.go_to(f"{TIMES_PATH}?said=same")
    setting = Setting(times=times, by=by, at=visit.clock.now(), why=why)
    written = await visit.services[Writer].write(
        Change(
            drafts=[drafted(setting_content(setting))],
            expected=[whole_number(form.values.get("version", ""))],
        ),
        opener=opener_of(visit),
    )
    if isinstance(written, Refusal):
        return visit.refuse(written)
    if not isinstance(written, Written):
        return visit.tell(CHANGED)
    return visit.go_to(f"{TIMES_PATH}?said=kept")
