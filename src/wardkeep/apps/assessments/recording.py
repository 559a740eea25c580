# SPDX-License-Identifier: Apache-2.0
"""What signing an assessment writes: the response, its score, and its alerts.

An alert on the banner is ended by people alone. It is taken back by the assessment
that set it, where that is amended so that it no longer says it, or was an error: then
it tells of the assessment before, if that still says so and nobody ended its alert.
"""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.apps.assessments.opening import Shelved, Whole, assessment_in
from wardkeep.care.of_patient import refused
from wardkeep.care.opening import opener_of
from wardkeep.care.writing import content_of, drafted, drafted_anew
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.assessments.assessment import WRONG, Act, resource_of
from wardkeep.fhir.assessments.scores import (
    flag_id,
    flag_of,
    observation_of,
    standing_of,
)
from wardkeep.fhir.questionnaires.questionnaire import Questionnaire
from wardkeep.fhir.questionnaires.response import Answered
from wardkeep.fhir.questionnaires.scale import Alarm, alarms_of, result_of
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.draft import Draft, draft_of
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.work.expects import Content
from wardkeep.ui.format import read_moment, show_moment
from wardkeep.web.visit import Visit

_FLAG = "Flag"
_MOST_VERSIONS = 20


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written."""

    act: Act
    questionnaire: Questionnaire
    given: Answered
    before: Whole | None
    based_on: int


async def change_of(visit: Visit, signed: Signed) -> Change | Response:
    """The response over the version it builds on; the rest follows from it."""
    act = signed.act
    made = resource_of(act, signed.questionnaire, signed.given)
    drafts: list[Draft] = [draft_of(made, act.id)]
    result = result_of(signed.questionnaire, signed.given.answers)
    had_total = _had_total(signed.before)
    if result is not None and (result.total is not None or had_total):
        now = visit.clock.now()
        drafts.append(
            drafted(observation_of(act, signed.questionnaire, result, now=now))
        )
    flags = await _flags(visit, signed)
    if isinstance(flags, Response):
        return flags
    drafts += flags
    expected: list[int | None] = [signed.based_on, *[None for _ in drafts[1:]]]
    return Change(drafts=drafts, expected=expected)


def _had_total(before: Whole | None) -> bool:
    return (
        before is not None
        and before.result is not None
        and before.result.total is not None
    )


async def _flags(visit: Visit, signed: Signed) -> Sequence[Draft] | Response:
    alarms = alarms_of(signed.questionnaire, signed.given.answers)
    drafts: list[Draft] = []
    for alarm in alarms:
        made = await _set(visit, signed, alarm)
        if isinstance(made, Response):
            return made
        drafts += made
    still = {one.link for one in alarms}
    gone = [one for one in alarms_before(signed.before) if one.link not in still]
    taken = await taken_back(visit, signed.before, gone)
    return taken if isinstance(taken, Response) else [*drafts, *taken]


def alarms_before(before: Whole | None) -> tuple[Alarm, ...]:
    return before.alarms if before is not None else ()


async def _set(visit: Visit, signed: Signed, alarm: Alarm) -> list[Draft] | Response:
    """The alert, unless a newer assessment's stands there, or this one set it before.

    So amending something else brings no alert back that somebody has ended.
    """
    act, questionnaire = signed.act, signed.questionnaire
    found = await _flag(visit, flag_id(act.patient, questionnaire, alarm.link))
    if isinstance(found, Response):
        return found
    standing = standing_of(found) if found else None
    said_before = any(
        (one.link, one.answer) == (alarm.link, alarm.answer)
        for one in alarms_before(signed.before)
    )
    if standing and standing.assessment == act.id and said_before:
        return []
    since = read_moment(standing.since) if standing else None
    is_newer = since is not None and since > act.answered
    is_anothers = standing is not None and standing.assessment != act.id
    if standing and is_newer and is_anothers and not standing.is_wrong:
        return []
    when = show_moment(act.answered.isoformat())
    return [drafted(flag_of(act, questionnaire, alarm, when=when))]


async def taken_back(
    visit: Visit, before: Whole | None, gone: Sequence[Alarm]
) -> list[Draft] | Response:
    """Alerts that this assessment set and that no longer hold."""
    if before is None or before.questionnaire is None:
        return []
    drafts = []
    for alarm in gone:
        id_ = flag_id(before.one.patient, before.questionnaire, alarm.link)
        found = await _flag(visit, id_)
        if isinstance(found, Response):
            return found
        standing = standing_of(found) if found else None
        if found and standing and standing.assessment == before.one.id:
            earlier = await _earlier(visit, id_, before.one.id, alarm.link)
            content = earlier or {**content_of(found), "status": WRONG}
            drafts.append(drafted_anew(content))
    return drafts


async def _earlier(
    visit: Visit, flag: str, assessment: str, link: str
) -> Content | None:
    """The alert as another assessment set it, where it says so still; else None."""
    opened = await visit.services[Reader].one(_FLAG, flag, opener=opener_of(visit))
    newest = (
        0 if isinstance(opened, Refusal | NotFound) else opened.resources[0].version
    )
    for version in range(newest - 1, max(0, newest - 1 - _MOST_VERSIONS), -1):
        found = await _flag(visit, flag, version=version)
        standing = standing_of(found) if isinstance(found, bytes) and found else None
        if standing is None:
            return None
        if standing.is_wrong or standing.assessment == assessment:
            continue
        if not standing.is_active:
            return None
        if isinstance(found, bytes) and await _says(visit, standing.assessment, link):
            return content_of(found)
    return None


async def _says(visit: Visit, assessment: str, link: str) -> bool:
    """Whether an assessment stands, and alarms by this question."""
    one = await assessment_in(visit, assessment)
    if isinstance(one, Response) or one.is_wrong:
        return False
    whole = await Shelved(visit).whole(one)
    return any(alarm.link == link for alarm in whole.alarms)


async def _flag(
    visit: Visit, id_: str, *, version: int | None = None
) -> bytes | Response:
    """An alert as it stands, or as it stood; empty where there is none."""
    opened = await visit.services[Reader].one(
        _FLAG, id_, opener=opener_of(visit), version=version
    )
    if isinstance(opened, NotFound):
        return b""
    if isinstance(opened, Refusal):
        return refused(visit, opened)
    is_theirs = opened.resources[0].patient == visit.path("id")
    return opened.resources[0].text if is_theirs else b""
