# SPDX-License-Identifier: Apache-2.0
"""A journey as a FHIR EpisodeOfCare: the calls about one matter (docs/formats/call.md).

https://hl7.org/fhir/R4/episodeofcare.html. It is made with its first case in one
change; each case names it as `episodeOfCare`. It has no care manager and no team, so
nobody expects the patient by it, and it is on no caseload.
"""

from datetime import datetime

from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.urgent.case import Case
from wardkeep.fhir.urgent.saying import concept, id_in, instant
from wardkeep.fhir.work.caseload import TYPE
from wardkeep.fhir.work.expects import Content, listed
from wardkeep.fhir.work.urgent import JOURNEY_CODE, JOURNEY_SYSTEM

ACTIVE, FINISHED, MISTAKE = "active", "finished", "entered-in-error"


def journey_id(case: str) -> str:
    """Of the journey that begins with a case."""
    return derived_uuid("journey", case)


def journey_content(case: Case, status: str = ACTIVE) -> Content:
    """The journey that begins with a case."""
    return {
        "resourceType": TYPE,
        "id": journey_id(case.id),
        "status": status,
        "type": [concept(JOURNEY_SYSTEM, JOURNEY_CODE, "Urgent care")],
        "patient": {"reference": f"Patient/{case.patient}"},
        "period": {"start": instant(case.began)},
    }


def of_journey(case: Content, journey: str) -> Content:
    """A case's Encounter, with the journey that it belongs to."""
    return {**case, "episodeOfCare": [{"reference": f"{TYPE}/{journey}"}]}


def journey_of(case: Content) -> str:
    """The id of the journey that an Encounter names; empty: none."""
    named = (id_in(one, TYPE) for one in listed(case, "episodeOfCare"))
    return next(filter(None, named), "")


def journey_over(journey: Content, at: datetime) -> Content:
    """Nothing more is to be done about the matter."""
    period = journey.get("period")
    span = period if isinstance(period, dict) else {}
    return {**journey, "status": FINISHED, "period": {**span, "end": instant(at)}}
