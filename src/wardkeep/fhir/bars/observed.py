# SPDX-License-Identifier: Apache-2.0
"""An Observation in words: what was measured, its value with the unit, and when."""

from typing import Any

from wardkeep.fhir.questionnaires.spoken import value_of
from wardkeep.fhir.work.expects import listed

Json = dict[str, Any]
VITAL_SIGNS = "vital-signs"
"""The category of https://hl7.org/fhir/R4/observation-vitalsigns.html."""
_UNNAMED = "Something measured"


def observed_words(content: Json) -> str:
    """As in `Pulse 130 /min`; parts, as of a blood pressure, each with its name."""
    name, value = code_words(content) or _UNNAMED, value_of(content)
    parts = [
        " ".join(filter(None, (code_words(one), value_of(one))))
        for one in listed(content, "component")
    ]
    said = [value] if value else []
    said += [one for one in parts if one]
    if not said:
        absent = content.get("dataAbsentReason")
        said = [_concept(absent)] if isinstance(absent, dict) else []
    return f"{name} {', '.join(filter(None, said))}".strip()


def when_observed(content: Json) -> str:
    """When it was so, a FHIR time; empty where nobody says."""
    period = content.get("effectivePeriod")
    start = period.get("start") if isinstance(period, dict) else ""
    said = (content.get("effectiveDateTime"), content.get("effectiveInstant"), start)
    return next((one for one in said if isinstance(one, str) and one), "")


def code_words(content: Json) -> str:
    """What its code says; empty where it has none."""
    code = content.get("code")
    return _concept(code) if isinstance(code, dict) else ""


def _concept(concept: Json) -> str:
    codings = listed(concept, "coding")
    said = (
        concept.get("text"),
        *(one.get("display") for one in codings),
        *(one.get("code") for one in codings),
    )
    return next((one for one in said if isinstance(one, str) and one), "")
