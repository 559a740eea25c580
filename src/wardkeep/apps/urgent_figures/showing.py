# SPDX-License-Identifier: Apache-2.0
"""Figures in words: beside their standards, in colour and in words, and why not met."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

import msgspec

from wardkeep.apps.urgent_figures.opening import minutes_between
from wardkeep.base.clock import LONDON
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.fhir.urgent.figures.counting import REACHED, SEEN_BY, Hour, Units, late_by
from wardkeep.fhir.urgent.figures.items import Item, Measure, Unit
from wardkeep.fhir.urgent.figures.orders import Event, Group
from wardkeep.fhir.urgent.figures.spans import Span
from wardkeep.fhir.urgent.figures.sums import Figure

FEWEST = 5
"""Numbers below it are hidden in a report, as in published data; none is told."""
FEWEST_OF_A_CENTILE = 20
FEW, HIDES = "fewer than 5", "hidden"
NEAR = 5
"""Points below a standard that are told apart from more."""
_HOUR = 60
_NUMBER_LETTERS = 5


class Result(msgspec.Struct, frozen=True):
    """How a figure stands to its standard."""

    words: str
    colour: str


ENOUGH_TO_TELL = 20
MET = Result("Met", "green")
NEARLY = Result("Just missed", "yellow")
MISSED = Result("Not met", "red")
BELOW = (NEARLY, MISSED)
NO_STANDARD = Result("No standard", "grey")
NOTHING = Result("Nothing to count yet", "grey")
HIDDEN = Result("Too few to say", "grey")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One figure as it is shown; empty where there is none."""

    met: str
    of: str
    share: str
    """What people look at: a percentage, a number, or minutes."""
    pending: str
    result: Result
    is_exact: bool = True
    counts: bool = False
    """Whether it is made of enough to tell somebody of it."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One item."""

    item: Item
    told: tuple[Told, ...]
    """In each column; none where it is not counted."""


def lines_of(
    items: Sequence[Item], figures: Sequence[Mapping[str, Figure]], *, hides: bool
) -> list[Line]:
    """Items with their figures, in each column."""
    return [
        Line(
            item=one,
            told=()
            if one.cannot or is_silent(one, figures)
            else tuple(told_of(one, of[one.id], hides=hides) for of in figures),
        )
        for one in items
    ]


def is_silent(item: Item, figures: Sequence[Mapping[str, Figure]]) -> bool:
    """Whether what only a telephone tells was told by none, in no column."""
    return bool(item.silent) and all(
        of[item.id].of + of[item.id].pending == 0 for of in figures
    )


def told_of(item: Item, figure: Figure, *, hides: bool) -> Told:
    """One figure in words. Where `hides`, nothing that fewer than five made up."""
    if item.measure is Measure.COUNT:
        number = number_words(figure.met, hides=hides)
        return Told(
            met=number,
            of="",
            share=number,
            pending="",
            result=NO_STANDARD,
            is_exact=number != FEW,
        )
    is_small = hides and _is_small(item, figure)
    pending = number_words(figure.pending, hides=hides) if figure.pending else ""
    if not figure.of:
        return Told(met="0", of="0", share="–", pending=pending, result=NOTHING)
    return Told(
        met=_met_words(figure, hides=hides) if item.measure is Measure.SHARE else "",
        of=number_words(figure.of, hides=hides),
        share=HIDES if is_small else _share_words(item, figure),
        pending=pending,
        result=HIDDEN if is_small else result_of(item, figure),
        is_exact=not is_small,
        counts=figure.of >= ENOUGH_TO_TELL,
    )


def number_words(number: int, *, hides: bool) -> str:
    return FEW if hides and 0 < number < FEWEST else f"{number:,}"


def _met_words(figure: Figure, *, hides: bool) -> str:
    """Also hidden where the rest is small: whoever has all but two has those two."""
    if hides and 0 < figure.of - figure.met < FEWEST:
        return HIDES
    return number_words(figure.met, hides=hides)


def _is_small(item: Item, figure: Figure) -> bool:
    if item.measure is Measure.CENTILE:
        # Of fewer than twenty it is the longest, which is one caller's
        return 0 < figure.of < FEWEST_OF_A_CENTILE
    if item.measure is Measure.MEAN:
        return 0 < figure.of < FEWEST
    return any(0 < one < FEWEST for one in (figure.met, figure.of - figure.met))


def _share_words(item: Item, figure: Figure) -> str:
    if item.at_most_seconds:
        return f"{seconds_of(item, figure):.0f} s"
    if item.measure is Measure.MEAN:
        return f"{figure.seconds / figure.of / 60:.1f} min"
    return f"{share_of(figure):.1f}%"


def share_of(figure: Figure) -> float:
    return 100 * figure.met / figure.of


def seconds_of(item: Item, figure: Figure) -> float:
    """Of a mean or a centile."""
    if item.measure is Measure.CENTILE:
        return figure.centile
    return figure.seconds / figure.of


