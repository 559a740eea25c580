# SPDX-License-Identifier: Apache-2.0
"""A step of a referral: read from its form, written with what follows from it.

The form carries the version that it was drawn from. Whoever is second is shown what the
first one did beside what they were about to do, and nothing that they typed is lost.
"""

from datetime import date

import msgspec
from starlette.responses import Response

from wardkeep.apps.referrals.opening import (
    REFERRERS,
    Episode,
    Found,
    Me,
    address_of,
    find_episode,
    find_referral,
    save,
    who_am_i,
)
from wardkeep.apps.referrals.replying import codes_for, is_validation, reply_to
from wardkeep.apps.referrals.rights import may_take, steps_open
from wardkeep.apps.referrals.showing import Shown, show_one
from wardkeep.apps.referrals.wording import NEED_WORDS, TO_DO, WORDS
from wardkeep.care.of_patient import refused, whole_number
from wardkeep.care.opening import instant, opener_of
from wardkeep.care.typed import typed_day
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.bars.attendance import MISSED
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.referrals.teams import Teams
from wardkeep.fhir.store.outcomes import Conflict, Written
from wardkeep.fhir.work import caseload
from wardkeep.fhir.work.expects import Content
from wardkeep.fhir.work.referral import TEAM, Done, with_step
from wardkeep.fhir.work.referral_steps import Step
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

LONGEST_WORDS = 2000
NOT_YOURS = Trouble(
    status=403,
    title="This step is not yours",
    why="The team that was asked decides; whoever referred withdraws.",
    mend="Ask somebody of the team, or whoever referred.",
)
Parts = list[tuple[Content, int]]


