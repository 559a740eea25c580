# SPDX-License-Identifier: Apache-2.0
"""What one account saw: how it stands today, and every opening, as page and as CSV."""

import csv
import io

from starlette.responses import Response

from wardkeep.base.clock import from_microseconds
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.containment import AccountRead, OpeningView, ReadAccount
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

OFFICERS = Gate.SIGNED_IN.only("privacy_officer")
MOST_PAGES = 100
_COLUMNS = ("entry", "at", "patient", "action", "tier", "purpose", "reason")
_MORE = ("relationship", "resources", "outcome")


async def _read(visit: Visit, before: int) -> AccountRead | Refusal:
    question = ReadAccount(visit.token, visit.path("account"), before)
    return await visit.warden.ask(question, AccountRead)


@page("/security/accounts/{account}", gate=OFFICERS)
async def show_account(visit: Visit) -> Response:
    before = visit.query("before")
    found = await _read(visit, int(before) if before.isdecimal() else -1)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    return visit.render("security/account.html", found=found, is_first=not before)


@page("/security/accounts/{account}/openings.csv", gate=OFFICERS)
async def download_account(visit: Visit) -> Response:
    """All of it, page by page; each page is an entry that names whom it is about."""
    lines: list[OpeningView] = []
    before = -1
    for _ in range(MOST_PAGES):
        found = await _read(visit, before)
        if isinstance(found, Refusal):
            return visit.refuse(found)
        lines += found.lines
        before = found.next
        if before < 0:
            break
    return Response(
        _csv(lines),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="openings.csv"'},
    )


def _csv(lines: list[OpeningView]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow((*_COLUMNS, *_MORE))
    for one in lines:
        at = from_microseconds(one.at).isoformat()
        values = [getattr(one, name) for name in _COLUMNS[2:] + _MORE]
        writer.writerow([one.entry, at, *[_plain(value) for value in values]])
    return text.getvalue()


def _plain(value: object) -> str:
    """A reason that begins like a formula is none for the spreadsheet that opens it."""
    text = str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t"} else text
