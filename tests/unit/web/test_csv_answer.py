# SPDX-License-Identifier: Apache-2.0
"""Lines of the ledger as one file: whole, or with a last line that says it is not."""

import csv
from typing import Any, NamedTuple

import pytest
from starlette.responses import Response

from wardkeep.disclosure.answers import Refusal
from wardkeep.web.csv_answer import MOST_PAGES, answer_csv

NO = Refusal(code="frozen", why="It is frozen.", mend="Ask a privacy officer.")


class Line(NamedTuple):
    """One line of a page."""

    entry: int
    reason: str


class Page(NamedTuple):
    """A page of one line."""

    lines: tuple[Line, ...]
    next: int


async def answered(pages: int, refused_at: int = -1) -> list[list[str]] | Any:
    """The file's rows, of so many pages."""

    async def read(before: int) -> Page | Refusal:
        entry = pages - 1 if before < 0 else before - 1
        if entry == refused_at:
            return NO
        return Page((Line(entry, "=rang"),), entry or -1)

    given = await answer_csv(read, ("entry", "reason"), name="openings.csv")
    if not isinstance(given, Response):
        return given
    return list(csv.reader(bytes(given.body).decode().splitlines()))


@pytest.mark.parametrize("pages", [1, 2, MOST_PAGES])
async def test_a_file_has_all_lines_and_nothing_behind_them(pages: int) -> None:
    rows = await answered(pages)
    assert rows[0] == ["entry", "reason"]
    assert rows[1:] == [[str(one), "'=rang"] for one in reversed(range(pages))]


async def test_a_file_that_cannot_have_all_says_so_in_its_last_line() -> None:
    rows = await answered(MOST_PAGES + 5)
    assert len(rows) == 1 + MOST_PAGES + 1
    [words] = rows[-1]
    assert words.startswith("This is not all: there are older lines, before entry 5.")


async def test_a_refusal_in_between_is_no_file() -> None:
    assert await answered(3, refused_at=1) is NO
