# SPDX-License-Identifier: Apache-2.0
"""What differs between two texts, by words or by lines, for people to read."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import NamedTuple

WORD_BY_WORD_UNTIL = 24_000
"""Characters of both together; longer texts are compared line by line."""
MOST_PAIRS = 4_000_000
"""Of pieces to compare, which take a second: beyond, both are shown whole."""
SAME, NEW, GONE = "same", "new", "gone"
_WORDS = re.compile(r"\s+|[^\s]+")
_LINES = re.compile(r"[^\n]*\n|[^\n]+$")


class Piece(NamedTuple):
    """A stretch of text: in both, only in the later one, or only in the earlier."""

    kind: str
    text: str


def differences(
    earlier: str, later: str, *, shows_gone: bool = True, by_line: bool = False
) -> Iterator[Piece]:
    """The later text in pieces, and between them what is gone from the earlier."""
    is_short = len(earlier) + len(later) < WORD_BY_WORD_UNTIL
    cut = _WORDS if is_short and not by_line else _LINES
    before, after = cut.findall(earlier), cut.findall(later)
    codes = [("replace", 0, len(before), 0, len(after))]
    if len(before) * len(after) <= MOST_PAIRS:
        matcher = SequenceMatcher(a=before, b=after, autojunk=False)
        codes = list(matcher.get_opcodes())
    for tag, i1, i2, j1, j2 in codes:
        if tag == "equal":
            yield Piece(SAME, "".join(after[j1:j2]))
            continue
        if shows_gone and i2 > i1:
            yield Piece(GONE, "".join(before[i1:i2]))
        if j2 > j1:
            yield Piece(NEW, "".join(after[j1:j2]))


def differing_lines(earlier: str, later: str) -> tuple[Piece, ...]:
    """Both texts' lines in order, a piece each; empty where no line differs."""
    pieces = differences(_ended(earlier), _ended(later), by_line=True)
    lines = [Piece(one.kind, line) for one in pieces for line in one.text.splitlines()]
    return tuple(lines) if any(one.kind != SAME for one in lines) else ()


def _ended(text: str) -> str:
    """With each line ended alike, so that the last one differs by its words alone."""
    return "".join(f"{line}\n" for line in text.splitlines())
