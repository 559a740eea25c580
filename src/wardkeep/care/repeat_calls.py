# SPDX-License-Identifier: Apache-2.0
"""That somebody rang goes to the repeat caller service, with the end of the call.

Once a call: an end that was taken back and said again was one call all the same. Where
no service is set up nothing goes, and whoever answers asks the caller.
"""

import msgspec

from wardkeep.base.ids import new_uuid
from wardkeep.care.opening import me, opener_of
from wardkeep.fhir.bars.outgoing import REPEAT_CALL, REPEAT_CALL_BACK, communication
from wardkeep.fhir.post.repeat_calls import is_enough, submission, withdrawal
from wardkeep.fhir.post.repeat_service import RepeatCalling
from wardkeep.fhir.post.rows import (
    About,
    Post,
    PostRows,
    queue_call,
    queue_call_back,
)
from wardkeep.fhir.post.telling import Told
from wardkeep.fhir.urgent.caller import facts_of
from wardkeep.fhir.urgent.case import Case
from wardkeep.fhir.urgent.repeat import WINDOW
from wardkeep.fhir.work.expects import Content
from wardkeep.web.visit import Visit

_KIND = {"system": "urn:wardkeep:document", "code": REPEAT_CALL}


async def rang(visit: Visit, case: Case, patient: Content) -> Told:
    """What goes with the end of a call; nothing where the service has it already."""
    facts, organisation = facts_of(patient), opener_of(visit).organisation
    if not visit.services[RepeatCalling].is_on or not is_enough(facts):
        return Told()
    there = await visit.services[PostRows].of_case(
        organisation, case.id, kind=REPEAT_CALL
    )
    if there is not None:
        return Told()
    now = visit.clock.now()
    bundle = submission(
        case.id,
        facts,
        began=case.began,
        ended=now,
        provider=visit.session.organisation_name,
    )
    content = await _said(visit, case, bundle)
    about = About(organisation=organisation, patient=case.patient, case=case.id)
    return Told(
        contents=(content,),
        beside=queue_call(
            about, communication=str(content["id"]), began=case.began, now=now
        ),
    )


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """What the repeat caller service was told of a call."""

    first: Post
    back: Post | None
    """That it was somebody else; None: nobody said so."""

    @property
    def can_go_back(self) -> bool:
        return self.back is None and self.first.state != "refused"


async def word_of(visit: Visit, case: str) -> Word | None:
    """None: the service was told nothing."""
    rows, organisation = visit.services[PostRows], opener_of(visit).organisation
    first = await rows.of_case(organisation, case, kind=REPEAT_CALL)
    if first is None:
        return None
    back = await rows.of_case(organisation, case, kind=REPEAT_CALL_BACK)
    return Word(first=first, back=back)


async def somebody_else_rang(visit: Visit, case: Case, word: Word) -> Told:
    """What takes back the word of a call; goes with a change, as it did."""
    now = visit.clock.now()
    content = await _said(visit, case, withdrawal(case.id, began=case.began, now=now))
    about = About(
        organisation=opener_of(visit).organisation, patient=case.patient, case=case.id
    )
    beside = queue_call_back(
        about,
        word.first,
        communication=str(content["id"]),
        useless=case.began + WINDOW,
        now=now,
    )
    return Told(contents=(content,), beside=beside)


async def _said(visit: Visit, case: Case, bundle: Content) -> Content:
    """A Bundle as a Communication of the record."""
    return communication(
        bundle,
        new_uuid(),
        patient=case.patient,
        about=f"Encounter/{case.id}",
        kind=_KIND,
        author=await me(visit),
        now=visit.clock.now(),
    )
