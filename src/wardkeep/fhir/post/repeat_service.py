# SPDX-License-Identifier: Apache-2.0
"""Asking the repeat caller service: an interface, one that asks, one that asks nobody.

Whoever asks has an answer in time, or hears that nobody was reached: a call never waits
for it, and where it is not known the call taker asks the caller.
"""

import asyncio
from datetime import datetime
from typing import Protocol

import msgspec

from wardkeep.fhir.post.repeat_calls import (
    ASK,
    NO,
    PARTIAL,
    YES,
    Heard,
    question,
    read_answer,
)
from wardkeep.fhir.urgent.outside import Outside, Question
from wardkeep.fhir.urgent.repeat import Facts

SECONDS = 1.5
NOT_REACHED, NOT_ASKED, TOO_LITTLE = "not-reached", "not-asked", "too-little"
_ELSE = "Ask whether they rang anybody about it in the last four days"
WORDS = {
    YES: (
        "Repeat caller: two calls or more in the last four days, here or elsewhere."
        " This call goes to a clinician at least. It knows people by facts alone, so it"
        " may be a twin who lives with them: ask."
    ),
    PARTIAL: (
        "Somebody like them rang before, here or elsewhere: they themselves, or a"
        " brother or sister. Ask the caller: a third call in four days goes to a"
        " clinician at least."
    ),
    NO: (
        "The repeat caller service knows of no two earlier calls in the last four days."
    ),
    NOT_REACHED: f"The repeat caller service did not answer in time. {_ELSE}.",
    NOT_ASKED: (
        f"Calls to other services are not known here. {_ELSE}: a third call goes to a"
        " clinician at least."
    ),
    TOO_LITTLE: f"Too little is known to ask the repeat caller service. {_ELSE}.",
}
"""What the page says."""
_OK = 200


class RepeatCallers(Protocol):
    """Somebody who can be asked."""

    async def ask(self, case: str, facts: Facts, *, began: datetime) -> Heard:
        """An answer within `SECONDS`, whatever happens; it raises nothing."""


class AsksNobody:
    """Where no service is set up."""

    async def ask(self, case: str, facts: Facts, *, began: datetime) -> Heard:
        del case, facts, began
        return Heard(status=NOT_ASKED)


class FhirRepeatCallers:
    """One service, at one address. Facts are in the body: an address is logged."""

    def __init__(self, address: str, *, seconds: float = SECONDS) -> None:
        self._outside = Outside(address, seconds=seconds, name="repeat-callers")

    async def ask(self, case: str, facts: Facts, *, began: datetime) -> Heard:
        asked = Question(
            path=ASK,
            method="POST",
            body=msgspec.json.encode(question(case, facts, began=began)),
            headers={"Content-Type": "application/fhir+json"},
        )
        status, body = await self._outside.ask(asked)
        heard = read_answer(body) if status == _OK else None
        return heard or Heard(status=NOT_REACHED)


class RepeatCalling:
    """What pages ask: whoever answers here, for so long and no longer."""

    def __init__(
        self, callers: RepeatCallers | None = None, *, seconds: float = SECONDS
    ) -> None:
        self._callers = callers or AsksNobody()
        self._seconds = seconds
        self.is_on = callers is not None

    async def ask(self, case: str, facts: Facts, *, began: datetime) -> Heard:
        """An answer in any case; not reached, where none came in time."""
        asked = self._callers.ask(case, facts, began=began)
        try:
            return await asyncio.wait_for(asked, self._seconds)
        except TimeoutError:
            return Heard(status=NOT_REACHED)
