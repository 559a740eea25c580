# SPDX-License-Identifier: Apache-2.0
"""QR codes: the drawn lines are the code's dark modules, with the quiet zone round."""

import re

import segno

from wardkeep.ui.qr_code import draw_qr

LINK = "http://localhost:8111/enrol/rLEh8OwqBKgxr_mzpnaCypQhHxgj0rYgR4Sc-ZiNUKE"


def dark(lines: str) -> set[tuple[int, int]]:
    found = set()
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)", lines):
        found |= {(int(x) + n, int(y)) for n in range(int(length))}
    return found


def test_the_lines_are_the_dark_modules_of_the_code() -> None:
    drawn = draw_qr(LINK)
    matrix = segno.make_qr(LINK, error="m", boost_error=False).matrix
    wanted = {
        (x + 4, y + 4)
        for y, row in enumerate(matrix)
        for x, module in enumerate(row)
        if module
    }
    assert dark(drawn.lines) == wanted
    assert drawn.side == len(matrix) + 8


def test_the_three_corners_are_where_a_camera_looks_for_them() -> None:
    drawn = draw_qr(LINK)
    modules, last = dark(drawn.lines), drawn.side - 5
    corners = [(4, 4), (last, 4), (4, last)]
    assert all(one in modules for one in corners)
    assert all((x, y) not in modules for x in range(drawn.side) for y in range(4))
