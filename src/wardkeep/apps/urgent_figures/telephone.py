# SPDX-License-Identifier: Apache-2.0
"""The telephone in words: who waits just now, who gave up, and whether it speaks."""

from datetime import timedelta

import msgspec

from wardkeep.apps.urgent_figures.showing import span_words
from wardkeep.fhir.urgent.telephone.rows import Ringing

_LONG = timedelta(seconds=120)
"""The 95th centile's standard: whoever waits longer is told of in red."""


class Telephone(msgspec.Struct, frozen=True, kw_only=True):
    """What the shift lead reads of it."""

    waiting: int
    longest: str
    is_long: bool
    gave_up: int
    silent: str
    """For how long it has told nothing; empty: it speaks."""
    clock: str
    """By how much its clock is wrong; empty: it is right."""


def telephone_shown(found: Ringing | None) -> Telephone | None:
    """None where there is no telephone system."""
    if found is None:
        return None
    return Telephone(
        waiting=found.waiting,
        longest=clock_words(found.longest) if found.waiting else "",
        is_long=found.longest > _LONG,
        gave_up=found.gave_up,
        silent=""
        if found.silent_for is None
        else span_words(int(found.silent_for.total_seconds() // 60)),
        clock=_off_words(found.clock_off),
    )


def clock_words(span: timedelta) -> str:
    """As 2:05."""
    minutes, seconds = divmod(max(0, int(span.total_seconds())), 60)
    return f"{minutes}:{seconds:02d}"


def _off_words(off: timedelta) -> str:
    if not off:
        return ""
    how = "ahead of" if off > timedelta() else "behind"
    return f"{clock_words(abs(off))} min {how} ours"
