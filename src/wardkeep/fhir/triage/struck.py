# SPDX-License-Identifier: Apache-2.0
"""A triage that was struck out: it stays, and says who took it out, when and why.

Its status is `entered-in-error` (https://hl7.org/fhir/R4/questionnaireresponse.html),
so what a surgery is told, and whoever reads the record elsewhere, leaves it out.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.model.person import Person, person_in, reference_to
from wardkeep.fhir.urgent.saying import instant
from wardkeep.fhir.work.expects import Content, listed

STRUCK = "urn:wardkeep:triage:struck"
MISTAKE = "entered-in-error"
PUT_BACK_WITHIN = timedelta(minutes=15)


class Struck(msgspec.Struct, frozen=True, kw_only=True):
    """Whose act it was."""

    by: Person
    at: datetime
    why: str

    def may_be_put_back(self, by: Person, now: datetime) -> bool:
        """By whoever struck it out, while it may have been a slip."""
        is_recent = timedelta(0) <= now - self.at <= PUT_BACK_WITHIN
        return bool(by.reference) and by.reference == self.by.reference and is_recent


def struck_out(content: Content, struck: Struck) -> Content:
    """A triage as it is then; nothing else of it changes."""
    said: Content = {
        "url": STRUCK,
        "extension": [
            {"url": "by", "valueReference": reference_to(struck.by)},
            {"url": "at", "valueInstant": instant(struck.at)},
            {"url": "why", "valueString": struck.why},
        ],
    }
    kept = [one for one in listed(content, "extension") if one.get("url") != STRUCK]
    return {**content, "status": MISTAKE, "extension": [*kept, said]}


def struck_in(content: Mapping[str, object]) -> Struck | None:
    """Who struck it out; None: nobody did on a page."""
    for one in listed(dict(content), "extension"):
        if one.get("url") != STRUCK:
            continue
        parts = {str(part.get("url")): part for part in listed(one, "extension")}
        at = moment_in(parts.get("at", {}).get("valueInstant"))
        if at is not None:
            return Struck(
                by=person_in(parts.get("by", {}).get("valueReference")),
                at=at,
                why=str(parts.get("why", {}).get("valueString", "")),
            )
    return None
