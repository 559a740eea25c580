# SPDX-License-Identifier: Apache-2.0
"""Where somebody goes who is checked in, in their language as far as it is written.

What the clinic did not translate is said in English, and marked as English: a screen
reader then reads it so, and a right-to-left page does not turn it round.
"""

import msgspec

from wardkeep.apps.check_in.words import Language, language
from wardkeep.fhir.clinics.directions import PARTS
from wardkeep.fhir.clinics.places import Place

_MESSAGES = {"area": "waiting_area", "way": "", "step-free": "step_free"}
_PARTS_OF = {"area": "area", "step-free": "way"}


class WayLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of directions: our words around the clinic's."""

    part: str
    before: str
    text: str
    after: str
    code: str
    """The language of the clinic's words (BCP 47), and which way it is written."""
    direction: str


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """One clinic, and how to find it."""

    place: str = ""
    lines: tuple[WayLine, ...] = ()


def where_of(place: Place | None, words: Language) -> Where:
    """Nothing is said of a place that is not known."""
    if place is None:
        return Where()
    lines = [
        _line(part, said.text, said.language, words)
        for part in PARTS
        if (said := place.directions.said(part, words.code)) is not None
    ]
    return Where(place=place.name, lines=tuple(lines))


def _line(part: str, text: str, code: str, words: Language) -> WayLine:
    message = words.messages.get(_MESSAGES[part], "")
    before, _, after = message.partition(f"{{{_PARTS_OF.get(part, '')}}}")
    return WayLine(
        part=part,
        before=before,
        text=text,
        after=after,
        code=code,
        direction=language(code).direction,
    )
