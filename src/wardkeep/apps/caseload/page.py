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
    Referred,
    grouped,
    line_of,
    todays,
    waits_of,
)
from wardkeep.base.clock import microseconds_since_epoch
from wardkeep.care.asked import heard, listens
from wardkeep.care.colleagues import Mine, mine_of
from wardkeep.care.late import marks_wanted
from wardkeep.care.opening import opener_of
from wardkeep.care.paging import page_asked
from wardkeep.care.people import who_is
from wardkeep.care.risk import risks_wanted
from wardkeep.care.unfinished import own_unfinished
from wardkeep.care.waiting import Waiting, waiting_for
from wardkeep.care.ward_due import overdue_in
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.who_i_am import AskWhomIExpect, WhomIExpect
from wardkeep.fhir.depots.rows import DepotRows
from wardkeep.fhir.model.team import PLACE
from wardkeep.fhir.referrals.clocks import NO_STANDARD, wait_of
from wardkeep.fhir.referrals.rows import ReferralRows
from wardkeep.fhir.referrals.teams import NO_NAME, Teams
from wardkeep.fhir.store.listing import Lister
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.standings import Standings
from wardkeep.fhir.tasks.tasks import Tasks
from wardkeep.fhir.wards.rows import WardRows
from wardkeep.fhir.work.referral_steps import WAITING
from wardkeep.web.gates import Gate
from wardkeep.web.live import Signal
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

CARERS = Gate.SIGNED_IN.only(
    *("doctor", "ward_nurse", "hospice_nurse", "carer", "care_coordinator"),
    *("community_coordinator", "crisis_worker", "urgent_care_clinician"),
    "shift_lead",
)
"""Who treats or cares for people; a desk has its clinics instead."""
A_PAGE = 60
_EVERY_SECONDS, _MOST_WARDS = 60.0, 8
_ELSEWHERE = frozenset({"carer"})
"""Who has patients and no ward: boards are closed to them."""
TOLD = (
    "caseload: name, next contact, alerts, results, due times, depot and risk days,"
    " what waits, referrals"
)
ONLY = (
    ("", "Everybody"),
    ("late", "Something is late"),
    ("results", "Results to look at"),
    ("alerts", "With alerts"),
    ("tasks", "With tasks"),
    ("depots", "Depot due"),
    ("risk", "Risk to look at again"),
)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One page of lines by patient, and under which entry they were listed."""

    lines: dict[str, Line]
    entry: int
    waiting: Waiting


def _hears(visit: Visit) -> Signal:
    """Of a ward's people each minute as well: that a check is late tells nobody."""
    every = _EVERY_SECONDS if PLACE in visit.query("who") else 0.0
    topics = heard(visit, "tasks", "messages", "letters")
    return Signal(topics, every_seconds=every)


@page("/caseload/waiting", gate=CARERS, hears=_hears)
async def show_waiting(visit: Visit) -> Response:
    """How much waits for the visitor, kept up to date; numbers, and nobody's name."""
    live = visit.live(show_waiting, who=visit.query("who"))
    mine = await mine_of(visit)
    waiting = await waiting_for(visit, mine, visit.clock.now())
    if isinstance(waiting, Refusal):
        return visit.refuse(waiting)
    checks = await _overdue_checks(visit, mine)
    return visit.part(
        live, "caseload/waiting_part.html", waiting=waiting, checks=checks
    )


async def _overdue_checks(visit: Visit, mine: Mine) -> int:
    """On the wards where the visitor works just now: a number, told by rows."""
    if visit.session.role in _ELSEWHERE:
        return 0
    organisation, now = opener_of(visit).organisation, visit.clock.now()
    wards = [one.partition("/")[2] for one in mine.teams[:_MOST_WARDS]]
    rows = visit.services[WardRows]
    found = [await rows.stays(organisation, ward, now=now) for ward in wards]
    return sum(overdue_in(stays, now) for stays in found)


@page("/caseload", gate=CARERS)
async def show_caseload(visit: Visit) -> Response:
    expected = await visit.warden.ask(AskWhomIExpect(visit.token), WhomIExpect)
    if isinstance(expected, Refusal):
        return visit.refuse(expected)
    mine = await mine_of(visit)
    live = visit.live(show_waiting, who=listens(mine))
    now = microseconds_since_epoch(visit.clock.now())
    everybody = todays(expected.lines, now=now)
    number = page_asked(visit)
    reasons = everybody[number * A_PAGE : (number + 1) * A_PAGE]
    opener = msgspec.structs.replace(opener_of(visit), request=TOLD)
    shown = await _lines(visit, mine, reasons, opener)
    if isinstance(shown, Refusal):
        return visit.refuse(shown)
    only = visit.query("only")
    kept = {id_: one for id_, one in shown.lines.items() if _is_kept(one, only)}
    return visit.render(
        "caseload/caseload.html",
        live=live,
        waiting=shown.waiting,
        checks=await _overdue_checks(visit, mine),
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
        unfinished=await own_unfinished(visit),
    )


def _is_kept(line: Line, only: str) -> bool:
    wanted = {
        "late": line.is_late,
        "results": line.results,
        "alerts": line.alerts,
        "tasks": line.waits.tasks,
        "depots": line.depots,
        "risk": line.risk.is_late,
    }
    return bool(wanted.get(only, True))


async def _lines(
    visit: Visit, mine: Mine, reasons: Sequence[Reason], opener: Opener
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
    wanted = [*marks_wanted(found), *risks_wanted(found)]
    marks = await standings.marks(wanted, opener=opener)
    if isinstance(marks, Refusal):
        return marks
    tasks = await visit.services[Tasks].of_patients(ids, opener=opener)
    if isinstance(tasks, Refusal):
        return tasks
    waiting = await waiting_for(visit, mine, now)
    if isinstance(waiting, Refusal):
        return waiting
    referred = await _referred(visit, ids, opener)
    if isinstance(referred, Refusal):
        return referred
    depots = await visit.services[DepotRows].of_patients(opener.organisation, ids)
    stays = await visit.services[WardRows].of_patients(
        opener.organisation, ids, now=now
    )
    why = {one.patient: one for one in reasons}
    lines = {
        one.id: line_of(
            why[one.id],
            who_is(one.id, one.text, visit.today),
            found[one.id],
            marks,
            waits_of(
                one.id,
                tasks.get(one.id, ()),
                waiting,
                referred=referred.get(one.id, ()),
                now=now,
            ),
            depots=depots,
            stay=stays.get(one.id),
            now=now,
        )
        for one in people.patients
        if one.id in found
    }
    return Shown(lines=lines, entry=people.entry, waiting=waiting)


async def _referred(
    visit: Visit, ids: Sequence[str], opener: Opener
) -> dict[str, tuple[Referred, ...]] | Refusal:
    """For which teams the patients wait, by patient: names and days, no reason."""
    rows = await visit.services[ReferralRows].of_patients(opener.organisation, ids)
    rows = [one for one in rows if one.state in WAITING]
    if not rows:
        return {}
    teams = await visit.services[Teams].all(opener=opener)
    if isinstance(teams, Refusal):
        return teams
    today = visit.today
    found: dict[str, tuple[Referred, ...]] = {}
    for one in rows:
        team = teams.get(one.team)
        standard = NO_STANDARD if team is None else team.standard
        wait = wait_of(
            standard, received=one.received_on, stopped=one.stopped_on, today=today
        )
        name = NO_NAME if team is None else team.name
        line = Referred(name, wait.words, wait.is_late)
        found[one.patient] = (*found.get(one.patient, ()), line)
    return found


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
