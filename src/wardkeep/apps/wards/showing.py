# SPDX-License-Identifier: Apache-2.0
"""A board in words: beds in their order, who is due, who is out, what can be undone.

Nobody is named here: names stand beside it where the page was given them.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import msgspec

from wardkeep.base.clock import LONDON
from wardkeep.base.time_of_day import time_of_day
from wardkeep.fhir.store.ward_steps import DID
from wardkeep.fhir.wards.bed import CLEANING, CLOSED, FREE, STATES, in_order
from wardkeep.fhir.wards.checks import overdue_minutes
from wardkeep.fhir.wards.leave import ESCORT_WORDS
from wardkeep.fhir.wards.level import GENERAL, short_words
from wardkeep.fhir.wards.rows import BedRow, StayRow, StepRow

SOON = timedelta(minutes=5)
_DAYS = timedelta(days=1)
_HOUR_MINUTES, _DAY_MINUTES = 60, 1440


class Tag(msgspec.Struct, frozen=True):
    """A word on a row; colour never says it alone."""

    words: str
    colour: str = ""
    """Empty: plain words."""


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """The next check of somebody."""

    tag: Tag
    at: datetime
    is_overdue: bool
    is_soon: bool


class Lying(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who stays, as a board has them."""

    patient: str
    bed: str
    bed_name: str
    ward: str
    is_hidden: bool
    day: int
    """Of the stay, from 1."""
    level: Tag
    legal: str
    due: Due | None
    leave: tuple[Tag, ...]
    out: str
    """The leave that they are on."""
    is_out: bool
    leaving: Tag | None
    """When they are thought to be discharged."""
    notes: tuple[Tag, ...]
    undo: StepRow | None
    undo_words: str


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A bed of a board."""

    bed: str
    name: str
    state: str
    tag: Tag
    lying: Lying | None


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """A ward."""

    places: tuple[Place, ...]
    elsewhere: tuple[Lying, ...]
    """On the ward, in no bed that is known."""
    taken: int
    free: int
    out: int
    overdue: int

    @property
    def people(self) -> tuple[Lying, ...]:
        lying = [one.lying for one in self.places if one.lying is not None]
        return (*lying, *self.elsewhere)


_TAGS = {
    FREE: Tag("Free", "green"),
    CLEANING: Tag(STATES[CLEANING], "yellow"),
    CLOSED: Tag(STATES[CLOSED], "grey"),
}


def board_of(
    beds: Sequence[BedRow],
    stays: Sequence[StayRow],
    steps: Mapping[str, StepRow],
    now: datetime,
) -> Board:
    lying = [lying_of(one, steps.get(one.patient), now) for one in stays]
    by_bed = {one.bed: one for one in lying if one.bed}
    there = {one.bed for one in beds}
    places = [
        Place(
            bed=one.bed,
            name=one.name,
            state=one.state,
            tag=Tag("Taken", "blue") if one.bed in by_bed else _TAGS[one.state],
            lying=by_bed.get(one.bed),
        )
        for one in sorted(beds, key=lambda one: in_order(one.name))
    ]
    return Board(
        places=tuple(places),
        elsewhere=tuple(one for one in lying if one.bed not in there),
        taken=sum(one.lying is not None for one in places),
        free=sum(one.lying is None and one.state == FREE for one in places),
        out=sum(one.is_out for one in lying),
        overdue=sum(one.due is not None and one.due.is_overdue for one in lying),
    )


def lying_of(stay: StayRow, step: StepRow | None, now: datetime) -> Lying:
    return Lying(
        patient=stay.patient,
        bed=stay.bed,
        bed_name=stay.bed_name,
        ward=stay.ward,
        is_hidden=stay.is_sealed,
        day=(_day(now) - _day(stay.began_at)).days + 1,
        level=_level(stay),
        legal=", ".join(f"Section {one}" for one in stay.sections),
        due=due_of(stay, now),
        leave=tuple(_leave(stay, now)),
        out=stay.out,
        is_out=stay.is_out,
        leaving=_leaving(stay.expected_on, _day(now)),
        notes=tuple(_notes(stay, now)),
        undo=step,
        undo_words="" if step is None else DID.get(step.did, step.did),
    )


def _day(moment: datetime) -> date:
    return moment.astimezone(LONDON).date()


def _level(stay: StayRow) -> Tag:
    if not stay.level:
        return Tag("No level set", "orange")
    colour = "" if stay.code == GENERAL else "purple"
    return Tag(short_words(stay.code, stay.every), colour)


def due_of(stay: StayRow, now: datetime) -> Due | None:
    """When the next check is due, in words; None: none is."""
    at = stay.due_at
    if at is None:
        return None
    late = overdue_minutes(at, now)
    if late:
        tag = Tag(f"Check overdue: {long_words(late)}", "red")
    elif now >= at:
        tag = Tag("Check due now", "red")
    elif at - now <= SOON:
        tag = Tag(f"Check by {clock(at)}", "orange")
    else:
        tag = Tag(f"Next check by {clock(at)}")
    return Due(tag=tag, at=at, is_overdue=now > at, is_soon=at - now <= SOON)


def _leave(stay: StayRow, now: datetime) -> list[Tag]:
    if stay.is_out and stay.until_at is None:
        return [Tag("On leave", "blue")]
    if stay.is_out and stay.until_at is not None:
        how = ESCORT_WORDS.get(stay.escort, stay.escort)
        if now > stay.until_at:
            late = long_words(overdue_minutes(stay.until_at, now)) or "now"
            return [Tag(f"Not back from leave: {late} overdue", "red"), Tag(how)]
        return [Tag(f"On leave until {when(stay.until_at, now)}", "blue"), Tag(how)]
    if stay.next_leave is not None:
        return [Tag(f"Leave planned from {when(stay.next_leave, now)}")]
    return []


def _leaving(day: date | None, today: date) -> Tag | None:
    if day is None:
        return None
    said = f"{day.day} {day:%b}" if day.year == today.year else f"{day.day} {day:%b %Y}"
    if day < today:
        return Tag(f"Was to leave {said}", "orange")
    return Tag("To leave today" if day == today else f"To leave {said}")


def _notes(stay: StayRow, now: datetime) -> list[Tag]:
    found = []
    if stay.is_alarm and not stay.is_out:
        found.append(Tag("Not found at the last check", "red"))
    if stay.level and stay.review_at is not None and stay.review_at < now:
        found.append(Tag("Review of the level is due", "orange"))
    return found


def clock(moment: datetime) -> str:
    return time_of_day(moment)


def when(moment: datetime, now: datetime) -> str:
    """A time of today, or with its day."""
    local = moment.astimezone(LONDON)
    if local.date() == _day(now):
        return time_of_day(moment)
    return f"{time_of_day(moment)} on {local.day} {local:%b}"


def long_words(minutes: int) -> str:
    """How long, as in 12 minutes or 3 hours 5 minutes; empty for less than one."""
    if minutes >= _DAY_MINUTES:
        days, rest = divmod(minutes, _DAY_MINUTES)
        return _joined((days, "day"), (rest // _HOUR_MINUTES, "hour"))
    hours, rest = divmod(minutes, _HOUR_MINUTES)
    return _joined((hours, "hour"), (rest, "minute"))


def _joined(*parts: tuple[int, str]) -> str:
    said = [f"{many} {unit}{'' if many == 1 else 's'}" for many, unit in parts if many]
    return " ".join(said)


def in_due_order(people: Sequence[Lying]) -> list[Lying]:
    """Whose check is due first; then those who have none."""
    return sorted(
        people,
        key=lambda one: (
            one.due is None,
            one.due.at.timestamp() if one.due is not None else 0.0,
            in_order(one.bed_name),
            one.patient,
        ),
    )
