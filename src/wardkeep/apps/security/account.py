# SPDX-License-Identifier: Apache-2.0
"""What one account saw: how it stands today, and every opening, as page and as CSV."""

from collections.abc import Iterable
from functools import partial

from starlette.responses import Response

from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.containment import AccountRead, ReadAccount
from wardkeep.web.csv_answer import answer_csv
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

OFFICERS = Gate.SIGNED_IN.only("privacy_officer")
COLUMNS = (
    "entry",
    "at",
    "patient",
    "action",
    "sent_to",
    "tier",
    "purpose",
    "reason",
    "relationship",
    "resources",
    "outcome",
    "types",
    "rule",
    "because",
    "would_allow",
)


def numbered(patients: Iterable[str]) -> dict[str, int]:
    """A number for each record of a page, in the order of the page.

    So whoever reads it sees which lines are about one person, and no page of an
    officer names everybody who was opened: the record's own history can.
    """
    once = dict.fromkeys(one for one in patients if one)
    return {one: number for number, one in enumerate(once, start=1)}


async def _read(visit: Visit, before: int) -> AccountRead | Refusal:
    question = ReadAccount(visit.token, visit.path("account"), before)
    return await visit.warden.ask(question, AccountRead)


@page("/security/accounts/{account}", gate=OFFICERS)
async def show_account(visit: Visit) -> Response:
    before = visit.query("before")
    found = await _read(visit, int(before) if before.isdecimal() else -1)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    return visit.render(
        "security/account.html",
        found=found,
        numbers=numbered(one.patient for one in found.lines),
        is_first=not before,
    )


@page("/security/accounts/{account}/openings.csv", gate=OFFICERS)
async def download_account(visit: Visit) -> Response:
    """All of it, page by page; each page is an entry that names whom it is about."""
    given = await answer_csv(partial(_read, visit), COLUMNS, name="openings.csv")
    return visit.refuse(given) if isinstance(given, Refusal) else given