@page("/patients/{id}/referrals/{referral}", gate=REFERRERS, methods=("POST",))
async def take_step(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    asked = form.values.get("do", "")
    found = await find_referral(visit, visit.path("referral"))
    if isinstance(found, Response):
        return found
    if asked not in TO_DO:
        return visit.tell(NOT_FOUND)
    step, me = Step(asked), await who_am_i(visit)
    if not may_take(step, found.referral, me, team=found.team):
        return visit.tell(NOT_YOURS)
    done = await _read(visit, form, step, found, me)
    if isinstance(done, Response):
        return done
    if form.problems:
        return await show_one(visit, found, me, Shown(form=form, step=step))
    return await _take(visit, form, found, me, done)


async def _take(visit: Visit, form: Form, found: Found, me: Me, done: Done) -> Response:
    built_on = whole_number(form.values.get("version", ""))
    is_open = done.step in steps_open(found, me, visit.clock.now())
    if built_on != found.version or not is_open:
        return await _second(visit, form, found, me, done)
    written = await _written(visit, found, done, form.values.get("outcome", ""))
    if isinstance(written, Response):
        return written
    if isinstance(written, Conflict):
        newest = await find_referral(visit, found.id)
        if isinstance(newest, Response):
            return newest
        return await _second(visit, form, newest, me, done)
    if isinstance(written, Refusal):
        return refused(visit, written, form)
    if isinstance(written, Trouble):
        return visit.tell(written)
    return _said(visit, found, done.step)


async def _written(
    visit: Visit, found: Found, done: Done, code: str
) -> Written | Conflict | Refusal | Trouble | Response:
    """The step with all that goes with it, or nothing."""
    parts = await _parts(visit, found, done)
    if isinstance(parts, Response):
        return parts
    reply = await reply_to(visit, found, done, code=code)
    if isinstance(reply, Response):
        return reply
    return await save(visit, *parts, reply=reply)


async def _second(
    visit: Visit, form: Form, found: Found, me: Me, done: Done
) -> Response:
    """Somebody was first: what they did, and what was to be done; or it was oneself."""
    last = found.referral.steps[-1] if found.referral.steps else None
    if last is not None and _is_same(last, done):
        return _said(visit, found, done.step)
    shown = Shown(form=form, step=done.step, is_second=True)
    return await show_one(visit, found, me, shown)


def _is_same(one: Done, other: Done) -> bool:
    """Whether it is one form sent twice."""
    return msgspec.structs.replace(one, at=other.at) == other


def _said(visit: Visit, found: Found, step: Step) -> Response:
    return visit.go_to(f"{address_of(visit.path('id'), found.id)}?said={step}")


async def _read(
    visit: Visit, form: Form, step: Step, found: Found, me: Me
) -> Done | Response:
    words = ""
    is_absent = form.values.get("outcome") == MISSED
    if step in NEED_WORDS or (is_absent and step is Step.DISCHARGE):
        words = form.text("words", called=WORDS[step], at_most=LONGEST_WORDS)
    elif step in WORDS:
        words = form.optional_text("words", called=WORDS[step], at_most=LONGEST_WORDS)
    _read_code(form, step, found)
    on = _day(visit, form, found) if step is Step.CONTACT else None
    to = await _worker(visit, form, found, me) if step is Step.ALLOCATE else Person()
    if isinstance(to, Response):
        return to
    return Done(
        step=step,
        at=instant(visit),
        by=me.person,
        words=words,
        on="" if on is None else on.isoformat(),
        to=to,
    )


def _read_code(form: Form, step: Step, found: Found) -> None:
    """What came of it, where a code is waited for: of a look, it has to be said."""
    among = tuple(value for value, _ in codes_for(found, step))
    if among and is_validation(found):
        form.choice("outcome", called="what came of it", among=among)
    elif form.values.get("outcome") not in among:
        form.values.pop("outcome", None)


def _day(visit: Visit, form: Form, found: Found) -> date | None:
    """The day of the contact: today where none is typed."""
    today = visit.today
    day = typed_day(form, "on") or today
    received = found.referral.received or day
    if not received <= day <= today:
        form.reject(
            "on-day",
            wrong="That is no day on which it can have been",
            mend="Give a day from when the referral came until today.",
        )
    return day


async def _worker(visit: Visit, form: Form, found: Found, me: Me) -> Person | Response:
    """Whom the team has, by their role in the record; or oneself."""
    workers = await visit.services[Teams].workers(found.team, opener=opener_of(visit))
    if isinstance(workers, Refusal):
        return visit.refuse(workers)
    chosen = form.values.get("to", "")
    known = {one.reference: one for one in (*workers, me.person) if one.reference}
    if chosen not in known:
        form.reject("to", wrong="Nobody is chosen", mend="Choose whose caseload it is.")
    return known.get(chosen, Person())


async def _parts(visit: Visit, found: Found, done: Done) -> Parts | Response:
    """The referral with its step, and the place on a caseload that follows from it."""
    parts: Parts = [(with_step(found.content, done), found.version)]
    touched = done.step
    if touched is Step.UNDO and found.referral.holding:
        touched = found.referral.holding[-1].step
    if touched not in (Step.ALLOCATE, Step.DISCHARGE, Step.WITHDRAW):
        return parts
    episode = await find_episode(visit, found.id)
    if isinstance(episode, Response):
        return episode
    content = _episode(visit, found, done, episode)
    if content is not None:
        parts.append((content, episode.version))
    return parts


def is_ours(found: Found, content: Content) -> bool:
    """Whether the place is on the caseload of the team that was asked, still."""
    at = caseload.id_in(caseload.service_of(content), TEAM)
    return at in ("", found.team)


def _episode(
    visit: Visit, found: Found, done: Done, episode: Episode
) -> Content | None:
    today = visit.today.isoformat()
    if done.step is Step.ALLOCATE:
        return caseload.episode_content(
            id_=episode.id,
            patient=visit.path("id"),
            team=found.referral.team,
            worker=done.to,
            referral=found.id,
            on=today,
        )
    # Without a place that holds, nothing ends, and nothing is there to come back to.
    # One that was handed over to another team is that team's: theirs to end.
    holds = Step.ALLOCATE in [one.step for one in found.referral.holding]
    if episode.content is None or not holds or not is_ours(found, episode.content):
        return None
    if done.step in (Step.DISCHARGE, Step.WITHDRAW):
        return caseload.ended(episode.content, status="finished", on=today)
    if found.referral.holding[-1].step in (Step.DISCHARGE, Step.WITHDRAW):
        return caseload.ended(episode.content, status="active")
    return caseload.ended(episode.content, status="entered-in-error", on=today)
