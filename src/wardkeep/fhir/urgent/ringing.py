# SPDX-License-Identifier: Apache-2.0
"""What somebody who rings back needs of a case: the number, where, and what it is."""

import msgspec

from wardkeep.fhir.urgent.case import CALL_BACK, PLACE
from wardkeep.fhir.urgent.saying import text_in
from wardkeep.fhir.work.expects import Content, listed


class Ringing(msgspec.Struct, frozen=True, kw_only=True):
    """Empty where the case does not say it."""

    number: str = ""
    place: str = ""
    complaint: str = ""
    caller: str = ""
    """And how they know the patient; empty: the patient rang."""


def ringing_in(content: Content) -> Ringing:
    """Of a case's Encounter."""
    numbers = [
        str(one.get("value", ""))
        for one in listed(content, "identifier")
        if one.get("system") == CALL_BACK
    ]
    places = [
        str(part.get("valueString", ""))
        for one in listed(content, "extension")
        if one.get("url") == PLACE
        for part in listed(one, "extension")
    ]
    people = [one.get("individual") for one in listed(content, "participant")]
    callers = [
        str(one.get("display", ""))
        for one in people
        if isinstance(one, dict)
        and str(one.get("reference", "")).startswith("RelatedPerson/")
    ]
    return Ringing(
        number=next(filter(None, numbers), ""),
        place=", ".join(filter(None, places)),
        complaint="; ".join(filter(None, map(text_in, listed(content, "reasonCode")))),
        caller=next(filter(None, callers), ""),
    )


def closed(content: Content, *, at: str) -> Content:
    """The case as it is when nothing more is to be done; `at` is an instant."""
    period = content.get("period")
    span = period if isinstance(period, dict) else {}
    return {**content, "status": "finished", "period": {**span, "end": at}}
