# SPDX-License-Identifier: Apache-2.0
"""Scores that a formula of conditions cannot say: NEWS2, by the house's one scorer.

A variable of the language `application/x-wardkeep-score` is one of these. They read
questions and variables by fixed names (`NEWS2_READS`). Scale 2 is for those of whom
somebody said that it is prescribed. A total needs all seven measurements; what it comes
to at least, and the highest of one parameter, need none but those that are there.
"""

from collections.abc import Mapping
from decimal import Decimal

from wardkeep.base.news2 import YOUNGEST_YEARS, Measured, score_news2
from wardkeep.fhir.triage.condition import Kind, Values

LANGUAGE = "application/x-wardkeep-score"
NEWS2_READS: Mapping[str, Kind] = {
    "age": "number",
    "pregnant": "boolean",
    "respiratoryRate": "number",
    "oxygenSaturation": "number",
    "hypercapnicTarget": "boolean",
    "onOxygen": "boolean",
    "systolic": "number",
    "pulse": "number",
    "alert": "boolean",
    "temperature": "number",
}
TOTAL, LEAST, HIGHEST = "news2.total", "news2.least", "news2.highest"
UNASKED = ("pregnant", "hypercapnicTarget")
"""What a total does without: nobody said so, so it is not so."""
NAMES = (TOTAL, LEAST, HIGHEST)


def scored(name: str, values: Values) -> Decimal | None:
    """One of `NAMES`; None where there is none, as for a child or in pregnancy."""
    years = values.get("age")
    if not isinstance(years, Decimal) or years < YOUNGEST_YEARS:
        return None
    if values.get("pregnant") is True:
        return None
    target = values.get("hypercapnicTarget")
    found = score_news2(_measured(values), is_scale_2=target is True)
    if name == TOTAL:
        return None if found.total is None else Decimal(found.total)
    worth = found.by_parameter.values()
    if not worth:
        return None
    return Decimal(sum(worth) if name == LEAST else max(worth))


def _measured(values: Values) -> Measured:
    return Measured(
        respiration_rate=_number(values, "respiratoryRate"),
        oxygen_saturation=_number(values, "oxygenSaturation"),
        is_on_oxygen=_claim(values, "onOxygen"),
        systolic=_number(values, "systolic"),
        pulse=_number(values, "pulse"),
        is_alert=_claim(values, "alert"),
        temperature=_number(values, "temperature"),
    )


def _number(values: Values, name: str) -> Decimal | None:
    value = values.get(name)
    return value if isinstance(value, Decimal) else None


def _claim(values: Values, name: str) -> bool | None:
    value = values.get(name)
    return value if isinstance(value, bool) else None
