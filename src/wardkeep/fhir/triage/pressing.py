# SPDX-License-Identifier: Apache-2.0
"""Which of two dispositions is the more pressing: ambulances, then the shorter time."""

from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Kind

NOW_SPEAK = "clinician-now"
"""What whoever is not meant by the questions gets: somebody who can judge."""
_NO_TIME = 10**6
_OF_KINDS = (Kind.AMBULANCE, Kind.ATTEND, Kind.SPEAK, Kind.CONTACT)
"""Within the same time: to be seen is more than to be spoken to."""
_ORDER = {code: at for at, code in enumerate(DISPOSITIONS)}


def urgency(code: str) -> tuple[bool, int, int, int]:
    """To be sorted by: the smaller the more pressing. `code` is one of the list."""
    one = DISPOSITIONS[code]
    kind = _OF_KINDS.index(one.kind) if one.kind in _OF_KINDS else len(_OF_KINDS)
    later = one.kind is not Kind.AMBULANCE
    return (later, one.minutes or _NO_TIME, kind, _ORDER[code])


def most_pressing(codes: list[str]) -> str:
    """Empty where there is none."""
    return min(codes, key=urgency, default="")
