# SPDX-License-Identifier: Apache-2.0
"""What is counted, as data: `items.toml` beside this file, and what its fields mean."""

from collections.abc import Container
from datetime import date, time
from enum import StrEnum
from importlib import resources

import msgspec

from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Disposition
from wardkeep.fhir.urgent.steps import Step

KINDS = frozenset(
    {
        *("call-answered", "call-ended", "case-closed"),
        *(str(one) for one in Step if one is not Step.UNDO),
        *("outcome-given", "outcome-changed", "booked"),
        *("ambulance-asked", "ambulance-sent", "ambulance-acknowledged"),
        *("message-made", "message-sent", "message-answered"),
        *("phone-offered", "phone-waits", "phone-answered", "phone-over"),
        "phone-gave-up",
    }
)
"""Of events."""


class Unit(StrEnum):
    """What is counted."""

    CALL = "call"
    PLACE = "place"
    AMBULANCE = "ambulance"
    MESSAGE = "message"
    RINGING = "ringing"
    """A call as the telephone system has it, whether anybody answered or not."""


class Measure(StrEnum):
    """How."""

    SHARE = "share"
    COUNT = "count"
    MEAN = "mean"
    CENTILE = "centile"
    """The 95th: within so many seconds 95 in 100 were met."""


class Where(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which dispositions; empty: any."""

    codes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    least_minutes: int = 0
    most_minutes: int = 0

    @property
    def is_any(self) -> bool:
        return self == Where()


class _Any:
    """Holds every code, also one that the list has not."""

    def __contains__(self, code: object) -> bool:
        return True


def admitted(where: Where) -> Container[str]:
    """The dispositions that are meant; of a code that the list has not, nothing is."""
    if where.is_any:
        return _Any()
    return frozenset(code for code, one in DISPOSITIONS.items() if _admits(where, one))


def _admits(where: Where, one: Disposition) -> bool:
    wanted = (
        (where.codes, one.code),
        (where.kinds, str(one.kind)),
        (where.skills, one.skill),
    )
    if any(among and value not in among for among, value in wanted):
        return False
    return where.least_minutes <= one.minutes and (
        not where.most_minutes or one.minutes <= where.most_minutes
    )


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the list."""

    id: str
    group: str
    words: str
    cannot: str = ""
    """Why it is not counted; empty: it is."""
    unit: Unit = Unit.CALL
    measure: Measure = Measure.SHARE
    begins: str = ""
    where: Where = Where()
    also: tuple[str, ...] = ()
    met: tuple[str, ...] = ()
    met_where: Where = Where()
    within: int = 0
    within_seconds: int = 0
    by_due: bool = False
    settles: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    """By which of these another service has it, unless it was taken back: what is not
    met by then is theirs to meet, and counts nowhere here."""
    at_least: int = 0
    at_most: int = 0
    at_most_seconds: int = 0
    """Of a mean or a centile, which is then shown in seconds."""
    silent: str = ""
    """Of what a telephone system tells: why there is no number where it told none."""
    adc: str = ""
    """The national collection's own items: numerator / denominator, or one alone."""
    adc_read: tuple[str, ...] = ()
    """Where that was read: ids of `read` in the list; empty: it was not found."""
    states: str = ""
    notes: str = ""
    since: date = date(2021, 4, 1)
    until: date | None = None

    def holds_on(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)

    @property
    def standard(self) -> str:
        """In words; empty: there is none."""
        if self.at_least:
            return f"at least {self.at_least}%"
        if self.at_most_seconds:
            return f"at most {self.at_most_seconds} s"
        return f"at most {self.at_most}%" if self.at_most else ""


class Read(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something public in which the collection's own items were read."""

    id: str
    words: str


class Items(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The list."""

    title: str
    version: str
    source: str
    shifts: tuple[str, ...]
    """When one begins, in London, in the order of a day."""
    item: tuple[Item, ...]
    read: tuple[Read, ...] = ()

    @property
    def begins(self) -> tuple[time, ...]:
        return tuple(time.fromisoformat(one) for one in self.shifts)


def read_items(text: str) -> Items:
    """The list as it is written.

    Raises:
        ValueError: it names what there is not; the message has the item.
    """
    found = msgspec.toml.decode(text, type=Items)
    ids = [one.id for one in found.item]
    if len(set(ids)) != len(ids):
        message = "two items have one id"
        raise ValueError(message)
    known = {one.id for one in found.read}
    for one in found.item:
        _check(one)
        if set(one.adc_read) - known or bool(one.adc) is not bool(one.adc_read):
            message = f"{one.id}: where its national items were read is not said"
            raise ValueError(message)
    return found


def _check(one: Item) -> None:
    if one.cannot:
        if one.begins or one.met:
            message = f"{one.id}: it is either counted, or says why not"
            raise ValueError(message)
        return
    told = {one.begins, *one.also, *one.met, *one.settles, *one.elsewhere}
    unknown = told - KINDS
    named = {code for where in (one.where, one.met_where) for code in where.codes}
    if unknown or named - DISPOSITIONS.keys():
        wrong = sorted(unknown | (named - DISPOSITIONS.keys()))
        message = f"{one.id}: nothing is called {', '.join(wrong)}"
        raise ValueError(message)
    if bool(one.met) is (one.measure is Measure.COUNT):
        message = f"{one.id}: a count has nothing that is met, and all else has"
        raise ValueError(message)


def _read() -> Items:
    text = resources.files(__package__).joinpath("items.toml").read_text("utf-8")
    return read_items(text)


ITEMS = _read()
