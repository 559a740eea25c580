# SPDX-License-Identifier: Apache-2.0
"""What was agreed is well-formed FHIR, read as it was written, and becomes tasks."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from wardkeep.apps.assessments.agreed import (
    read_actions,
    read_steps,
    reject_days_gone,
    rows_of,
    tasks_of,
    typed_of,
)
from wardkeep.apps.copies.planned import planned_in
from wardkeep.care.writing import drafted
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.assessments.talks import (
    LEFT,
    MOST_ACTIONS,
    REACHED,
    WRONG,
    Action,
    Talk,
    parts_of,
    read_talk,
    talk_content,
    talk_id,
)
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.fhir.validation import check
from wardkeep.web.forms import Form

AT = datetime(2026, 11, 28, 9, 41, tzinfo=UTC)
TODAY = date(2026, 11, 28)
ROWAN = Person("Practitioner/rowan", "Rowan Ash")
TEAM = Person("Location/north", "North team")
TALK = Talk(
    id="a1.4",
    patient="ann",
    subject="Accommodation",
    steps={"understanding": "It is damp.", "forward": "One dry room."},
    actions=(
        Action(words="Ring", who=ROWAN, by=date(2026, 12, 4), task="t1"),
        Action(words="Open the window", who=Person("Patient/ann", "The person")),
        Action(words="Her sister paints", who=Person("", "Somebody else")),
    ),
    author=ROWAN,
    when="2026-11-28T09:41:00+00:00",
)


def opened(one: Talk, **changed: Any) -> OpenedResource:
    draft = drafted(talk_content(one))
    said = {
        "type": "Goal",
        "id": draft.id,
        "version": 3,
        "patient": one.patient,
        "tier": Tier.RECORD,
        "clinical_at": AT,
        "last_updated": AT,
        "text": draft.resource.compact,
        **changed,
    }
    return OpenedResource(**said)


@pytest.mark.parametrize("status", ["active", REACHED, LEFT, WRONG])
def test_a_talk_is_well_under_its_patient_and_read_back(status: str) -> None:
    one = msgspec.structs.replace(TALK, status=status)
    draft = drafted(talk_content(one))
    assert check(draft.resource) == ()
    assert draft.patients == ("ann",)
    read = read_talk(opened(one))
    assert read == msgspec.structs.replace(one, version=3)
    assert read is not None
    assert read.is_active == (status == "active")
    assert bool(read.ended) != read.is_active


def test_it_names_the_assessment_and_the_wish_is_the_goal() -> None:
    content = talk_content(TALK)
    assert content["description"] == {"text": "One dry room."}
    extensions = content["extension"]
    assert isinstance(extensions, list)
    about = extensions[0]["valueReference"]
    assert about == {"reference": "QuestionnaireResponse/a1"}
    assert TALK.assessment == "a1"


def test_a_goal_of_other_software_is_none_of_ours() -> None:
    other = b'{"resourceType":"Goal","id":"g","description":{"text":"Walk"}}'
    for text in (other, b"[", b'{"extension":3}'):
        assert read_talk(opened(TALK, text=text)) is None
    assert read_talk(opened(TALK, patient="")) is None


@pytest.mark.parametrize(
    ("assessment", "link"),
    [("a", ""), ("", ""), ("a", "4.1"), ("a", "ä"), ("a" * 60, "12345"), ("a/b", "1")],
)
def test_what_makes_no_id_is_not_talked_about(assessment: str, link: str) -> None:
    assert talk_id(assessment, link) == ""


def test_an_id_says_what_it_was_made_of_even_where_the_assessments_has_dots() -> None:
    for assessment in ("a1", "a.b.c"):
        assert parts_of(talk_id(assessment, "4")) == (assessment, "4")


def actions_in(**typed: str) -> tuple[list[Action], Form]:
    form = Form({name.replace("_", "-"): value for name, value in typed.items()})
    found = read_actions(form, talk="a1.4", patient="ann", people=[ROWAN, TEAM])
    return found, form


def test_an_action_of_a_colleague_needs_a_day_and_becomes_a_task_once() -> None:
    said = {"what_1": "Ring", "who_1": ROWAN.reference}
    _, form = actions_in(**said)
    assert set(form.problems) == {"by-1"}
    found, form = actions_in(**said, by_1="2026-12-04")
    again, _ = actions_in(**said, by_1="2026-12-04")
    assert form.problems == {}
    assert found == again
    talk = msgspec.structs.replace(TALK, actions=tuple(found))
    [task] = tasks_of(talk, me=TEAM, now=AT, known=set())
    assert (task.owner, task.team) == (ROWAN, Person())
    assert task.due.date() == date(2026, 12, 4)
    assert (task.about, task.patient) == ("Goal/a1.4", "ann")
    assert task.words == "Accommodation: Ring"
    assert tasks_of(talk, me=TEAM, now=AT, known={found[0].task}) == []


def test_a_teams_action_lies_in_its_queue() -> None:
    found, _ = actions_in(what_1="Ring", who_1=TEAM.reference, by_1="2026-12-04")
    talk = msgspec.structs.replace(TALK, actions=tuple(found))
    [task] = tasks_of(talk, me=ROWAN, now=AT, known=set())
    assert (task.owner, task.team) == (Person(), TEAM)


@pytest.mark.parametrize("who", ["person", "other"])
def test_what_the_person_or_others_do_is_no_task_and_needs_no_day(who: str) -> None:
    [one], form = actions_in(what_2="Paint", who_2=who)
    assert form.problems == {}
    assert (one.task, one.by) == ("", None)


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ({"who_1": "person"}, "what-1"),
        ({"by_1": "2026-12-04"}, "what-1"),
        ({"what_1": "Ring"}, "who-1"),
        ({"what_1": "Ring", "who_1": "Practitioner/stranger"}, "who-1"),
        ({"what_1": "Ring", "who_1": "person", "by_1": "soon"}, "by-1"),
        ({"what_1": "x" * 401, "who_1": "person"}, "what-1"),
    ],
)
def test_what_is_half_said_is_to_be_mended_where_it_stands(
    typed: dict[str, str], place: str
) -> None:
    _, form = actions_in(**typed)
    assert set(form.problems) == {place}
    assert form.problems[place].mend


@pytest.mark.parametrize(
    ("day", "is_wrong"),
    [
        ("2026-11-27", True),
        ("2026-11-28", False),
        ("2028-11-29", False),
        ("2028-12-02", True),
    ],
)
def test_a_day_is_to_come_and_within_two_years(day: str, *, is_wrong: bool) -> None:
    form = Form({"by-2": day})
    reject_days_gone(form, today=TODAY)
    assert bool(form.problems) == is_wrong


def test_the_form_shows_what_may_still_be_changed() -> None:
    values = typed_of(TALK)
    assert values["understanding"] == "It is damp."
    assert (values["what-1"], values["who-1"]) == ("Open the window", "person")
    assert (values["what-2"], values["who-2"]) == ("Her sister paints", "other")
    assert "Ring" not in values.values()
    assert typed_of(None) == {}
    assert rows_of(TALK.actions[:1], {}) == [1, 2, 3]
    assert rows_of(TALK.actions[:1], {"what-4": "x"}) == [1, 2, 3, 4]
    assert rows_of((), {}) == list(range(1, MOST_ACTIONS + 1))


def test_steps_without_words_are_left_out() -> None:
    assert read_steps(Form({"forward": " A walk. ", "options": " "})) == {
        "forward": "A walk."
    }


def test_on_paper_stands_what_holds_and_nothing_that_is_over() -> None:
    over = msgspec.structs.replace(TALK, id="a1.5", status=REACHED)
    [sheet] = planned_in([opened(TALK), opened(over)])
    assert sheet.title == "Agreed together: Accommodation"
    said = dict(sheet.parts)
    assert said["Understanding"] == "It is damp."
    assert "Ring (Rowan Ash, until 04-Dec-2026)" in said["Agreed"]
    assert "Open the window (The person)" in said["Agreed"]
