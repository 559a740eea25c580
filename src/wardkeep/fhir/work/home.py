# SPDX-License-Identifier: Apache-2.0
"""Visits to a home: what they are told by, and how tightly they explain.

A visit is the only kind for which a way into a home is released, so its window is the
narrowest: from half an hour before, on the road, to an hour after, for the notes
(PRODUCT, P13).
"""

from wardkeep.fhir.work.expects import HOUR, MINUTE, Content, listed

VISIT = "visit"
BEFORE, AFTER = 30 * MINUTE, 60 * MINUTE
UNKNOWN_LENGTH = HOUR
"""Of a visit whose end nobody said."""
ACT_CODES = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
HOME_HEALTH = "HH"


def is_home(coding: object) -> bool:
    """Whether a Coding says home health."""
    return isinstance(coding, dict) and (
        coding.get("system") == ACT_CODES and coding.get("code") == HOME_HEALTH
    )


def any_is_home(content: Content, *names: str) -> bool:
    """Whether one of these concepts, single or in a list, says home health."""
    for name in names:
        one = content.get(name)
        concepts = [one] if isinstance(one, dict) else listed(content, name)
        if any(is_home(code) for each in concepts for code in listed(each, "coding")):
            return True
    return False


def window(begins: int, ends: int | None) -> tuple[int, int]:
    """From when until when a visit explains."""
    last = begins + UNKNOWN_LENGTH if ends is None else ends
    return begins - BEFORE, last + AFTER
