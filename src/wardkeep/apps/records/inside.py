# SPDX-License-Identifier: Apache-2.0
"""What is written inside a note or an assessment, for a search in one record."""

from collections.abc import Iterator, Sequence

from wardkeep.care import reading
from wardkeep.fhir.notes.words import text_of
from wardkeep.fhir.questionnaires.reading_back import lines_of

_BEFORE, _AFTER = 60, 120


def text_in(read: object, text: bytes) -> str:
    """All words of a note's sections or of an assessment's answers; else nothing."""
    if isinstance(read, reading.Composition):
        return "\n".join(_sections(read.section))
    if isinstance(read, reading.QuestionnaireResponse):
        lines = [f"{one.words}: {', '.join(one.answers)}" for one in lines_of(text)]
        return "\n".join(lines)
    return ""


def _sections(found: Sequence[reading.Section]) -> Iterator[str]:
    for one in found:
        yield f"{one.title}\n{text_of(one.text.div)}"
        yield from _sections(one.section)


def stretch_of(text: str, word: str) -> str:
    """The words around the first place where it stands; empty where it does not."""
    at = text.casefold().find(word)
    if at < 0:
        return ""
    first, last = max(0, at - _BEFORE), min(len(text), at + _AFTER)
    before, after = "…" if first else "", "…" if last < len(text) else ""
    return f"{before}{' '.join(text[first:last].split())}{after}"
