# SPDX-License-Identifier: Apache-2.0
"""Within what the next step is due: an organisation's numbers, and what is shipped."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given, strategies as st

from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource, from_content
from wardkeep.fhir.store.reserved import forged
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.fhir.urgent.moving import advance, next_by
from wardkeep.fhir.urgent.queueing import (
    Did,
    Entry,
    entry_content,
    entry_in,
    queued,
)
from wardkeep.fhir.urgent.steps import State, Step
from wardkeep.fhir.urgent.times import (
    BY_NAME,
    SHIPPED,
    TIMES,
    Setting,
    Times,
    setting_content,
    setting_in,
    times_of,
)

NOW = datetime(2026, 11, 30, 4, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ANN = Person("Practitioner/ann", "Ann Advice")
numbers = st.fixed_dictionaries(
    {one.name: st.integers(one.least, one.most) for one in TIMES}
)


def entry(times: Times = SHIPPED) -> Entry:
    made = queued("case", "pat", DISPOSITIONS["clinician-6h"], given=NOW, author=ANN)
    found = entry_in(made[1])
    assert found is not None
    return msgspec.structs.replace(found, times=times)


def after(one: Entry, *steps: Step) -> Entry:
    for nth, step in enumerate(steps, 1):
        moved = advance(one, Did(step=step, at=NOW + nth * MINUTE, by=ANN))
        assert isinstance(moved, Entry)
        one = moved
    return one


@given(numbers)
def test_what_is_set_comes_back_with_who_when_and_why(said: dict[str, int]) -> None:
    setting = Setting(times=times_of(said), by=ANN, at=NOW, why="Agreed")
    again = setting_in(setting_content(setting))
    assert again == setting
    assert {one.name: again.times.number(one.name) for one in TIMES} == said


@given(numbers)
def test_a_place_in_a_queue_takes_along_what_differs_and_nothing_else(
    said: dict[str, int],
) -> None:
    one = entry(times_of(said))
    content = entry_content(one)
    assert entry_in(content) == one
    differing = [name for name, it in said.items() if it != BY_NAME[name].shipped]
    assert len(content.get("input", [])) == len(differing)


@given(numbers)
def test_the_next_step_is_due_by_the_numbers_that_were_set(
    said: dict[str, int],
) -> None:
    taken = after(entry(times_of(said)), Step.TAKE)
    assert next_by(taken) == taken.changed + said["ring-again"] * MINUTE
    inside = after(taken, Step.REACH)
    assert next_by(inside) == inside.changed + said["consultation"] * MINUTE
    waits = after(inside, Step.AWAIT)
    assert next_by(waits) == waits.changed + said["action"] * MINUTE


@given(numbers)
def test_the_shift_lead_has_it_after_as_many_calls_as_were_set(
    said: dict[str, int],
) -> None:
    one = after(entry(times_of(said)), Step.TAKE)
    for _ in range(said["attempts"] - 1):
        one = after(one, Step.NO_ANSWER)
        assert not one.is_escalated
    one = after(one, Step.NO_ANSWER)
    assert one.is_escalated
    assert one.state is State.AWAITING_ACTION


def test_no_number_outside_its_bounds_holds_whoever_wrote_it() -> None:
    wild = Times({"ring-again": 100_000, "home": 0, "attempts": -3})
    assert wild.number("ring-again") == BY_NAME["ring-again"].most
    assert wild.number("home") == BY_NAME["home"].least
    assert wild.attempts == 1


def test_what_no_page_wrote_is_no_setting_and_no_program_may_write_one() -> None:
    setting = Setting(times=times_of({"home": 20}), by=ANN, at=NOW, why="Snow")
    content = setting_content(setting)
    resource = from_content(content)
    assert isinstance(resource, Resource)
    assert forged(resource) is not None
    said = content["extension"]
    assert isinstance(said, list)
    assert setting_in({**content, "extension": said[1:]}) is None
    assert setting_in({**content, "code": {"text": "Times"}}) is None
    assert setting_in({}) is None
