# SPDX-License-Identifier: Apache-2.0
"""QR codes (ISO/IEC 18004) as an SVG path: a link from a screen to a phone."""

from itertools import groupby

import msgspec
import segno

_QUIET = 4
"""Modules of white around it, as the standard asks."""


class QrCode(msgspec.Struct, frozen=True):
    """A square of `side` by `side`, and its dark runs as lines of width 1."""

    side: int
    lines: str


def draw_qr(text: str) -> QrCode:
    """The code of a text; a sixth of it may be hidden or dirty (level M)."""
    code = segno.make_qr(text, error="m", boost_error=False)
    pieces = []
    for y, row in enumerate(code.matrix, start=_QUIET):
        x = _QUIET
        for is_dark, run in groupby(bool(one) for one in row):
            length = len(list(run))
            if is_dark:
                pieces.append(f"M{x} {y}h{length}")
            x += length
    return QrCode(len(code.matrix) + 2 * _QUIET, "".join(pieces))
