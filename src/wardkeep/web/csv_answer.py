# SPDX-License-Identifier: Apache-2.0
"""CSV that the browser saves as a file: lines of the ledger, page by page."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from starlette.responses import Response

from wardkeep.base.clock import from_microseconds
from wardkeep.base.spreadsheet import csv_text
from wardkeep.disclosure.answers import Refusal

MOST_PAGES = 100
AT = "at"
_NOT_ALL = (
    "This is not all: there are older lines, before entry {}. The command"
    " `wardkeep ledger ask` gives them."
)


class Page(Protocol):
    """Some lines, and where to go on; below 0: there are no more."""

    @property
    def lines(self) -> Sequence[Any]: ...

    @property
    def next(self) -> int: ...


async def answer_csv(
    read: Callable[[int], Awaitable[Page | Refusal]],
    columns: Sequence[str],
    *,
    name: str,
) -> Response | Refusal:
    """All pages in one file; each is asked for, and written down, by itself.

    Where there are more than a request can ask for, its last line says so.
    `columns` are fields of the lines; `at` becomes a time (ISO 8601).
    """
    rows: list[list[object]] = []
    before = -1
    for _ in range(MOST_PAGES):
        found = await read(before)
        if isinstance(found, Refusal):
            return found
        rows += [[_cell(line, column) for column in columns] for line in found.lines]
        before = found.next
        if before < 0:
            break
    else:
        rows.append([_NOT_ALL.format(before)])
    return Response(
        csv_text(columns, rows),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _cell(line: object, column: str) -> object:
    value = getattr(line, column)
    return from_microseconds(value).isoformat() if column == AT else value
