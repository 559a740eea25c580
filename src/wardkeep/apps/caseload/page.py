# SPDX-License-Identifier: Apache-2.0
"""The caseload: who is today's work and why, what is due, and nothing of the record.

Done means: whoever signs in sees today's patients first, late things marked, and opens
a chart with one press. Who they are comes through the door as a list, each named in the
ledger; that something is due is told by times and tokens. Rejected: everybody whom ties
explain (clinics of two weeks ago are nobody's work today, and would spend the budget),
and alerts and scores in words (forty records opened for one look).
"""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.apps.caseload.lines import (
    Line,
    Reason,
    grouped,
    line_of,
    marks_wanted,
    todays,
)
from wardkeep.base.clock import microseconds_since_epoch
from wardkeep.care.opening import opener_of
from wardkeep.care.people import who_is
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.who_i_am import AskWhomIExpect, WhomIExpect
from wardkeep.fhir.store.listing import Lister
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.standings import Standings
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

CARERS = Gate.SIGNED_IN.only(
    *("doctor", "ward_nurse", "hospice_nurse", "carer", "care_coordinator"),
    *("community_coordinator", "crisis_worker", "urgent_care_clinician"),
    "shift_lead",
)
"""Who treats or cares for people; a desk has its clinics instead."""
A_PAGE = 60
TOLD = "caseload: name, next contact, alerts, results and due times"
ONLY = (
    ("", "Everybody"),
    ("late", "Something is late"),
    ("results", "Results to look at"),
    ("alerts", "With alerts"),
)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One page of lines by patient, and under which entry they were listed."""

    lines: dict[str, Line]
    entry: int


@page("/caseload", gate=CARERS)
async def show_caseload(visit: Visit) -> Response:
    expected = await visit.warden.ask(AskWhomIExpect(visit.token), WhomIExpect)
    if isinstance(expected, Refusal):
        return visit.refuse(expected)
    now = microseconds_since_epoch(visit.clock.now())
    everybody = todays(expected.lines, now=now)
    number = _page(visit)
    reasons = everybody[number * A_PAGE : (number + 1) * A_PAGE]
    opener = msgspec.structs.replace(opener_of(visit), request=TOLD)
    shown = await _lines(visit, reasons, opener)
    if isinstance(shown, Refusal):
        return visit.refuse(shown)
    only = visit.query("only")
    kept = {id_: one for id_, one in shown.lines.items() if _is_kept(one, only)}
    return visit.render(
        "caseload/caseload.html",
        groups=grouped(reasons, kept, await _places(visit, reasons, opener)),
        total=len(everybody),
        shown=len(shown.lines),
        kept=len(kept),
        late=sum(one.is_late for one in shown.lines.values()),
        entry=shown.entry,
        only=only,
        filters=ONLY,
        page=number,
        is_more=len(everybody) > (number + 1) * A_PAGE,
        left_out=expected.left_out,
    )


def _page(visit: Visit) -> int:
    asked = visit.query("page")
    return min(int(asked), 99) if asked.isdecimal() and len(asked) < 4 else 0  # noqa: PLR2004 - three digits


def _is_kept(line: Line, only: str) -> bool:
    wanted = {"late": line.is_late, "results": line.results, "alerts": line.alerts}
    return bool(wanted.get(only, True))


async def _lines(
    visit: Visit, reasons: Sequence[Reason], opener: Opener
) -> Shown | Refusal:
    """The people, through the door first; then how they stand."""
    ids = [one.patient for one in reasons]
    people = await visit.services[Lister].people(ids, opener=opener)
    if isinstance(people, Refusal):
        return people
    now = visit.clock.now()
    standings = visit.services[Standings]
    found = await standings.of(ids, now=now, opener=opener)
    if isinstance(found, Refusal):
        return found
    marks = await standings.marks(marks_wanted(found), opener=opener)
    if isinstance(marks, Refusal):
        return marks
    why = {one.patient: one for one in reasons}
    lines = {
        one.id: line_of(
            why[one.id],
            who_is(one.id, one.text, now.date()),
            found[one.id],
            marks,
            now=now,
        )
        for one in people.patients
        if one.id in found
    }
    return Shown(lines=lines, entry=people.entry)


class _Place(msgspec.Struct):
    name: str = ""


async def _places(
    visit: Visit, reasons: Sequence[Reason], opener: Opener
) -> dict[str, str]:
    """Names of wards and clinics; one that cannot be read goes by its kind alone."""
    wanted = {one.place for one in reasons if one.place}
    pairs = [("Location", one.partition("/")[2]) for one in sorted(wanted)]
    if not pairs:
        return {}
    found = await visit.services[Reader].shared(pairs, opener=opener)
    if isinstance(found, Refusal):
        return {}
    names = {
        f"Location/{one.id}": msgspec.json.decode(one.text, type=_Place).name
        for one in found.resources
    }
    return {place: name for place, name in names.items() if name}
