# SPDX-License-Identifier: Apache-2.0
"""A half-filled assessment as the words of a draft: each field of its form a section.

So what is ticked is kept as what is typed is: sealed on the device and on the server,
and brought back in the same form (docs/decisions/0031-notes.md). Beside the answers a
draft keeps which version was asked, so that a form does not change while it is filled.
"""

from collections.abc import Mapping

from wardkeep.base.ids import is_fhir_id
from wardkeep.fhir.assessments.assessment import Asked
from wardkeep.fhir.notes.draft_rows import DraftRow
from wardkeep.fhir.notes.words import Section, Words, storable

ASSESSMENT = "assessment"
"""The kind of these drafts."""
QUESTIONNAIRE, ENCOUNTER = "questionnaire", "encounter"
_MOST_DIGITS = 9


def place_of(draft: DraftRow) -> str:
    """Where a note's draft or an assessment's is gone on with, below its patient's."""
    before = "assessments/" if draft.kind == ASSESSMENT else ""
    return f"{before}drafts/{draft.id}"


def words_of(
    typed: Mapping[str, str],
    *,
    asked: Asked,
    title: str,
    when: str,
    encounter: str = "",
    why: str = "",
) -> Words:
    """The form as a draft keeps it; what is empty is left out."""
    sections = [Section(QUESTIONNAIRE, write_asked(asked))]
    sections.append(Section(ENCOUNTER, encounter))
    sections += [
        Section(name, storable(value)) for name, value in typed.items() if value
    ]
    return Words(title=title, when=when, sections=tuple(sections), why=why)


def said_in(words: Words, name: str) -> str:
    return next((one.text for one in words.sections if one.heading == name), "")


def asked_in(words: Words) -> Asked | None:
    """None where the draft does not say what is asked."""
    return read_asked(said_in(words, QUESTIONNAIRE))


def write_asked(asked: Asked) -> str:
    """As the form's field has it."""
    return f"{asked.id}|{asked.version}"


def read_asked(written: str) -> Asked | None:
    id_, _, version = written.partition("|")
    is_number = version.isascii() and version.isdigit() and len(version) <= _MOST_DIGITS
    if not is_fhir_id(id_) or not is_number:
        return None
    return Asked(id_, int(version))


def typed_in(words: Words) -> dict[str, str]:
    """The fields of the form, without what stands beside the answers."""
    beside = (QUESTIONNAIRE, ENCOUNTER)
    return {
        one.heading: one.text for one in words.sections if one.heading not in beside
    }
