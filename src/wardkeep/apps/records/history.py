# SPDX-License-Identifier: Apache-2.0
"""Who opened this record: every entry of the ledger about one patient."""

from functools import partial

from starlette.responses import Response

from wardkeep.care.of_patient import READERS
from wardkeep.care.opening import OF_OFFICERS
from wardkeep.care.whose import whose
from wardkeep.disclosure.answers import AccessHistory, Refusal
from wardkeep.disclosure.questions import ReadAccessHistory
from wardkeep.web.csv_answer import answer_csv
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

_MOST_LINES = 200
_MAY_ASK_ERASURE = ("privacy_officer", "administrator")
"""Who finds a link to it here; the page behind the link has its own gate."""


OFFICERS = Gate.SIGNED_IN.only("privacy_officer")
_COLUMNS = (
    "entry",
    "at",
    "account",
    "display_name",
    "role_title",
    "action",
    "sent_to",
    "tier",
    "types",
    "purpose",
    "reason",
    "relationship",
    "outcome",
    "rule",
    "because",
    "would_allow",
)


async def _read(visit: Visit, before: int) -> AccessHistory | Refusal:
    question = ReadAccessHistory(visit.token, visit.path("id"), _MOST_LINES, before)
    return await visit.warden.ask(question, AccessHistory)


@page("/patients/{id}/history", gate=Gate.SIGNED_IN)
async def show_history(visit: Visit) -> Response:
    before = visit.query("before")
    given = await _read(visit, int(before) if before.isdecimal() else -1)
    if isinstance(given, Refusal):
        if given.needs_reason:
            return visit.go_to(f"/patients/{visit.path('id')}")
        return visit.refuse(given)
    is_officer = visit.session.role == OF_OFFICERS
    named = None
    if is_officer and visit.query("whose") == "yes":
        named = await whose(visit, visit.path("id"))
        if isinstance(named, Refusal):
            return visit.refuse(named)
    return visit.render(
        "records/history.html",
        id=visit.path("id"),
        whose=named,
        may_open=READERS.admits(visit.session.role),
        lines=given.lines,
        total=given.total,
        entry=given.entry,
        next=given.next,
        is_first=not before,
        is_officer=is_officer,
        may_ask_erasure=visit.session.role in _MAY_ASK_ERASURE,
    )


@page("/patients/{id}/history.csv", gate=OFFICERS)
async def download_history(visit: Visit) -> Response:
    """All of it, page by page; each page is an entry of its own."""
    given = await answer_csv(partial(_read, visit), _COLUMNS, name="history.csv")
    return visit.refuse(given) if isinstance(given, Refusal) else given
