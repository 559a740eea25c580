# SPDX-License-Identifier: Apache-2.0
"""Doing a hand-over that was signed for, and planning to take it back.

Each place on a caseload is a change by itself, marked as done in the same transaction:
stopped anywhere, it goes on there, and nobody is moved twice.
"""

from starlette.responses import Response

from wardkeep.apps.referrals.handing_over import Directory, find_plan, left_of
from wardkeep.apps.referrals.opening import REFERRERS
from wardkeep.base.ids import derived_uuid
from wardkeep.care.opening import opener_of
from wardkeep.care.writing import content_of, drafted_anew
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.handing_over import (
    HandOver,
    ReadSignedHandOver,
    SignedHandOverView,
)
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.referrals.hand_overs import (
    CHANGED,
    MOVED,
    REFUSED,
    HandOverPlan,
    HandOvers,
    Item,
    marked_beside,
)
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import NotFound, OpenedResource, Opener, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.work import caseload
from wardkeep.fhir.work.referral import TEAM
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

AT_ONCE_SECONDS = 5.0
"""After which whoever waits is told how far it is."""
NOT_WHAT_WAS_SIGNED = Trouble(
    status=409,
    title="This is not what was signed for",
    why="The plan was changed after the signature.",
    mend="Look at it again, and sign for what stands there now.",
)


@page("/referrals/hand-overs/{plan}/go", gate=REFERRERS, methods=("POST",))
async def hand_over(visit: Visit) -> Response:
    await visit.leave_nothing_unread()
    found = await find_plan(visit)
    if isinstance(found, Response):
        return found
    plan, directory = found
    asked = ReadSignedHandOver(visit.token, plan.id)
    signed = await visit.warden.ask(asked, SignedHandOverView)
    if isinstance(signed, Refusal):
        return visit.refuse(signed)
    opener = opener_of(visit, reason=f"Handing over: {signed.act.reason}")
    until = visit.clock.monotonic_seconds() + AT_ONCE_SECONDS
    for item in left_of(plan):
        if visit.clock.monotonic_seconds() >= until:
            # Many take a while: the page says how far it is, and goes on from there.
            return visit.go_to(f"/referrals/hand-overs/{plan.id}?signed=yes")
        if not _covers(signed.act, item):
            return visit.tell(NOT_WHAT_WAS_SIGNED)
        outcome = await _move(visit, plan, item, directory, opener)
        if isinstance(outcome, Refusal):
            return visit.refuse(outcome)
    return visit.go_to(f"/referrals/hand-overs/{plan.id}")


def _covers(act: HandOver, item: Item) -> bool:
    to = (f"Practitioner/{item.to_worker}", f"{TEAM}/{item.to_team}")
    return (item.patient, *to) in act.moves


async def _move(
    visit: Visit,
    plan: HandOverPlan,
    item: Item,
    directory: Directory,
    opener: Opener,
) -> str | Refusal:
    """What came of one: `moved`, or `changed` where it is not as it was planned."""
    opened = await visit.services[Reader].one(
        caseload.TYPE, item.episode, opener=opener
    )
    if isinstance(opened, Refusal):
        await _mark(visit, plan, item, REFUSED)
        return opened
    if isinstance(opened, NotFound) or not _is_as_planned(opened.resources[0], item):
        return await _mark(visit, plan, item, CHANGED)
    [one] = opened.resources
    written = await visit.services[Writer].write(
        _change(visit, plan, item, directory, one), opener=opener
    )
    if isinstance(written, Refusal):
        await _mark(visit, plan, item, REFUSED)
        return written
    if isinstance(written, Written):
        return MOVED
    return await _mark(visit, plan, item, CHANGED)


def _change(
    visit: Visit,
    plan: HandOverPlan,
    item: Item,
    directory: Directory,
    one: OpenedResource,
) -> Change:
    worker = Person()
    if item.to_worker:
        name = directory.name(item.to_worker)
        worker = Person(f"Practitioner/{item.to_worker}", name)
    moved = caseload.moved(
        content_of(one.text),
        team=Person(f"{TEAM}/{item.to_team}", directory.team(item.to_team)),
        worker=worker,
    )
    organisation, now = opener_of(visit).organisation, visit.clock.now()
    mark = marked_beside(organisation, plan.id, item.episode, MOVED, now=now)
    return Change(drafts=[drafted_anew(moved)], expected=[one.version], beside=[mark])


def _is_as_planned(one: OpenedResource, item: Item) -> bool:
    """Whether nobody moved or ended it since it was chosen."""
    content = content_of(one.text)
    worker = caseload.id_in(caseload.worker_of(content), "Practitioner")
    team = caseload.id_in(caseload.service_of(content), TEAM)
    is_same = (team, worker) == (item.was_team, item.was_worker)
    return is_same and one.patient == item.patient and caseload.is_open(content)


async def _mark(visit: Visit, plan: HandOverPlan, item: Item, outcome: str) -> str:
    organisation, now = opener_of(visit).organisation, visit.clock.now()
    kept = visit.services[HandOvers]
    await kept.mark(organisation, plan.id, item.episode, outcome, now=now)
    return outcome


@page("/referrals/hand-overs/{plan}/back", gate=REFERRERS, methods=("POST",))
async def plan_back(visit: Visit) -> Response:
    """The same the other way round, to be signed as any: one for each hand-over."""
    await visit.leave_nothing_unread()
    found = await find_plan(visit)
    if isinstance(found, Response):
        return found
    plan, _ = found
    back = derived_uuid("hand-over-back", plan.id)
    moves = [
        (one.episode, one.was_team, one.was_worker)
        for one in plan.items
        if one.outcome == MOVED
    ]
    if moves:
        organisation, kept = opener_of(visit).organisation, visit.services[HandOvers]
        is_new = await kept.plan(
            organisation,
            back,
            moves,
            from_team=plan.from_team,
            by=visit.session.account,
            now=visit.clock.now(),
            undoes=plan.id,
        )
        if not is_new:
            # It was planned before all of them had moved: the others come to it, and
            # what was signed for by then covers none of them.
            await kept.add(organisation, back, moves)
    return visit.go_to(f"/referrals/hand-overs/{back if moves else plan.id}")
