# SPDX-License-Identifier: Apache-2.0
"""Which of two dispositions is the more pressing: ambulances, then the shorter time."""

from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Kind

NOW_SPEAK = "clinician-now"
"""What whoever is not meant by the questions gets: somebody who can judge."""
_NO_TIME = 10**6
_ORDER = {code: at for at, code in enumerate(DISPOSITIONS)}


def urgency(code: str) -> tuple[bool, int, int]:
    """To be sorted by: the smaller the more pressing. `code` is one of the list."""
    one = DISPOSITIONS[code]
    return (one.kind is not Kind.AMBULANCE, one.minutes or _NO_TIME, _ORDER[code])


def most_pressing(codes: list[str]) -> str:
    """Empty where there is none."""
    return min(codes, key=urgency, default="")
