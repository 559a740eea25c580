# SPDX-License-Identifier: Apache-2.0
"""Handing a caseload over: chosen, looked at, signed for once, done one by one.

Done means: whoever takes over a colleague's list chooses people on one page, reads who
goes to whom, signs once, and each change is an entry and a version of its own. If it is
interrupted, the same page goes on; what somebody else changed meanwhile is left alone
and says so. Rejected: moving the whole list by a setting of the team (nobody would see
whose care moved), and a signature for each.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.apps.referrals.opening import NOT_IN_TEAM, REFERRERS, all_teams, who_am_i
from wardkeep.base.ids import derived_uuid, is_uuid, new_uuid
from wardkeep.care.opening import opener_of
from wardkeep.care.paging import page_asked
from wardkeep.care.people import banners_in
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.handing_over import MOST_HANDED_OVER, HandOver
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.referrals.hand_overs import (
    MOVED,
    PLANNED,
    REFUSED,
    HandOverPlan,
    HandOvers,
    Item,
)
from wardkeep.fhir.referrals.rows import Place, ReferralRows
from wardkeep.fhir.referrals.teams import Team, Teams
from wardkeep.fhir.store.listing import Lister
from wardkeep.fhir.work.referral import TEAM
from wardkeep.ui.banner import Banner
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

Move = tuple[str, str, str]
"""Episode, team and worker that it goes to."""
A_PAGE = 40
"""People on a page, and chosen one by one: more are handed over as a whole caseload."""
TOLD = "caseload of a team: name, whose caseload, since when"
_CHOSEN = "episode-"


class Directory(msgspec.Struct, frozen=True, kw_only=True):
    """Teams and their people, by what they are called."""

    teams: dict[str, Team]
    workers: dict[str, tuple[Person, ...]]

    def name(self, practitioner: str) -> str:
        reference = f"Practitioner/{practitioner}"
        for people in self.workers.values():
            for one in people:
                if one.reference == reference:
                    return one.words
        return "Somebody who is in no team" if practitioner else "Nobody"

    def team(self, id_: str) -> str:
        return self.teams[id_].name if id_ in self.teams else "A team that is gone"

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Everybody to whom somebody may go: team and person, and their words."""
        return [
            (f"{one.id}|{_id(who)}", f"{one.name}: {who.words}")
            for one in self.teams.values()
            if one.is_active
            for who in self.workers.get(one.id, ())
        ]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One person of a list."""

    episode: str
    banner: Banner
    patient: str
    was: str
    to: str = ""
    outcome: str = ""
    since: str = ""


def _id(person: Person) -> str:
    return person.reference.partition("/")[2]


async def directory_of(visit: Visit) -> Directory | Response:
    teams = await all_teams(visit)
    if isinstance(teams, Response):
        return teams
    workers = await visit.services[Teams].everybody(opener=opener_of(visit))
    if isinstance(workers, Refusal):
        return visit.refuse(workers)
    return Directory(teams=teams, workers=workers)


async def find_mine(visit: Visit) -> Directory | Response:
    """Where the team in the address is one of the visitor's."""
    directory = await directory_of(visit)
    if isinstance(directory, Response):
        return directory
    if visit.path("team") not in directory.teams:
        return visit.tell(NOT_FOUND)
    is_mine = visit.path("team") in (await who_am_i(visit)).teams
    return directory if is_mine else visit.tell(NOT_IN_TEAM)


@page("/referrals/teams/{team}/caseload", gate=REFERRERS)
async def show_team_caseload(visit: Visit) -> Response:
    directory = await find_mine(visit)
    if isinstance(directory, Response):
        return directory
    return await show_caseload_page(visit, directory, Form({}))


