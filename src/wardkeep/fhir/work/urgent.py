# SPDX-License-Identifier: Apache-2.0
"""Names by which urgent care's resources are known wherever they are read.

What a call came to is a ServiceRequest of a category, where it waits a Task of a code,
and the journey that it belongs to an EpisodeOfCare of a type.
"""

from wardkeep.fhir.work.expects import Content, listed

OUTCOME_SYSTEM, OUTCOME_CODE = "urn:wardkeep:urgent-care", "outcome"
ENTRY_SYSTEM, ENTRY_CODE = "urn:wardkeep:task", "urgent-care"
JOURNEY_SYSTEM, JOURNEY_CODE = "urn:wardkeep:journey", "urgent-care"
ENTRY_DAYS = 3
"""How long an entry explains its patient to those in whose queue it lies, from when it
was given: the longest deadline of the list is a day, and a weekend is two."""


def is_outcome(content: Content) -> bool:
    """Whether a ServiceRequest says what a call came to."""
    coded = (one for kind in listed(content, "category") for one in _codings(kind))
    return (OUTCOME_SYSTEM, OUTCOME_CODE) in coded


def is_entry(content: Content) -> bool:
    """Whether a Task is a place in an urgent care queue."""
    return (ENTRY_SYSTEM, ENTRY_CODE) in _codings(content.get("code"))


def is_journey(content: Content) -> bool:
    """Whether an EpisodeOfCare is a journey, and no place on a caseload."""
    coded = (one for kind in listed(content, "type") for one in _codings(kind))
    return (JOURNEY_SYSTEM, JOURNEY_CODE) in coded


def _codings(concept: object) -> list[tuple[object, object]]:
    if not isinstance(concept, dict):
        return []
    return [(one.get("system"), one.get("code")) for one in listed(concept, "coding")]
