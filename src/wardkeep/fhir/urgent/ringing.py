# SPDX-License-Identifier: Apache-2.0
"""What somebody who rings back needs of a case: the number, where, and what it is."""

import msgspec

from wardkeep.fhir.urgent.case import call_back_in, callers_in, place_in
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
    """Of a case's Encounter, whoever wrote it; of what `case_in` takes for none."""
    callers = (one.display for one in callers_in(content))
    return Ringing(
        number=call_back_in(content),
        place=", ".join(filter(None, place_in(content).values())),
        complaint="; ".join(filter(None, map(text_in, listed(content, "reasonCode")))),
        caller=next(filter(None, callers), ""),
    )


def closed(content: Content, *, at: str) -> Content:
    """The case as it is when nothing more is to be done; `at` is an instant."""
    period = content.get("period")
    span = period if isinstance(period, dict) else {}
    return {**content, "status": "finished", "period": {**span, "end": at}}
