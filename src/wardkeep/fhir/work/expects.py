# SPDX-License-Identifier: Apache-2.0
"""What a kind of work says: somebody expects the patient, from when until when.

Times are UTC microseconds since 1970. What has no end is given one: whatever nobody
closed explains for so long after it was last written, and no longer.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from wardkeep.fhir.model.primitives import EARLIEST, LATEST, Span, span_of
from wardkeep.fhir.search.params.date import span_of_period
from wardkeep.fhir.search.references import target_of

MINUTE = 60 * 1_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
OPEN_DAYS = 400
"""How long what nobody closed explains after it was last written: care plans and
caseloads are looked through each year, and five weeks more are grace."""
WHO = frozenset(
    {
        *("Practitioner", "PractitionerRole"),
        *("Location", "HealthcareService", "CareTeam", "Organization"),
    }
)
"""Types of those who may expect somebody; a patient's family does not sign in."""

Content = dict[str, Any]


class Expects(NamedTuple):
    """One tie that a resource tells."""

    who: str
    kind: str
    since: int
    until: int


class Moment(NamedTuple):
    """When it is written, and as what."""

    now: int
    reference: str
    """The resource itself, as `CareTeam/x`."""


class Work(NamedTuple):
    """A type of resource, and how its ties are read."""

    type: str
    ties: Callable[[Content, Moment], Iterable[Expects]]


def referred(*nodes: object) -> Iterator[str]:
    """References of this server to somebody who may expect a patient."""
    for node in nodes:
        for one in node if isinstance(node, list) else (node,):
            said = one.get("reference") if isinstance(one, dict) else None
            target = target_of(said) if isinstance(said, str) else None
            if target is not None and target[0] in WHO:
                yield "/".join(target)


def listed(content: Mapping[str, Any], name: str) -> list[Content]:
    """The objects of a list; empty where there is none."""
    found = content.get(name)
    if not isinstance(found, list):
        return []
    return [one for one in found if isinstance(one, dict)]


def when(value: object) -> Span | None:
    """A date, a moment or a period; ends that are not said lie far away."""
    if isinstance(value, dict):
        return span_of_period(value)
    return span_of(value) if isinstance(value, str) else None


def begins(value: object, moment: Moment) -> int:
    """Its beginning, and now where that is not said or still to come."""
    span = when(value)
    said = moment.now if span is None or span.low == EARLIEST else span.low
    return min(said, moment.now)


def ends(value: object, moment: Moment, *, grace_days: int) -> int:
    """Its end and some days, or those of what nobody closed."""
    span = when(value)
    if span is None or span.high == LATEST:
        return open_until(begins(value, moment), moment)
    return span.high + grace_days * DAY


def open_until(began: int, moment: Moment) -> int:
    """Between 200 and 400 days from now, in steps of 200 from the beginning.

    A stay is written anew with each bed, leave and return, a place on a caseload with
    each colleague who takes it over. Were their end reckoned from each writing, whoever
    wrote last would have made them longer, and made the whole of them their own work
    (decision 53).
    """
    half = OPEN_DAYS // 2 * DAY
    over = max(0, moment.now - began)
    return began + (over + half) // half * half + half


def status_of(content: Content) -> str:
    said = content.get("status")
    return said if isinstance(said, str) else ""