async def show_caseload_page(
    visit: Visit, directory: Directory, form: Form
) -> Response:
    team, worker = visit.path("team"), visit.query("worker")
    organisation = opener_of(visit).organisation
    places = await visit.services[ReferralRows].caseload(organisation, team)
    kept = [one for one in places if worker in ("", one.worker)]
    number = page_asked(visit)
    shown = kept[number * A_PAGE : (number + 1) * A_PAGE]
    banners = await _banners(visit, [one.patient for one in shown])
    if isinstance(banners, Refusal):
        return visit.refuse(banners, form)
    problems = tuple(form.problems.values())
    return visit.render(
        "referrals/caseload.html",
        status=422 if problems else 200,
        team=directory.teams[team],
        lines=[
            _of_caseload(one, banners, directory)
            for one in shown
            if one.patient in banners
        ],
        workers=_by_worker(places, directory),
        worker=worker,
        total=len(kept),
        page=number,
        is_more=len(kept) > (number + 1) * A_PAGE,
        choices=[("", "Choose somebody"), *directory.choices],
        typed={"which": new_uuid()} | form.values,
        problems=problems,
        most=A_PAGE,
        whole=_whole(worker, kept, directory),
    )


def _whole(
    worker: str, kept: Sequence[Place], directory: Directory
) -> tuple[str, int, list[tuple[str, str]]] | None:
    """Whose caseload may go as a whole, how many, and to whom; None where nobody's."""
    if not worker or not kept:
        return None
    others = [one for one in directory.choices if not one[0].endswith(f"|{worker}")]
    return directory.name(worker), min(len(kept), MOST_HANDED_OVER), others


def _of_caseload(one: Place, banners: dict[str, Banner], directory: Directory) -> Line:
    return Line(
        episode=one.episode,
        patient=one.patient,
        banner=banners[one.patient],
        was=directory.name(one.worker),
        since=one.began_on.isoformat(),
    )


def _by_worker(
    places: Sequence[Place], directory: Directory
) -> list[tuple[str, str, int]]:
    """Whose caseloads there are, and how many each has."""
    workers = dict.fromkeys(one.worker for one in places if one.worker)
    return [
        (one, directory.name(one), sum(place.worker == one for place in places))
        for one in workers
    ]


async def _banners(
    visit: Visit, patients: Sequence[str]
) -> dict[str, Banner] | Refusal:
    opener = msgspec.structs.replace(opener_of(visit), request=TOLD)
    people = await visit.services[Lister].people(patients, opener=opener)
    if isinstance(people, Refusal):
        return people
    return banners_in(people.patients, visit.today)


