# SPDX-License-Identifier: Apache-2.0
"""What a call came to, as a FHIR ServiceRequest: a disposition, given and to be met by.

https://hl7.org/fhir/R4/servicerequest.html. Times are moments in UTC: an hour is an
hour on the night on which clocks change.
"""

from datetime import datetime

import msgspec

from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.model.person import Person, person_in, reference_to
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, SYSTEM, Disposition
from wardkeep.fhir.urgent.saying import code_in, concept, id_in, instant, text_in
from wardkeep.fhir.work.expects import Content, listed, status_of
from wardkeep.fhir.work.urgent import OUTCOME_CODE, OUTCOME_SYSTEM, is_outcome

TYPE = "ServiceRequest"
SKILL_SYSTEM = "urn:wardkeep:skill"
ACTIVE, COMPLETED, REVOKED = "active", "completed", "revoked"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One of them."""

    id: str
    patient: str
    case: str
    """The id of the Encounter."""
    code: str
    """Of the disposition."""
    words: str
    """The disposition's, as they were when it was given."""
    given: datetime
    due: datetime | None
    by: Person
    why: str = ""
    replaces: str = ""
    """The id of the one before, where a clinician went up or down from it."""
    status: str = ACTIVE

    @property
    def disposition(self) -> Disposition | None:
        """None where the list has no such code any more."""
        return DISPOSITIONS.get(self.code)


def outcome_content(outcome: Outcome) -> Content:
    """It as a resource's content."""
    found = outcome.disposition
    period = {"start": instant(outcome.given)}
    if outcome.due is not None:
        period["end"] = instant(outcome.due)
    content: Content = {
        "resourceType": TYPE,
        "id": outcome.id,
        "status": outcome.status,
        "intent": "order",
        "category": [concept(OUTCOME_SYSTEM, OUTCOME_CODE)],
        "priority": found.priority if found else "urgent",
        "code": concept(SYSTEM, outcome.code, outcome.words),
        "subject": {"reference": f"Patient/{outcome.patient}"},
        "encounter": {"reference": f"Encounter/{outcome.case}"},
        "occurrencePeriod": period,
        "authoredOn": instant(outcome.given),
        "requester": reference_to(outcome.by),
    }
    if found is not None and found.skill:
        content["performerType"] = concept(SKILL_SYSTEM, found.skill)
    if outcome.why:
        content["reasonCode"] = [{"text": outcome.why}]
    if outcome.replaces:
        content["replaces"] = [{"reference": f"{TYPE}/{outcome.replaces}"}]
    return content


def outcome_in(content: Content) -> Outcome | None:
    """Undo it; None where it is no outcome of a call, or says no time."""
    period = content.get("occurrencePeriod")
    span = period if isinstance(period, dict) else {}
    given = moment_in(span.get("start")) or moment_in(content.get("authoredOn"))
    if not is_outcome(content) or given is None:
        return None
    code = content.get("code")
    before = [id_in(one, TYPE) for one in listed(content, "replaces")]
    return Outcome(
        id=str(content.get("id", "")),
        patient=id_in(content.get("subject"), "Patient"),
        case=id_in(content.get("encounter"), "Encounter"),
        code=code_in(code, SYSTEM),
        words=text_in(code),
        given=given,
        due=moment_in(span.get("end")),
        by=person_in(content.get("requester")),
        why="; ".join(filter(None, map(text_in, listed(content, "reasonCode")))),
        replaces=next(filter(None, before), ""),
        status=status_of(content),
    )
