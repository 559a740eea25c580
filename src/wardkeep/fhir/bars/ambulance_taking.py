# SPDX-License-Identifier: Apache-2.0
"""What an ambulance service needs of a request, put where its list and page look.

How soon by the category, whoever sent it and whatever else they left out; and the
number to ring back, which a Patient who is known here would not bring along.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from wardkeep.fhir.bars.ambulance_request import BY_CATEGORY
from wardkeep.fhir.bars.message import Message
from wardkeep.fhir.bars.validation import category_in
from wardkeep.fhir.clinics.resources import instant
from wardkeep.fhir.urgent.case import call_back_in
from wardkeep.fhir.urgent.queueing import URGENCY

Json = dict[str, Any]
RING_BACK = "Ring back on"
MOST_NUMBERS, LONGEST = 3, 60


def with_what_is_needed(content: Json, message: Message, *, now: datetime) -> Json:
    """A ServiceRequest with what follows from an ambulance's category.

    Where it says a priority too, the more pressing one counts; a deadline that it says
    is the sender's. Any other referral is as it was.
    """
    plans = [one.content for one in message.all("CarePlan")]
    found = None if message.is_validation else BY_CATEGORY.get(category_in(plans))
    if found is None:
        return content
    made = {**content, "priority": _priority(content, found.priority)}
    period = made.get("occurrencePeriod")
    due = found.deadline(now)
    has_end = isinstance(period, dict) and bool(period.get("end"))
    if due is not None and not has_end and "occurrenceDateTime" not in made:
        made["occurrencePeriod"] = {"start": instant(now), "end": instant(due)}
    numbers = list(dict.fromkeys(_numbers(message)))[:MOST_NUMBERS]
    words = [f"{RING_BACK} {', '.join(numbers)}"] if numbers else []
    notes = [{"text": one} for one in (*words, *_callers(message))]
    if notes:
        said = made.get("note")
        made["note"] = [*notes, *(said if isinstance(said, list) else [])]
    return made


def _priority(content: Json, by_category: str) -> str:
    said = content.get("priority")
    known = [one for one in (said, by_category) if isinstance(one, str)]
    return min(
        (one for one in known if one in URGENCY),
        key=lambda one: URGENCY[one],
        default=by_category,
    )


def _numbers(message: Message) -> Iterator[str]:
    """The case's own first, then the caller's, then the patient's."""
    for one in message.all("Encounter"):
        yield from filter(None, [call_back_in(one.content)[:LONGEST]])
    for type_ in ("RelatedPerson", "Patient"):
        for one in message.all(type_):
            yield from _phones(one.content)


def _callers(message: Message) -> Iterator[str]:
    """Who rang for the patient, and how they know them."""
    for one in message.all("RelatedPerson")[:1]:
        told = [one.content.get("name"), one.content.get("relationship")]
        texts = [
            it.get("text")
            for some in told
            for it in (some if isinstance(some, list) else [])
            if isinstance(it, dict)
        ]
        words = ", ".join(it[:LONGEST] for it in texts if isinstance(it, str) and it)
        if words:
            yield f"{words}, rang"


def _phones(content: Json) -> Iterator[str]:
    telecoms = content.get("telecom")
    for one in telecoms if isinstance(telecoms, list) else []:
        if isinstance(one, dict) and one.get("system") in ("phone", None):
            value = one.get("value")
            if isinstance(value, str) and value:
                yield value[:LONGEST]
