# SPDX-License-Identifier: Apache-2.0
"""Whether this process lives, and whether it can do its work; one word each."""

from http import HTTPStatus

from starlette.responses import PlainTextResponse, Response

from wardkeep.disclosure.answers import Health
from wardkeep.disclosure.client import (
    UnexpectedAnswerError,
    WardenBusyError,
    WardenUnavailableError,
)
from wardkeep.disclosure.questions import AskHealth
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.visit import PublicVisit


@page("/health/live", gate=Gate.HEALTH)
async def live(_visit: PublicVisit) -> Response:
    """The process answers; a supervisor restarts one that does not."""
    return PlainTextResponse("live\n")


@page("/health/ready", gate=Gate.HEALTH)
async def ready(visit: PublicVisit) -> Response:
    """Warden, ledger and database work; a balancer sends nobody here otherwise."""
    if await _is_ready(visit):
        return PlainTextResponse("ready\n")
    return PlainTextResponse(
        "not ready\n", HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "2"}
    )


async def _is_ready(visit: PublicVisit) -> bool:
    try:
        health = await visit.warden.ask(AskHealth(), Health)
    except (WardenBusyError, WardenUnavailableError, UnexpectedAnswerError):
        return False
    return (
        isinstance(health, Health)
        and health.is_ledger_writable
        and health.is_database_reachable
    )


HEALTH_PAGES = (live, ready)
