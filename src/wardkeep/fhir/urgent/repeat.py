# SPDX-License-Identifier: Apache-2.0
"""Who rings again and again: two earlier calls in 96 hours, then at least a clinician.

The national rule (repeat caller service, NHS England; after the death of Penny
Campbell in 2005): whoever rings a third time in four days is not sent round the same
questions once more. Calls are the same person's by a verified NHS number, or where
four of five facts are alike; three are a question to the caller. 96 hours are elapsed
time, so that a change of the clocks makes them neither longer nor shorter.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import Enum

import msgspec

from wardkeep.base.plain_text import normalise

WINDOW = timedelta(hours=96)
EARLIER = 2
"""As many earlier calls make the third a repeat caller's."""
SURE, MAYBE = 4, 3


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Of a person, as far as they are known; what is empty is like nothing."""

    number: str = ""
    is_verified: bool = False
    given: str = ""
    family: str = ""
    born: str = ""
    gender: str = ""
    postcode: str = ""

    @property
    def five(self) -> tuple[str, ...]:
        """As they are compared: without case, accents and gaps."""
        return (
            normalise(self.given),
            normalise(self.family),
            self.born,
            self.gender if self.gender in ("female", "male", "other") else "",
            normalise(self.postcode).replace(" ", ""),
        )


class Likeness(Enum):
    """Whether two calls are about one person."""

    SAME = "same"
    MAYBE = "maybe"
    """The caller is asked."""
    OTHER = "other"


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """A call before this one."""

    case: str
    began: datetime
    likeness: Likeness
    is_by_facts: bool = False
    """It is in another record, and was found by facts that are alike: a twin at home
    has the same surname, birthday and postcode, and often the same sex."""


class Repeats(msgspec.Struct, frozen=True, kw_only=True):
    """What earlier calls say of this one."""

    sure: tuple[Earlier, ...] = ()
    maybe: tuple[Earlier, ...] = ()

    @property
    def needs_clinician(self) -> bool:
        """Whether the rule holds by what is known."""
        return len(self.sure) >= EARLIER

    @property
    def may_be_siblings(self) -> int:
        """How many of the sure ones a brother or sister may have made as well."""
        return sum(one.is_by_facts for one in self.sure)

    @property
    def asks(self) -> bool:
        """Whether it would hold if those that may be the same person's are."""
        could = len(self.sure) + len(self.maybe)
        return not self.needs_clinician and could >= EARLIER


def likeness_of(one: Facts, other: Facts) -> Likeness:
    """By two verified numbers alone where both have one; else by the five facts."""
    if one.is_verified and other.is_verified and one.number and other.number:
        return Likeness.SAME if one.number == other.number else Likeness.OTHER
    return likeness_by(
        sum(bool(a) and a == b for a, b in zip(one.five, other.five, strict=True))
    )


def likeness_by(alike: int) -> Likeness:
    """From how many of the five facts are alike."""
    if alike >= SURE:
        return Likeness.SAME
    return Likeness.MAYBE if alike >= MAYBE else Likeness.OTHER


def repeats_of(case: str, began: datetime, earlier: Iterable[Earlier]) -> Repeats:
    """Earlier calls in the 96 hours before this one, each once, the newest first.

    `began` and theirs have time zones. The call itself is none of them.
    """
    answered = began.astimezone(UTC)
    by_id: dict[str, Earlier] = {}
    for one in earlier:
        known = by_id.get(one.case)
        if known is None or known.likeness is not Likeness.SAME:
            by_id[one.case] = one
    within = [
        one
        for one in by_id.values()
        if one.case != case
        and answered - WINDOW <= one.began.astimezone(UTC) <= answered
    ]
    within.sort(key=lambda one: one.began.astimezone(UTC), reverse=True)
    return Repeats(
        sure=tuple(one for one in within if one.likeness is Likeness.SAME),
        maybe=tuple(one for one in within if one.likeness is Likeness.MAYBE),
    )
