# SPDX-License-Identifier: Apache-2.0
"""A kiosk's first two screens: which language, and who somebody is by two facts.

No page here knows anybody: the device's own key signs the question, and what comes back
is one of four words. A person's session is not looked at, and no cookie is set.
"""

from datetime import UTC, datetime

import msgspec
from starlette.responses import Response

from wardkeep.apps.check_in.words import language, languages
from wardkeep.base.ids import OrganisationId
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.check_in import (
    AskCheckIn,
    AskKiosk,
    CheckInAnswer,
    TicketView,
)
from wardkeep.fhir.arrivals.help_calls import HelpCalls
from wardkeep.web.ceremony import answer_refusal, answer_trouble
from wardkeep.web.gates import Gate
from wardkeep.web.headers import starting_a_worker
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import PublicVisit

LONGEST_FACT = 60
STARTS_A_WORKER = starting_a_worker("kiosk-worker")
"""Of the one page that starts the kiosk's worker."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a person typed."""

    born: str
    family: str
    given: str = ""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it; the ticket goes back with the next screen and nowhere else."""

    outcome: str
    ticket: str = ""


@page("/kiosk", gate=Gate.KIOSK)
async def kiosk(visit: PublicVisit) -> Response:
    answer = visit.render(
        "check_in/kiosk.html",
        words=language(""),
        languages=tuple(languages().values()),
        at="kiosk",
    )
    answer.headers.update(STARTS_A_WORKER)
    return answer


@page("/kiosk/facts", gate=Gate.KIOSK)
async def ask_facts(visit: PublicVisit) -> Response:
    words = language(visit.query("in"))
    return visit.render("check_in/facts.html", words=words, at="kiosk")


def bearer_of(visit: PublicVisit) -> str:
    """The token that a kiosk signs its question with."""
    said = visit.request.headers.get("authorization", "")
    return said.removeprefix("Bearer ")[:200]


@page("/kiosk/check-in", gate=Gate.KIOSK, methods=("POST",))
async def ask_check_in(visit: PublicVisit) -> Response:
    sent = await visit.json(Facts)
    if isinstance(sent, Trouble):
        return answer_trouble(visit, sent)
    question = AskCheckIn(
        bearer_of(visit),
        sent.born[:10],
        sent.family[:LONGEST_FACT],
        sent.given[:LONGEST_FACT],
    )
    given = await visit.warden.ask(question, CheckInAnswer)
    if isinstance(given, Refusal):
        return answer_refusal(visit, given)
    return visit.answer_json(Outcome(outcome=given.outcome, ticket=given.ticket))


@page("/kiosk/help", gate=Gate.KIOSK, methods=("POST",))
async def call_help(visit: PublicVisit) -> Response:
    """Tell the desk that somebody at this kiosk needs help; twice is once."""
    await visit.leave_nothing_unread()
    view = await visit.warden.ask(AskKiosk(bearer_of(visit)), TicketView)
    if isinstance(view, Refusal):
        return answer_refusal(visit, view)
    at = datetime.fromtimestamp(visit.clock.now().timestamp(), UTC)
    await visit.services[HelpCalls].call(
        OrganisationId(view.organisation), kiosk=view.account, name=view.device, at=at
    )
    return visit.answer_json(Outcome(outcome="called"))
