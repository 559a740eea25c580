# SPDX-License-Identifier: Apache-2.0
"""What is due in a section and until when it holds, by rules in force on the day.

Nothing ends in silence: past its last moment a section stays on every list, as late,
until somebody says how it ended.
"""

import enum
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from wardkeep.fhir.mha.entry_kinds import (
    COURSE,
    ENTRY_KINDS,
    NOT_VALID,
    PAPERS,
    TO_MEND,
)
from wardkeep.fhir.mha.facts import Fact, Facts
from wardkeep.fhir.mha.periods import (
    Period,
    after,
    before,
    day_of,
    end_of,
    is_midnight,
    last_day,
    last_day_before,
    midnight_after,
)
from wardkeep.fhir.mha.rules import BASES, BEGIN, Duty, Paper, Rules, SectionRule

EXPIRY, PAPER = "expiry", "paper"
_IN_DAYS_FROM = timedelta(days=2)


class Standing(enum.StrEnum):
    """How near it is."""

    LATE = "late"
    SOON = "soon"
    LATER = "later"


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is due, or one right that ends."""

    code: str
    words: str
    by: datetime
    """The first moment at which it is too late."""
    standing: Standing
    basis: str
    source: str
    group: str = COURSE
    url: str = ""
    opens: datetime | None = None
    """Before which it cannot be done."""
    is_right: bool = False

    def left(self, now: datetime) -> str:
        return left_words(self.by, now)


def left_words(by: datetime, now: datetime) -> str:
    """How long is left, in words."""
    if now >= by:
        return f"{_long(now - by, by, now)} late"
    if is_midnight(by):
        days = (last_day_before(by) - day_of(now)).days
        named = {0: "today is the last day", 1: "tomorrow is the last day"}
        return named.get(days, f"{days} days left")
    return f"{_long(by - now, now, by)} left"


def _long(long: timedelta, since: datetime, until: datetime) -> str:
    if long >= _IN_DAYS_FROM:
        days = (day_of(until) - day_of(since)).days
        return f"{days} days"
    minutes = int(long.total_seconds()) // 60
    hours, rest = divmod(minutes, 60)
    said = [f"{hours} h"] if hours else []
    return " ".join([*said, f"{rest} min"])


def end_of_section(facts: Facts, rules: Rules) -> datetime | None:
    """The first moment at which it holds no longer; None where time does not end it.

    Renewed periods begin when the one before ends. Where months counted from there and
    months counted from the first day differ, the earlier holds.
    """
    rule = rules.section_on(facts.code, day_of(facts.began))
    if rule is None or rule.lasts is None:
        return None
    if rule.lasts.is_hours:
        return _end_of_hours(facts, rule, rule.lasts)
    first = day_of(facts.began)
    last, months = last_day(first, rule.lasts), rule.lasts.months
    for nth in range(sum(one.kind == "renewed" for one in facts.facts)):
        then = rules.section_on(facts.code, last + timedelta(days=1)) or rule
        if not then.renews:
            break
        period = then.renews[min(nth, len(then.renews) - 1)]
        further = last_day(last + timedelta(days=1), period)
        months = months + period.months if months and period.months else 0
        last = (
            min(further, last_day(first, Period(months, "month")))
            if months
            else (further)
        )
    return midnight_after(last)


def _end_of_hours(facts: Facts, rule: SectionRule, lasts: Period) -> datetime:
    end = end_of(facts.began, lasts)
    if rule.longer is not None and facts.last("held-longer") is not None:
        end += timedelta(hours=rule.longer.count)
    return end


def is_past(facts: Facts, rules: Rules, now: datetime) -> bool:
    """Whether its time is over and nobody has said how it ended."""
    end = end_of_section(facts, rules)
    return facts.ended is None and end is not None and now >= end


def due_in(facts: Facts, rules: Rules, now: datetime) -> tuple[Due, ...]:
    """All that is due in a section, the soonest first; nothing once it has ended."""
    if facts.ended is not None:
        return ()
    rule = rules.section_on(facts.code, day_of(facts.began))
    end = end_of_section(facts, rules)
    found = [*_of_duties(facts, rules, end, now), *_of_dates(facts, now)]
    if rule is not None:
        found += _of_papers(facts, rule, now)
        if end is not None:
            found.append(_expiry(facts, rule, end, now))
    return tuple(sorted(found, key=lambda one: (one.by, one.code)))


def _standing(by: datetime, soon: datetime, now: datetime) -> Standing:
    if now >= by:
        return Standing.LATE
    return Standing.SOON if now >= soon else Standing.LATER


def _expiry(facts: Facts, rule: SectionRule, end: datetime, now: datetime) -> Due:
    soon = min(timedelta(days=28), (end - facts.began) / 2)
    return Due(
        code=EXPIRY,
        words=f"{rule.name} ends",
        by=end,
        standing=_standing(end, end - soon, now),
        basis=BASES["act"],
        source=rule.source,
        url=rule.url,
    )


def _of_duties(
    facts: Facts, rules: Rules, end: datetime | None, now: datetime
) -> Iterator[Due]:
    for duty in rules.duty:
        if facts.code not in duty.sections or facts.last(*duty.unless) is not None:
            continue
        begun = _anchor(facts, duty)
        if begun is None or not duty.holds_on(day_of(begun)):
            continue
        opens = before(end, duty.before_end) if end and duty.before_end else None
        by = _by(facts, duty, begun, end, opens)
        if by is not None and not (duty.is_right and now >= by):
            yield Due(
                code=duty.code,
                words=duty.words,
                by=by,
                standing=_standing(by, before(by, duty.soon), now),
                basis=BASES[duty.basis],
                source=duty.source,
                group=_group(duty),
                url=duty.url,
                opens=opens,
                is_right=duty.is_right,
            )


def _group(duty: Duty) -> str:
    """That of what fulfils it."""
    kinds = [one.partition(":")[0] for one in duty.done_by]
    return next((ENTRY_KINDS[one].group for one in kinds), COURSE)


def _anchor(facts: Facts, duty: Duty) -> datetime | None:
    if duty.after == BEGIN:
        return facts.began
    last = facts.last(duty.after)
    return None if last is None else last.at


def _by(
    facts: Facts,
    duty: Duty,
    begun: datetime,
    end: datetime | None,
    opens: datetime | None,
) -> datetime | None:
    """By when; None where it is done, or has no time."""
    done = facts.last(*duty.done_by)
    since = opens or begun
    if done is not None and done.at >= since:
        again = duty.again_if.get(done.outcome, duty.again)
        return None if again is None else after(done.at, again)
    if duty.within is not None:
        return end_of(begun, duty.within)
    return end


def _of_papers(facts: Facts, rule: SectionRule, now: datetime) -> Iterator[Due]:
    for paper in rule.papers:
        stands = standing_of(paper, facts)
        words, by = "", midnight_after(day_of(facts.began))
        if stands is None:
            words = f"Paper to come: {paper.words} ({' or '.join(paper.forms)})"
        elif stands.outcome == NOT_VALID:
            words = f"Paper not valid: {stands.form}. Take advice now"
            by = stands.at
        elif stands.outcome == TO_MEND:
            words = f"Paper to be put right: {stands.form}"
            by = end_of(facts.began, rule.mend_within) if rule.mend_within else by
        if words:
            yield Due(
                code=PAPER,
                words=words,
                by=by,
                standing=_standing(by, by - timedelta(days=7), now),
                basis=BASES["act"],
                source=rule.source,
                group=PAPERS,
                url=rule.url,
            )


def standing_of(paper: Paper, facts: Facts) -> Fact | None:
    """The last word about a paper; one that is wrong before one that is in order."""
    newest = {
        one.form: one
        for one in facts.facts
        if one.kind == PAPER and paper.is_it(one.form)
    }
    order = (NOT_VALID, TO_MEND)
    ranked = sorted(
        newest.values(),
        key=lambda one: order.index(one.outcome) if one.outcome in order else 9,
    )
    return next(iter(ranked), None)


def _of_dates(facts: Facts, now: datetime) -> Iterator[Due]:
    """Dates that entries themselves name: hearings, and back from leave."""
    awaited: dict[str, Fact] = {}
    for one in facts.facts:
        kind = ENTRY_KINDS.get(one.kind)
        if kind is not None and kind.open_words and one.until is not None:
            awaited[one.kind] = one
        for other in [*awaited]:
            if one.kind in ENTRY_KINDS[other].closed_by:
                del awaited[other]
    for code, one in awaited.items():
        if one.until is not None:
            yield Due(
                code=code,
                words=ENTRY_KINDS[code].open_words,
                by=one.until,
                standing=_standing(one.until, one.until - timedelta(days=7), now),
                basis="what was written down",
                source="",
                group=ENTRY_KINDS[code].group,
            )
