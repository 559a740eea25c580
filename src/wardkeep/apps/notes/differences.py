# SPDX-License-Identifier: Apache-2.0
"""What differs between two texts, word by word, for people to read."""

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
    earlier: str, later: str, *, shows_gone: bool = True
) -> Iterator[Piece]:
    """The later text in pieces, and between them what is gone from the earlier."""
    is_short = len(earlier) + len(later) < WORD_BY_WORD_UNTIL
    cut = _WORDS if is_short else _LINES
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