def result_of(item: Item, figure: Figure) -> Result:
    """Against its standard; a number that is rounded for show is not for this."""
    if item.at_most_seconds:
        return _result_in_seconds(item, figure)
    if not item.standard or item.measure is not Measure.SHARE:
        return NO_STANDARD
    share = share_of(figure)
    over = share - item.at_least if item.at_least else item.at_most - share
    if over >= 0:
        return MET
    return NEARLY if over >= -NEAR else MISSED


def _result_in_seconds(item: Item, figure: Figure) -> Result:
    """Just missed is by a quarter of the standard or less."""
    over = seconds_of(item, figure) - item.at_most_seconds
    if over <= 0:
        return MET
    return NEARLY if over <= item.at_most_seconds / 4 else MISSED


def below_in(lines: Sequence[Line]) -> list[Line]:
    """Those that somebody who leads a shift is told of; nobody is told of the others.

    Below their standard in this shift, and made of enough calls that one more would not
    turn them: a page that cries at the first late call is closed by noon.
    """
    return [
        one
        for one in lines
        if one.told and one.told[0].result in BELOW and one.told[0].counts
    ]


# Hour by hour


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """An hour as it is drawn: in twentieths of the fullest one's height.

    As elements and not as SVG, which no live part takes.
    """

    label: str
    answered: int
    missed: int
    tall: int


_TALLEST = 20


def columns_of(hours: Sequence[Hour]) -> list[Column]:
    most = max((one.answered for one in hours), default=0) or 1
    return [
        Column(
            label=hour_words(one.since, hours),
            answered=one.answered,
            missed=one.missed,
            tall=-(-one.answered * _TALLEST // most),
        )
        for one in hours
    ]


def hour_words(at: datetime, among: Sequence[Hour]) -> str:
    """As 01; where an hour comes twice, with its zone."""
    here = at.astimezone(LONDON)
    names = [one.since.astimezone(LONDON).hour for one in among]
    return f"{here:%H %Z}" if names.count(here.hour) > 1 else f"{here:%H}"


# What missed its time


class Miss(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a queue that missed its time, or does."""

    entry: str
    number: str
    words: str
    due: datetime
    late: str
    why: str
    is_over: bool


def misses_of(units: Units, span: Span, *, now: datetime) -> list[Miss]:
    """The newest first; those that still wait before the others."""
    found = []
    for source, group in units.of[Unit.PLACE].items():
        late = late_by(group, now=now) if span.has(group[0].at) else None
        if late is None:
            continue
        given = _first(group, "queue")
        if given is None or given.due is None:
            continue
        entry = source.partition("/")[2]
        known = DISPOSITIONS.get(given.code)
        found.append(
            Miss(
                entry=entry,
                number=entry.replace("-", "")[-_NUMBER_LETTERS:].upper(),
                words=known.words if known else given.code or "Not said",
                due=given.due,
                late=span_words(int(late.total_seconds() // 60)),
                why=why_late(group, due=given.due),
                is_over=_first(group, *SEEN_BY) is not None,
            )
        )
    found.sort(key=lambda one: (one.is_over, -one.due.timestamp(), one.entry))
    return found


def why_late(group: Group, *, due: datetime) -> str:
    """What happened to it until it was due, by its steps alone."""
    before = [one for one in group if one.at <= due]
    taken = [one for one in before if one.kind in ("take", "assign")]
    tried = sum(one.kind == "no-answer" for one in before)
    back = sum(one.kind == "hand-back" for one in before)
    if _first(before, "end") is not None and _first(before, *REACHED) is None:
        return "It was closed without anybody being reached."
    if not taken:
        return f"Nobody had taken it by then.{_later(group, due)}"
    since = minutes_between(taken[-1].at, due)
    parts = [f"Taken {span_words(since)} before it was due"]
    if tried:
        parts.append(f"rung {_times(tried)} without an answer")
    if back:
        parts.append(f"handed back {_times(back)}")
    if not tried and not back:
        parts.append("and nobody was reached in time")
    return ", ".join(parts) + "."


def _later(group: Group, due: datetime) -> str:
    taken = _first([one for one in group if one.at > due], "take", "assign")
    if taken is None:
        return ""
    return f" Somebody did {span_words(minutes_between(due, taken.at))} later."


def _first(group: Group, *kinds: str) -> Event | None:
    return next((one for one in group if one.kind in kinds), None)


def _times(many: int) -> str:
    return {1: "once", 2: "twice"}.get(many, f"{many} times")


def span_words(minutes: int) -> str:
    if minutes < 1:
        return "under a minute"
    hours, rest = divmod(minutes, _HOUR)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def day_words(day: date) -> str:
    return f"{day:%A %-d %B %Y}"


def groups_of(lines: Sequence[Line]) -> Iterator[tuple[str, list[Line]]]:
    """Lines under their headings, in the order of the list."""
    found: dict[str, list[Line]] = {}
    for one in lines:
        found.setdefault(one.item.group, []).append(one)
    yield from found.items()
