# SPDX-License-Identifier: Apache-2.0
"""Assessments on paper: each a table of its own, with what it came to when signed."""

from collections.abc import Sequence

import msgspec

from wardkeep.care import reading
from wardkeep.fhir.questionnaires.reading_back import lines_of
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.ui.format import show_moment

ASSESSMENTS = "assessments"
Row = tuple[str, ...]


class Section(msgspec.Struct, frozen=True):
    """A table of the sheet; `empty` is said where it has no rows."""

    title: str
    columns: Row
    rows: tuple[Row, ...]
    empty: str


def answered_in(resources: Sequence[OpenedResource]) -> list[Section]:
    """The newest first; what was entered in error stays off paper."""
    found = []
    for one in resources:
        read = reading.read(one.type, one.id, one.text)
        if not isinstance(read, reading.QuestionnaireResponse):
            continue
        if read.status != "entered-in-error":
            found.append((reading.moment_of(read.authored), _section(read, one.text)))
    found.sort(key=lambda pair: pair[0], reverse=True)
    empty = Section("Assessments", ("Assessment",), (), "Nothing was assessed.")
    return [section for _, section in found] or [empty]


def _section(read: reading.QuestionnaireResponse, text: bytes) -> Section:
    rows: list[Row] = [
        (line.words or line.link, "; ".join(line.answers)) for line in lines_of(text)
    ]
    if read.score:
        rows.append(("Total", read.score))
    title = read.title or "Answers to a questionnaire"
    author = f", {read.author.display}" if read.author.display else ""
    return Section(
        f"{title}, {show_moment(read.authored)}{author}",
        ("Question", "Answer"),
        tuple(rows),
        "Nothing was answered.",
    )
