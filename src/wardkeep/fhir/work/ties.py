# SPDX-License-Identifier: Apache-2.0
"""The ties of what is about to be written, as the warden is told of them."""

from collections.abc import Mapping
from functools import cache

from wardkeep.disclosure.questions import SaidTie
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.work.expects import DAY, Expects, Moment, Work
from wardkeep.fhir.work.kinds import found

MOST_TIES = 40
"""Of one resource; the warden takes no more."""
LONGEST = 790 * DAY
"""The warden takes none that is longer, or that ends later from now; it takes ten days
more, in case its clock is not ours."""


@cache
def _kinds() -> Mapping[str, Work]:
    return {one.type: one for one in found()}


def tells_ties(resource_type: str) -> bool:
    """Whether resources of a type explain openings: an older version may have, too."""
    return resource_type in _kinds()


def ties_of(resource: Resource, id_: str, *, now: int) -> list[SaidTie]:
    """What it explains from now on; `now` in UTC microseconds since 1970."""
    work = _kinds().get(resource.type)
    if work is None:
        return []
    moment = Moment(now, f"{resource.type}/{id_}")
    said = [_shortened(one, now) for one in work.ties(resource.content, moment)]
    told = dict.fromkeys(
        one for one in said if one.since < one.until and one.until > now
    )
    return [SaidTie(resource.type, id_, *one) for one in tuple(told)[:MOST_TIES]]


def _shortened(one: Expects, now: int) -> Expects:
    """As much of it as the warden takes.

    A care team may have begun ten years ago, and somebody may type the year 2062: when
    it began does not matter any more, and what is that far off is told by a later
    version.
    """
    until = min(one.until, now + LONGEST)
    return one._replace(since=max(one.since, until - LONGEST), until=until)
