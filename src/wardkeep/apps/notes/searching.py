# SPDX-License-Identifier: Apache-2.0
"""Looking for words inside one patient's notes.

Done means: every note that has all the words, newest first, with the place marked. The
words are posted, so that no address or history has them; the notes are opened at the
door and looked through here. What is sealed is not. Rejected: an index of words, which
would tell whoever has the database what stands in which note.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from wardkeep.base.differences import NEW, SAME, Piece
from wardkeep.fhir.notes.note import Note

_AROUND = 80
_SPACE = re.compile(r"\s+")


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A note that has all the words, and a line around the first."""

    note: Note
    pieces: tuple[Piece, ...]


def matching(notes: Sequence[Note], asked: str) -> Iterator[Match]:
    """Those that have every word that was asked for, wherever it stands."""
    words = asked.casefold().split()
    if not words:
        return
    pattern = re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
    for note in notes:
        text = _SPACE.sub(" ", " ".join((note.title, *_texts(note))))
        folded = text.casefold()
        if all(word in folded for word in words):
            yield Match(note=note, pieces=tuple(_line(text, pattern)))


def _texts(note: Note) -> Iterator[str]:
    for one in note.sections:
        yield one.heading
        yield one.text


def _line(text: str, pattern: re.Pattern[str]) -> Iterator[Piece]:
    """Some words around the first match, every match in them marked."""
    first = pattern.search(text)
    at = first.start() if first is not None else 0
    start, end = max(0, at - _AROUND), at + _AROUND
    yield Piece(SAME, "…" if start else "")
    part, last = text[start:end], 0
    for found in pattern.finditer(part):
        yield Piece(SAME, part[last : found.start()])
        yield Piece(NEW, found.group())
        last = found.end()
    yield Piece(SAME, part[last:] + ("…" if end < len(text) else ""))
