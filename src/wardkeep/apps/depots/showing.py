# SPDX-License-Identifier: Apache-2.0
"""A patient's depots: what is due when, and all that became of it, the newest first.

Done means: whoever stands there with a syringe reads first which medicine, which dose,
which side it was last time, and from when until when it may be given; then what was
done before, by whom, from which batch.
"""

from datetime import date
from typing import Any

import msgspec
from starlette.responses import Response

from wardkeep.apps.depots.opening import GIVERS, Found, Opened, depots_of, find_depot
from wardkeep.apps.depots.typed import LONGEST_WORDS
from wardkeep.care.depots import TAGS
from wardkeep.care.keeping import Keeping
from wardkeep.care.of_patient import READERS
from wardkeep.fhir.depots.codes import COUNTS, NOT_GIVEN, ROUTES, SIDES, UNITS
from wardkeep.fhir.depots.dose import Dose
from wardkeep.fhir.depots.due import left_words
from wardkeep.fhir.depots.schedule import (
    CAN_BE_STRUCK,
    PUT_OFF,
    STRUCK,
    TITLES,
    Entry,
    Schedule,
    every_words,
)
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

_ALREADY = "It was saved already, and is there once."
SAID = {
    "begun": "The schedule is saved.",
    "given": "It is recorded as given.",
    "not-given": "It is recorded as not given. It stays due.",
    "put-off": "The new day is saved.",
    "stop": "The schedule is stopped.",
    "change": "The schedule is changed.",
    "taken-back": "It is taken back, and stays readable below.",
    "mistake": "The schedule is marked as entered in error.",
    "already": _ALREADY,
    "changed": "Somebody else changed this schedule just now, so nothing was done."
    " Read it as it is now.",
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One entry, in words."""

    entry: Entry
    title: str
    dose: Dose | None
    amount: str
    reason: str
    is_struck: bool
    can_be_struck: bool


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One schedule as pages show it."""

    id: str
    version: int
    schedule: Schedule
    tag: str
    colour: str
    left: str
    route: str
    every: str
    counts: str
    last: Line | None
    lines: tuple[Line, ...]

    @property
    def is_open(self) -> bool:
        return self.schedule.ended is None


def shown_of(found: Found, today: date) -> Shown:
    one = found.schedule
    tag, colour = TAGS[one.window.on(today)]
    lines = tuple(_line(it, found) for it in reversed(one.entries))
    given = one.last_given
    return Shown(
        id=one.id,
        version=found.version,
        schedule=one,
        tag=tag if one.ended is None else "",
        colour=colour,
        left=left_words(one.due, today),
        route=ROUTES[one.route].words,
        every=every_words(one.every),
        counts=COUNTS[one.counts],
        last=next((it for it in lines if given and it.entry.id == given.id), None),
        lines=lines,
    )


def _line(entry: Entry, found: Found) -> Line:
    one = found.schedule
    about = next((it for it in one.entries if it.id == entry.about), None)
    title = TITLES[entry.kind]
    if entry.kind == STRUCK and about is not None:
        title = f"Taken back: {TITLES[about.kind].lower()}"
    if entry.to is not None and entry.kind == PUT_OFF and entry.due is not None:
        title = TITLES[PUT_OFF] if entry.to > entry.due else "Brought forward"
    kept = found.doses.get(entry.id)
    dose = None if kept is None else kept.dose
    is_struck = entry.id in one.struck
    amount = ""
    if dose is not None and dose.dose is not None:
        amount = f"{dose.dose} {UNITS[dose.unit]}"
    return Line(
        entry=entry,
        title=title,
        dose=dose,
        amount=amount,
        reason="" if dose is None else NOT_GIVEN.get(dose.reason, ""),
        is_struck=is_struck,
        can_be_struck=entry.kind in CAN_BE_STRUCK
        and not is_struck
        and entry.id != "marked",
    )


def form_facts(
    visit: Visit,
    opened: Opened,
    shown: Shown | None,
    form: Form,
    keeping: Keeping,
    *,
    is_second: bool,
) -> dict[str, Any]:
    """What each of the three forms is drawn with, and the status that it has."""
    problems = tuple(form.problems.values())
    met = is_second and not keeping.is_resumed
    return {
        "status": 422 if problems else 409 if met else 200,
        "id": visit.path("id"),
        "banner": opened.banner,
        "one": shown,
        "typed": form.values,
        "problems": problems,
        "keeping": keeping,
        "is_second": is_second,
        "latest": None if shown is None else next(iter(shown.lines), None),
        "most": LONGEST_WORDS,
    }


def other_side(one: Schedule) -> str:
    """The side that alternates with the last one; empty before the first."""
    last = one.last_given
    sides = [it for it in SIDES if last is not None and it != last.side]
    return sides[0] if last is not None and last.side and sides else ""


@page("/patients/{id}/depots", gate=READERS)
async def show_depots(visit: Visit) -> Response:
    opened = await depots_of(visit)
    if isinstance(opened, Response):
        return opened
    shown = [shown_of(one, visit.today) for one in opened.depots]
    return visit.render(
        "depots/of_patient.html",
        id=visit.path("id"),
        banner=opened.banner,
        open=[one for one in shown if one.is_open],
        ended=[one for one in shown if not one.is_open],
        may_write=GIVERS.admits(visit.session.role),
        said=SAID.get(visit.query("said"), ""),
    )


@page("/patients/{id}/depots/{depot}", gate=READERS)
async def show_depot(visit: Visit) -> Response:
    found = await find_depot(visit)
    if isinstance(found, Response):
        return found
    opened, one = found
    return visit.render(
        "depots/depot.html",
        id=visit.path("id"),
        banner=opened.banner,
        one=shown_of(one, visit.today),
        may_write=GIVERS.admits(visit.session.role),
        said=SAID.get(visit.query("said"), ""),
    )
