# SPDX-License-Identifier: Apache-2.0
"""What is missing in a data set: how much in each team, and of one's own team where.

Numbers are for whoever works here; which records they are is for the team alone. They
stand here by their ids: who it is, the record says to whoever may open it.
"""

from typing import NamedTuple

from starlette.responses import Response

from wardkeep.base.clock import microseconds_since_epoch
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.data_sets.reports import A_PAGE, Line, Report, Reports
from wardkeep.fhir.data_sets.specification import Rule, Specification, specification
from wardkeep.fhir.referrals.teams import Team, Teams
from wardkeep.fhir.work.referral import TEAM
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

QUALITY = Gate.SIGNED_IN.only(
    "privacy_officer",
    "administrator",
    "care_coordinator",
    "community_coordinator",
    "crisis_worker",
    "doctor",
    "ward_nurse",
    "shift_lead",
    "receptionist",
)
NOT_YOUR_TEAM = Trouble(
    status=403,
    title="You are not in this team",
    why="Which records lack something is for whoever works in the team just now.",
    mend="Ask an administrator to put you into it, or ask somebody of the team.",
)
_WHERE = {
    "referral": "referrals/{}",
    "contact": "contacts/{}",
    "activity": "contacts/{}",
    "detention": "mental-health-act/{}",
    "spell": "visits",
    "ward_stay": "visits",
    "score": "assessments",
    "coordinator": "referrals",
}
"""Where in a record something is mended, by the kind of facts."""
_MOST_DIGITS = 18


class Told(NamedTuple):
    """One rule in one team, in words."""

    rule: str
    words: str
    mend: str
    is_left_out: bool


class OfTeam(NamedTuple):
    """What is told of one team."""

    id: str
    name: str
    is_mine: bool
    told: list[Told]


async def _my_teams(visit: Visit) -> frozenset[str]:
    work = await visit.work()
    places = work.places if work is not None else ()
    found = (one.partition("/") for one in places)
    return frozenset(id_ for kind, _, id_ in found if kind == TEAM)


async def _teams(visit: Visit) -> dict[str, Team] | Response:
    found = await visit.services[Teams].all(opener=opener_of(visit))
    return visit.refuse(found) if isinstance(found, Refusal) else found


def _team_name(teams: dict[str, Team], id_: str) -> str:
    if not id_:
        return "The organisation itself"
    return teams[id_].name if id_ in teams else "A team that is gone"


async def _reports(visit: Visit) -> list[Report]:
    return await visit.services[Reports].newest(opener_of(visit).organisation)


@page("/data-quality", gate=QUALITY)
async def show_quality(visit: Visit) -> Response:
    reports = await _reports(visit)
    chosen = visit.query("report")
    report = next((one for one in reports if one.id == chosen), None)
    report = report or next(iter(reports), None)
    if report is None:
        return visit.render("data_sets/quality.html", report=None)
    teams = await _teams(visit)
    if isinstance(teams, Response):
        return teams
    known = specification(report.data_set)
    return visit.render(
        "data_sets/quality.html",
        report=report,
        made_at=microseconds_since_epoch(report.made_at),
        reports=[one for one in reports if one.id != report.id],
        title=known.title,
        of_teams=_of_teams(report, teams, await _my_teams(visit)),
    )


def _of_teams(
    report: Report, teams: dict[str, Team], mine: frozenset[str]
) -> list[OfTeam]:
    """One's own teams first, then by name."""
    known = specification(report.data_set)
    found: dict[str, OfTeam] = {}
    for one in report.counts.faults:
        team = found.setdefault(
            one.team,
            OfTeam(one.team, _team_name(teams, one.team), one.team in mine, []),
        )
        rule = known.rule_named(one.rule)
        if rule is not None:
            words = known.words(rule, one.count)
            team.told.append(Told(one.rule, words, rule.mend, one.is_left_out))
    return sorted(found.values(), key=lambda one: (not one.is_mine, one.name))


@page("/data-quality/{report}/{team}", gate=QUALITY)
async def show_faults(visit: Visit) -> Response:
    """The records of one's own team that lack one thing, by links."""
    team, code = visit.path("team"), visit.query("rule")
    reports = await _reports(visit)
    report = next((one for one in reports if one.id == visit.path("report")), None)
    if report is None:
        return visit.tell(NOT_FOUND)
    known = specification(report.data_set)
    rule = known.rule_named(code)
    if rule is None:
        return visit.tell(NOT_FOUND)
    if team not in await _my_teams(visit):
        return visit.tell(NOT_YOUR_TEAM)
    teams = await _teams(visit)
    if isinstance(teams, Response):
        return teams
    lines = await visit.services[Reports].lines(
        opener_of(visit).organisation,
        report.id,
        team=team,
        rule=code,
        after=_after(visit),
    )
    return visit.render(
        "data_sets/faults.html",
        report=report,
        team=_team_name(teams, team),
        team_id=team,
        rule=rule,
        lines=[(one, _link(known, rule, one)) for one in lines[:A_PAGE]],
        after=lines[A_PAGE - 1].number if len(lines) > A_PAGE else 0,
        is_later=_after(visit) > 0,
        title=known.title,
    )


def _after(visit: Visit) -> int:
    typed = visit.query("after")
    is_number = typed.isascii() and typed.isdigit() and len(typed) <= _MOST_DIGITS
    return int(typed) if is_number else 0


def _link(known: Specification, rule: Rule, line: Line) -> str:
    source = next(one.source for one in known.table if one.name == rule.table)
    below = _WHERE.get(source, "").format(line.resource)
    return f"/patients/{line.patient}/{below}".rstrip("/")
