# SPDX-License-Identifier: Apache-2.0
"""Asking a national index who somebody is: an interface, and one that asks nobody.

Whoever traces answers in time or says that nobody was reached: a call never waits.
"""

import asyncio
from typing import Protocol

import msgspec

SECONDS = 1.5
"""How long an answer may take."""

VERIFIED, PARTIAL, NOT_FOUND, NOT_REACHED, NOT_TRACED = (
    *("verified", "partial", "not-found"),
    *("not-reached", "not-traced"),
)
WORDS = {
    VERIFIED: "Verified: the national index knows this person by these details.",
    PARTIAL: "Partly: the national index has somebody whose details differ. Ask again.",
    NOT_FOUND: "Not found in the national index by these details.",
    NOT_REACHED: "The national index did not answer in time. Go on: it is unverified.",
    NOT_TRACED: "Not traced: no national index is set up here. It is unverified.",
}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of whoever is looked for."""

    number: str = ""
    family: str = ""
    given: str = ""
    born: str = ""
    """As 1950-01-02; empty: not known."""
    gender: str = ""
    postcode: str = ""

    @property
    def is_enough(self) -> bool:
        """The number, or surname and date of birth."""
        return bool(self.number or (self.family and self.born))


class Traced(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    status: str
    number: str = ""
    name: str = ""
    born: str = ""
    postcode: str = ""
    surgery: str = ""
    """The ODS code of the general practice."""


class Tracer(Protocol):
    """Somebody who can be asked."""

    async def trace(self, asked: Asked) -> Traced:
        """An answer within `SECONDS`, whatever happens; it raises nothing."""


class TracesNobody:
    """Where no index is set up."""

    async def trace(self, asked: Asked) -> Traced:
        """That nobody was asked, or what is missing to ask."""
        return Traced(status=NOT_TRACED, number=asked.number)


class Tracing:
    """What pages ask: whoever traces here, for so long and no longer."""

    def __init__(self, tracer: Tracer, *, seconds: float = SECONDS) -> None:
        self._tracer = tracer
        self._seconds = seconds

    async def trace(self, asked: Asked) -> Traced:
        """An answer in any case; not reached, where none came in time."""
        try:
            return await asyncio.wait_for(self._tracer.trace(asked), self._seconds)
        except TimeoutError:
            return Traced(status=NOT_REACHED, number=asked.number)
