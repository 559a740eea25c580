# SPDX-License-Identifier: Apache-2.0
"""Tasks, messages and handover lines: what is written is what is read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.handover.line import (
    Line,
    Taken,
    beside,
    handed,
    line_id,
    line_resource,
    read_handover,
    taken_resource,
)
from wardkeep.fhir.messages.message import (
    ANSWER,
    RECEIPT,
    THREAD,
    Message,
    message_resource,
    read_message,
    receipt_id,
)
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.model.team import is_place
from wardkeep.fhir.search.clinical_date import clinical_date
from wardkeep.fhir.search.compartment import patients_of
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.fhir.tasks.to_do import Said, ToDo, read_to_do, task_resource

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NIA = Person("Practitioner/nia", "Nia Night")
DAN = Person("Practitioner/dan", "Dan Day")
HERON = Person("Location/heron", "Heron Ward")


def stored(made: Resource, *, patient: str = "ann", version: int = 1) -> OpenedResource:
    return as_stored(made.content, patient=patient, version=version)


def as_stored(
    content: dict[str, Any], *, patient: str = "ann", version: int = 1
) -> OpenedResource:
    return OpenedResource(
        type=content.get("resourceType", "Task"),
        id=content.get("id", "x"),
        version=version,
        patient=patient,
        tier=Tier.RECORD,
        clinical_at=None,
        last_updated=NOW,
        text=msgspec.json.encode(content),
    )


def task(**changed: object) -> ToDo:
    made = ToDo(
        id="t",
        kind="result",
        words="Repeat it",
        due=NOW + timedelta(hours=3),
        patient="ann",
        about="DiagnosticReport/r",
        priority="urgent",
        requester=NIA,
        asked=NOW,
        changed=NOW,
        team=HERON,
        said=(Said(author_reference=NIA, time="2026-11-23T09:00:00Z", text="Taken"),),
        version=1,
    )
    return msgspec.structs.replace(made, **changed)


@pytest.mark.parametrize(
    "one",
    [
        task(),
        task(team=Person(), owner=DAN, status="accepted", said=()),
        task(patient="", about=""),
    ],
)
def test_a_task_comes_back_as_it_was_written(one: ToDo) -> None:
    assert read_to_do(stored(task_resource(one), patient=one.patient)) == one


def test_a_task_lies_in_its_patients_record_at_the_time_when_it_is_due() -> None:
    made = task_resource(task())
    assert patients_of(made) == ("ann",)
    due = clinical_date(made)
    assert due is not None
    assert due // 1_000_000 == int((NOW + timedelta(hours=3)).timestamp())
    assert draft_of(task_resource(task(patient="")), "t").tier is Tier.SHARED


def test_a_task_is_free_while_it_is_open_and_nobody_has_it() -> None:
    assert task().is_free
    assert not task(owner=DAN).is_free
    assert not task(status="completed").is_free


def test_what_is_no_task_of_ours_is_none() -> None:
    whole = task_resource(task()).content
    for name, value in (
        ("code", {"text": "a program's"}),
        ("restriction", {}),
        ("authoredOn", "soon"),
        ("owner", "somebody"),
    ):
        assert read_to_do(as_stored({**whole, name: value})) is None


def message(**changed: object) -> Message:
    made = Message(
        id="m",
        kind=THREAD,
        thread="m",
        patient="ann",
        sender=NIA,
        to=(DAN, HERON),
        sent=NOW,
        subject="The arm",
        text="It is sore.",
    )
    return msgspec.structs.replace(made, **changed)


@pytest.mark.parametrize(
    "one",
    [
        message(),
        message(id="a", kind=ANSWER, subject=""),
        message(id="r", kind=RECEIPT, subject="", text="", to=(), of="m"),
        message(patient=""),
    ],
)
def test_a_message_comes_back_as_it_was_written(one: Message) -> None:
    assert read_message(stored(message_resource(one), patient=one.patient)) == one


def test_a_receipt_is_one_for_each_message_and_reader() -> None:
    same = receipt_id("m", DAN.reference)
    assert same == receipt_id("m", DAN.reference)
    assert len({same, receipt_id("m", NIA.reference), receipt_id("n", "x")}) == 3


def test_what_is_no_message_of_ours_is_none() -> None:
    whole = message_resource(message(id="a", kind=ANSWER)).content
    for name, value in (
        ("category", []),
        ("partOf", []),
        ("sent", "soon"),
        ("sender", 1),
    ):
        assert read_message(as_stored({**whole, name: value})) is None


def line(id_: str, version: int, text: str, *, hours: int = 0) -> Line:
    return Line(
        id=id_,
        seed=f"seed-{id_}",
        version=version,
        author=NIA,
        written=NOW + timedelta(hours=hours),
        text=text,
    )


def test_a_line_and_a_taking_over_come_back_as_they_were_written() -> None:
    one = line("l", 3, "Drip moved.")
    assert read_handover(stored(line_resource(one, patient="ann"), version=3)) == one
    taken = Taken(id="t", by=DAN, at=NOW, lines=(("l", 3), ("k", 1)))
    assert read_handover(stored(taken_resource(taken, patient="ann"))) == taken
    assert read_handover(stored(message_resource(message()))) is None
    assert read_handover(as_stored({"sent": "soon"})) is None


def test_a_line_that_was_changed_since_waits_and_an_emptied_one_does_not() -> None:
    taken = Taken(id="t", by=DAN, at=NOW, lines=(("read", 1), ("changed", 1)))
    lines = [
        line("read", 1, "a"),
        line("changed", 2, "b", hours=1),
        line("new", 1, "c", hours=2),
        line("emptied", 4, ""),
    ]
    found = handed([*lines, taken])
    assert [one.id for one in found.now] == ["new", "changed"]
    assert found.before == ((lines[0], taken),)
    assert found.last_taken == taken
    assert handed([]).last_taken is None


def test_nobodys_line_has_the_id_of_somebody_elses() -> None:
    ids = {line_id(p, a, s) for p in ("p", "q") for a in ("a", "b") for s in ("s", "t")}
    assert len(ids) == 8
    assert beside("s", 1, "x") == beside("s", 1, "x") != beside("s", 1, "y")


def test_a_place_is_a_location_and_nothing_else() -> None:
    assert is_place("Location/heron")
    for one in ("", "Location/", "Practitioner/x", "Location/a/b", "heron"):
        assert not is_place(one)


@pytest.mark.parametrize("written", ["2026-11-29", "2026-11-29T10:00:00"])
def test_what_says_a_day_alone_is_nothing_of_ours_that_moments_are_compared_with(
    written: str,
) -> None:
    one = Message(id="m", kind=ANSWER, thread="h", sender=NIA, sent=NOW, text="Hello")
    made = message_resource(one).content
    assert read_message(as_stored({**made, "sent": written})) is None
    line = Line(id="l", seed="s", author=NIA, written=NOW, text="Slept")
    made = line_resource(line, patient="ann").content
    assert read_handover(as_stored({**made, "sent": written})) is None
    made = task_resource(task()).content
    made = {**made, "restriction": {"period": {"end": written}}}
    assert read_to_do(as_stored(made)) is None
