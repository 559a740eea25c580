# SPDX-License-Identifier: Apache-2.0
"""What was typed into the form of a note, and what is wrong with it before signing."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.care.typed import moment_of
from wardkeep.fhir.notes.words import (
    LONGEST_LINE,
    LONGEST_TEXT,
    MOST_SECTIONS,
    Section,
    Words,
    storable,
)
from wardkeep.web.forms import Form

LONGEST_FIELD_BYTES = 250_000
_AHEAD = timedelta(minutes=5)
"""A clock beside ours may be a little fast."""
TEXT = "text-0"


def words_in(form: Form) -> Words | None:
    """All that the form has of a note; None where the page sent its text before."""
    if TEXT not in form.values:
        return None
    said = form.values
    return Words(
        title=_line(said.get("title", "")),
        when=said.get("when", "")[:LONGEST_LINE],
        sections=tuple(
            Section(
                heading=_line(said.get(f"heading-{n}", "")),
                text=storable(said[f"text-{n}"]),
                hint=_line(said.get(f"hint-{n}", "")),
            )
            for n in range(MOST_SECTIONS)
            if f"text-{n}" in said
        ),
        why=storable(said.get("why", ""))[:LONGEST_TEXT],
    )


def _line(text: str) -> str:
    return " ".join(storable(text).split())[:LONGEST_LINE]


def problems_in(
    words: Words, *, is_amendment: bool, now: datetime
) -> Iterator[Problem]:
    """What is to be mended before it can be signed."""
    if words.is_empty:
        yield Problem(
            place=TEXT,
            wrong="the note has no text",
            mend="Write what is to be kept.",
        )
    if words.length > LONGEST_TEXT:
        yield Problem(
            place=TEXT,
            wrong=f"the note has {words.length:,} characters",
            mend=f"Sign it as several notes of {LONGEST_TEXT:,} at most.",
        )
    if not words.title.strip():
        yield Problem(place="title", wrong="the title is missing", mend="Enter one.")
    if is_amendment and not words.why.strip():
        yield Problem(
            place="why",
            wrong="it is not said what is changed and why",
            mend="Say it in a few words: it stands beside the amended note.",
        )
    moment = moment_of(words.when) if words.when else now
    if moment is None:
        yield Problem(
            place="when",
            wrong="the time when it happened cannot be read",
            mend="Enter day and time.",
        )
    elif moment > now + _AHEAD:
        yield Problem(
            place="when",
            wrong="the time when it happened lies ahead",
            mend="Enter when it happened.",
        )


def without_hints(words: Words) -> tuple[Section, ...]:
    """The sections as they are signed: those with a text, headings kept."""
    return tuple(
        msgspec.structs.replace(one, hint="")
        for one in words.sections
        if one.text.strip()
    )