@page("/referrals/teams/{team}/caseload", gate=REFERRERS, methods=("POST",))
async def plan_hand_over(visit: Visit) -> Response:
    """Keep what was chosen; nobody is moved by it."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    directory = await find_mine(visit)
    if isinstance(directory, Response):
        return directory
    which = form.values.get("which", "")
    if not is_uuid(which):
        return visit.tell(NOT_FOUND)
    chosen = [name.removeprefix(_CHOSEN) for name in form.values if _CHOSEN in name]
    among = tuple(value for value, _ in directory.choices)
    to = form.choice("to", called="who takes over", among=among)
    if not chosen:
        form.reject("people", wrong="Nobody is chosen", mend="Choose whose care moves.")
    team, rows = visit.path("team"), visit.services[ReferralRows]
    organisation = opener_of(visit).organisation
    here = {one.episode for one in await rows.caseload(organisation, team)}
    if form.problems or not set(chosen) <= here:
        return await show_caseload_page(visit, directory, form)
    to_team, _, to_worker = to.partition("|")
    moves = [(one, to_team, to_worker) for one in chosen[:A_PAGE]]
    return await keep_plan(visit, which, moves, named_by=sorted(moves))


async def keep_plan(
    visit: Visit,
    which: str,
    moves: Sequence[Move],
    *,
    named_by: Sequence[Move],
) -> Response:
    """Plan it from the team in the address; the same form twice is one plan.

    By what is chosen too: whoever goes back and chooses others makes another plan.
    """
    team = visit.path("team")
    plan = derived_uuid("hand-over", which, team, *map("|".join, named_by))
    await visit.services[HandOvers].plan(
        opener_of(visit).organisation,
        plan,
        moves,
        from_team=team,
        by=visit.session.account,
        now=visit.clock.now(),
    )
    return visit.go_to(f"/referrals/hand-overs/{plan}")


async def find_plan(visit: Visit) -> tuple[HandOverPlan, Directory] | Response:
    """The plan in the address, where the visitor is in the team that hands over."""
    id_ = visit.path("plan")
    organisation = opener_of(visit).organisation
    plan = (
        await visit.services[HandOvers].one(organisation, id_) if is_uuid(id_) else None
    )
    if plan is None:
        return visit.tell(NOT_FOUND)
    if plan.from_team not in (await who_am_i(visit)).teams:
        return visit.tell(NOT_IN_TEAM)
    directory = await directory_of(visit)
    return directory if isinstance(directory, Response) else (plan, directory)


@page("/referrals/hand-overs/{plan}", gate=REFERRERS)
async def show_hand_over(visit: Visit) -> Response:
    found = await find_plan(visit)
    if isinstance(found, Response):
        return found
    plan, directory = found
    number = page_asked(visit)
    shown = plan.items[number * A_PAGE : (number + 1) * A_PAGE]
    banners = await _banners(visit, [one.patient for one in shown])
    if isinstance(banners, Refusal):
        return visit.refuse(banners)
    return visit.render(
        "referrals/hand_over.html",
        plan=plan,
        team=directory.team(plan.from_team),
        lines=[
            _of_plan(one, banners, directory) for one in shown if one.patient in banners
        ],
        total=len(plan.items),
        shares=_shares(plan, directory),
        page=number,
        is_more=len(plan.items) > (number + 1) * A_PAGE,
        not_taken_back=await _not_taken_back(visit, plan),
        left=len(left_of(plan)),
        moved=sum(one.outcome == MOVED for one in plan.items),
        is_signed=visit.query("signed") == "yes",
        is_mine=plan.made_by == visit.session.account,
    )


def _shares(plan: HandOverPlan, directory: Directory) -> list[tuple[str, int]]:
    """How many each of those who take over gets."""
    to = Counter((one.to_team, one.to_worker) for one in plan.items)
    return [
        (f"{directory.name(worker)}, {directory.team(team)}", many)
        for (team, worker), many in to.items()
    ]


async def _not_taken_back(visit: Visit, plan: HandOverPlan) -> int:
    """How many were handed over after it was planned to take it back."""
    if not plan.undone_by:
        return 0
    organisation = opener_of(visit).organisation
    back = await visit.services[HandOvers].one(organisation, plan.undone_by)
    known = {one.episode for one in back.items} if back else set()
    moved = [one for one in plan.items if one.outcome == MOVED]
    return sum(one.episode not in known for one in moved)


def left_of(plan: HandOverPlan) -> list[Item]:
    """Those with whom nothing was done yet, or where the door said no.

    Whom it refused come last, so that one of them does not keep the others waiting.
    """
    left = [one for one in plan.items if one.outcome in (PLANNED, REFUSED)]
    return sorted(left, key=lambda one: one.outcome == REFUSED)


def _of_plan(one: Item, banners: dict[str, Banner], directory: Directory) -> Line:
    return Line(
        episode=one.episode,
        patient=one.patient,
        banner=banners[one.patient],
        was=f"{directory.name(one.was_worker)}, {directory.team(one.was_team)}",
        to=f"{directory.name(one.to_worker)}, {directory.team(one.to_team)}",
        outcome=one.outcome,
    )


@page("/referrals/hand-overs/{plan}/sign", gate=REFERRERS, methods=("POST",))
async def sign_hand_over(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await find_plan(visit)
    if isinstance(found, Response):
        return found
    plan, directory = found
    address = f"/referrals/hand-overs/{plan.id}"
    return await ask_to_confirm(
        visit,
        act_of(plan, directory, form.values.get("reason", "")),
        back=address,
        after=f"{address}?signed=yes",
        button="Sign with my passkey",
    )


def act_of(plan: HandOverPlan, directory: Directory, reason: str) -> HandOver:
    """What is signed: everybody in it, done already or not."""
    moves = [
        (one.patient, f"Practitioner/{one.to_worker}", f"{TEAM}/{one.to_team}")
        for one in plan.items
    ]
    workers = {one.to_worker for one in plan.items}
    teams = {plan.from_team, *(one.to_team for one in plan.items)}
    names = [(f"Practitioner/{one}", directory.name(one)) for one in sorted(workers)]
    names += [(f"{TEAM}/{one}", directory.team(one)) for one in sorted(teams)]
    return HandOver(
        id=plan.id,
        team=f"{TEAM}/{plan.from_team}",
        reason=reason.strip(),
        moves=tuple(moves),
        names=tuple(names),
    )
