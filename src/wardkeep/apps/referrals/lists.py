# SPDX-License-Identifier: Apache-2.0
"""A team's list: what is new, who waits and since when; and what oneself referred.

Done means: the urgent stand first and say so in words, of these who is due soonest,
then whoever has waited longest, and whoever waits too long is counted at the top. Who
they are comes through the door as a list, each in the ledger; why they were referred is
opened with the referral.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec
from starlette.responses import Response

from wardkeep.apps.referrals.opening import (
    NOT_IN_TEAM,
    REFERRERS,
    all_teams,
    who_am_i,
)
from wardkeep.apps.referrals.wording import PRIORITIES, STATES
from wardkeep.care.opening import opener_of
from wardkeep.care.paging import page_asked
from wardkeep.care.people import banners_in
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.referrals.clocks import NO_STANDARD, Wait, bands_of, wait_of
from wardkeep.fhir.referrals.rows import Listed, ReferralRows
from wardkeep.fhir.referrals.teams import Team
from wardkeep.fhir.store.listing import Lister
from wardkeep.fhir.work.referral import Priority
from wardkeep.fhir.work.referral_steps import OPEN, WAITING, State
from wardkeep.ui.banner import Banner
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

A_PAGE = 20
"""As many as one question to the door names: each person shown is one of those whom a
role may expect in a day, 60 for some."""
ENDED_SHOWN = timedelta(days=30)
TOLD = "referrals: name, how urgent, where it is, days waited, known to another team"
TO_TRIAGE = frozenset({State.NEW, State.TRIAGE})
SHOWN = {
    "": ("To triage", TO_TRIAGE),
    "asked": ("More information asked", frozenset({State.ASKED})),
    "waiting": ("Accepted, waiting", frozenset({State.ACCEPTED, State.ALLOCATED})),
    "seen": ("Seen", frozenset({State.SEEN})),
    "ended": ("Ended in the last 30 days", frozenset(State) - OPEN - {State.MISTAKE}),
}
"""Parts of a team's list, by the word in the address."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One referral of a list."""

    row: Listed
    banner: Banner
    wait: Wait
    team: str
    """Its name."""


class Mine(msgspec.Struct, frozen=True, kw_only=True):
    """A team of one's own, with how much there is to do."""

    team: Team
    to_triage: int
    urgent: int
    """Of these, not routine."""
    waiting: int


@page("/referrals", gate=REFERRERS)
async def show_my_referrals(visit: Visit) -> Response:
    """One's teams, and what became of what one referred."""
    teams = await all_teams(visit)
    if isinstance(teams, Response):
        return teams
    me, rows = await who_am_i(visit), visit.services[ReferralRows]
    organisation, today = opener_of(visit).organisation, visit.today
    mine = [
        _mine(team, await rows.counts(organisation, team.id))
        for team in teams.values()
        if team.id in me.teams
    ]
    sent = await rows.of_requester(
        organisation, sorted(me.practitioners), since=today - ENDED_SHOWN
    )
    page_ = page_asked(visit)
    lines = await _lines(visit, _slice(sent, page_), teams)
    if isinstance(lines, Refusal):
        return visit.refuse(lines)
    return visit.render(
        "referrals/mine.html",
        mine=mine,
        lines=lines,
        total=len(sent),
        page=page_,
        is_more=len(sent) > (page_ + 1) * A_PAGE,
        is_somebody=bool(me.practitioners),
        states=STATES,
        priorities=PRIORITIES,
    )


@page("/referrals/teams/{team}", gate=REFERRERS)
async def show_team(visit: Visit) -> Response:
    teams = await all_teams(visit)
    if isinstance(teams, Response):
        return teams
    team = teams.get(visit.path("team"))
    if team is None:
        return visit.tell(NOT_FOUND)
    if team.id not in (await who_am_i(visit)).teams:
        return visit.tell(NOT_IN_TEAM)
    asked = visit.query("show") if visit.query("show") in SHOWN else ""
    today, organisation = visit.today, opener_of(visit).organisation
    rows = await visit.services[ReferralRows].of_team(
        organisation, team.id, states=list(State), since=today - ENDED_SHOWN
    )
    part = [one for one in rows if one.state in SHOWN[asked][1]]
    page_ = page_asked(visit)
    lines = await _lines(visit, _slice(part, page_), teams)
    if isinstance(lines, Refusal):
        return visit.refuse(lines)
    waits = [_wait(team, one, today) for one in rows if one.state in WAITING]
    return visit.render(
        "referrals/team.html",
        team=team,
        lines=lines,
        shown=asked,
        parts=[
            (name, words, sum(one.state in states for one in rows))
            for name, (words, states) in SHOWN.items()
        ],
        urgent=[
            (words, _urgent(rows, which))
            for which, (words, _) in PRIORITIES.items()
            if which is not Priority.ROUTINE
        ],
        bands=bands_of(team.standard, waits),
        late=sum(one.is_late for one in waits),
        waiting=len(waits),
        oldest=max((one.days for one in waits), default=0),
        page=page_,
        is_more=len(part) > (page_ + 1) * A_PAGE,
        total=len(part),
        said=visit.query("said"),
        states=STATES,
        priorities=PRIORITIES,
    )


def _urgent(rows: Sequence[Listed], which: Priority) -> int:
    """How many of them wait for somebody to decide."""
    return sum(one.priority is which and one.state in TO_TRIAGE for one in rows)


def _mine(team: Team, counts: dict[tuple[State, Priority], int]) -> Mine:
    def many(states: frozenset[State], *, is_urgent: bool = False) -> int:
        return sum(
            many
            for (state, priority), many in counts.items()
            if state in states and not (is_urgent and priority is Priority.ROUTINE)
        )

    return Mine(
        team=team,
        to_triage=many(TO_TRIAGE),
        urgent=many(TO_TRIAGE, is_urgent=True),
        waiting=many(frozenset({State.ACCEPTED, State.ALLOCATED})),
    )


async def _lines(
    visit: Visit, rows: Sequence[Listed], teams: dict[str, Team]
) -> list[Line] | Refusal:
    """The same with who they are, through the door."""
    opener = msgspec.structs.replace(opener_of(visit), request=TOLD)
    ids = list(dict.fromkeys(one.patient for one in rows))
    people = await visit.services[Lister].people(ids, opener=opener)
    if isinstance(people, Refusal):
        return people
    today = visit.today
    banners = banners_in(people.patients, today)
    return [
        Line(
            row=one,
            banner=banners[one.patient],
            wait=_wait(teams.get(one.team), one, today),
            team=teams[one.team].name if one.team in teams else "Another team",
        )
        for one in rows
        if one.patient in banners
    ]


def _wait(team: Team | None, one: Listed, today: date) -> Wait:
    standard = NO_STANDARD if team is None else team.standard
    return wait_of(
        standard, received=one.received_on, stopped=one.stopped_on, today=today
    )


def _slice(rows: Sequence[Listed], page_: int) -> Sequence[Listed]:
    return rows[page_ * A_PAGE : (page_ + 1) * A_PAGE]
