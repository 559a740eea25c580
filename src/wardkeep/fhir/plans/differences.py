# SPDX-License-Identifier: Apache-2.0
"""What one version of a text has that the one before has not, line by line."""

import difflib
from collections.abc import Iterator

import msgspec

SAME, ADDED, REMOVED = "same", "added", "removed"
_SIGNS = {" ": SAME, "+": ADDED, "-": REMOVED}


class Line(msgspec.Struct, frozen=True):
    """A line of either version."""

    what: str
    """One of SAME, ADDED, REMOVED."""
    text: str


def differences(before: str, after: str) -> tuple[Line, ...]:
    """Both versions' lines in order; empty where nothing differs."""
    lines = tuple(_lines(before, after))
    return lines if any(one.what != SAME for one in lines) else ()


def _lines(before: str, after: str) -> Iterator[Line]:
    for line in difflib.ndiff(before.splitlines(), after.splitlines()):
        what = _SIGNS.get(line[0])
        if what is not None:
            yield Line(what, line[2:])
