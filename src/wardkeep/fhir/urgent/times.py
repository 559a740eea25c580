# SPDX-License-Identifier: Apache-2.0
"""Within what somebody has to take the next step: an organisation's own numbers.

They are held in a Basic (https://hl7.org/fhir/R4/basic.html) of the organisation's own,
whose versions say who set what, when and why (docs/formats/urgent-queue.md). A place in
a queue takes them along with each step, so that a later change moves nothing that was
promised before, and whoever computes from the record alone comes to the same.

Where nobody set any, what Wardkeep comes with holds; no published numbers were found.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from wardkeep.base.ids import derived_uuid
from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.model.person import Person, person_in, reference_to
from wardkeep.fhir.urgent.saying import code_in, concept, instant
from wardkeep.fhir.urgent.steps import LATE_AFTER, MOST_ATTEMPTS, NEXT_WITHIN, State
from wardkeep.fhir.work.expects import Content, listed

TYPE, CODE = "Basic", "times"
ID = derived_uuid("urgent-care", "queue-times")
"""One an organisation."""
PART = "urn:wardkeep:queue-times:"
"""Begins its extensions, which no program may write."""
_SYSTEM = "urn:wardkeep:queue-times"
_BY, _AT, _WHY, _SET = f"{PART}by", f"{PART}at", f"{PART}why", f"{PART}set"
OF_ENTRY = "urn:wardkeep:queue-time"
"""Of what a place in a queue took along."""


class Time(msgspec.Struct, frozen=True, kw_only=True):
    """One number that can be set."""

    name: str
    words: str
    shipped: int
    least: int
    most: int
    unit: str = "minutes"


def _shipped(state: State) -> int:
    return int(NEXT_WITHIN[state].total_seconds() // 60)


TIMES = (
    Time(
        name="ring-again",
        words="Taken and not rung, or no answer: rung again within",
        shipped=_shipped(State.RINGING_BACK),
        least=2,
        most=60,
    ),
    Time(
        name="attempts",
        words="Nobody answers: the shift lead has the case after",
        shipped=MOST_ATTEMPTS,
        least=1,
        most=10,
        unit="attempts",
    ),
    Time(
        name="consultation",
        words="In consultation: over, or a word of it, within",
        shipped=_shipped(State.IN_CONSULT),
        least=15,
        most=240,
    ),
    Time(
        name="action",
        words="Awaiting an action: done within",
        shipped=_shipped(State.AWAITING_ACTION),
        least=5,
        most=240,
    ),
    Time(
        name="late",
        words="A time is booked: somebody asks where they are after",
        shipped=int(LATE_AFTER.total_seconds() // 60),
        least=5,
        most=120,
    ),
    Time(
        name="road",
        words="A car is on the way: there within",
        shipped=_shipped(State.ON_THE_WAY),
        least=15,
        most=240,
    ),
    Time(
        name="home",
        words="In a home: whoever is there says that all is well within",
        shipped=_shipped(State.ARRIVED),
        least=10,
        most=90,
    ),
)
"""In the order of a page; bounds keep a slip, or a thief, from switching one off."""
BY_NAME: Mapping[str, Time] = {one.name: one for one in TIMES}
_OF_STATE = {
    State.RINGING_BACK: "ring-again",
    State.IN_CONSULT: "consultation",
    State.AWAITING_ACTION: "action",
    State.ON_THE_WAY: "road",
    State.ARRIVED: "home",
}


class Times(msgspec.Struct, frozen=True):
    """What holds: numbers by name, those that differ from what was shipped."""

    own: Mapping[str, int] = {}

    def number(self, name: str) -> int:
        """Minutes, or attempts; never outside the bounds, whoever wrote it."""
        one = BY_NAME[name]
        return min(one.most, max(one.least, self.own.get(name, one.shipped)))

    def minutes(self, name: str) -> timedelta:
        return timedelta(minutes=self.number(name))

    @property
    def attempts(self) -> int:
        """Calls that nobody answers; then the shift lead has it."""
        return self.number("attempts")

    def within(self, state: State) -> timedelta | None:
        """After the last step, by when another one is due; None: by its deadline."""
        name = _OF_STATE.get(state)
        return None if name is None else self.minutes(name)


SHIPPED = Times()


def times_of(numbers: Mapping[str, int]) -> Times:
    """Of all numbers, those that differ from what was shipped."""
    return Times(
        {
            name: number
            for name, number in sorted(numbers.items())
            if name in BY_NAME and number != BY_NAME[name].shipped
        }
    )


def inputs(times: Times) -> list[Content]:
    """As a place in a queue says them, in `Task.input`."""
    return [
        {"type": concept(OF_ENTRY, name), "valueInteger": number}
        for name, number in times.own.items()
    ]


def times_in(content: Content) -> Times:
    """Undo it."""
    return times_of(_numbers(listed(content, "input")))


def _numbers(nodes: list[Content]) -> dict[str, int]:
    found = {}
    for one in nodes:
        name, number = code_in(one.get("type"), OF_ENTRY), one.get("valueInteger")
        if name and isinstance(number, int) and not isinstance(number, bool):
            found[name] = number
    return found


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody set."""

    times: Times
    by: Person
    at: datetime
    why: str


def setting_content(setting: Setting) -> Content:
    """It as a resource's content."""
    return {
        "resourceType": TYPE,
        "id": ID,
        "code": concept(_SYSTEM, CODE),
        "created": setting.at.date().isoformat(),
        "extension": [
            {"url": _BY, "valueReference": reference_to(setting.by)},
            {"url": _AT, "valueInstant": instant(setting.at)},
            {"url": _WHY, "valueString": setting.why},
            *(
                {"url": f"{_SET}:{name}", "valueInteger": number}
                for name, number in setting.times.own.items()
            ),
        ],
    }


def setting_in(content: Content) -> Setting | None:
    """Undo it; None where no page wrote it, or it was deleted."""
    said = {str(one.get("url")): one for one in listed(content, "extension")}
    at = moment_in(said.get(_AT, {}).get("valueInstant"))
    if code_in(content.get("code"), _SYSTEM) != CODE or at is None or _BY not in said:
        return None
    numbers = {
        name: one["valueInteger"]
        for name in BY_NAME
        if isinstance((one := said.get(f"{_SET}:{name}", {})).get("valueInteger"), int)
    }
    return Setting(
        times=times_of(numbers),
        by=person_in(said[_BY].get("valueReference")),
        at=at,
        why=str(said.get(_WHY, {}).get("valueString", "")),
    )
