# SPDX-License-Identifier: Apache-2.0
"""That somebody rang goes to the repeat caller service, with the end of the call.

Once a call: an end that was taken back and said again was one call all the same. Where
no service is set up nothing goes, and whoever answers asks the caller.
"""

from wardkeep.base.ids import new_uuid
from wardkeep.care.opening import me, opener_of
from wardkeep.fhir.bars.outgoing import REPEAT_CALL, communication
from wardkeep.fhir.post.repeat_calls import is_enough, submission
from wardkeep.fhir.post.repeat_service import RepeatCalling
from wardkeep.fhir.post.rows import About, PostRows, queue_call
from wardkeep.fhir.post.telling import Told
from wardkeep.fhir.urgent.caller import facts_of
from wardkeep.fhir.urgent.case import Case
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
    content = communication(
        bundle,
        new_uuid(),
        patient=case.patient,
        about=f"Encounter/{case.id}",
        kind=_KIND,
        author=await me(visit),
        now=now,
    )
    about = About(organisation=organisation, patient=case.patient, case=case.id)
    return Told(
        contents=(content,),
        beside=queue_call(
            about, communication=str(content["id"]), began=case.began, now=now
        ),
    )
