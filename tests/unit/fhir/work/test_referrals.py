# SPDX-License-Identifier: Apache-2.0
"""A referral as a ServiceRequest: its steps, what holds of them, what others wrote."""

from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st

from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.validation import check
from wardkeep.fhir.work import caseload
from wardkeep.fhir.work.referral import (
    RECEIVED,
    Done,
    Priority,
    Referral,
    read_referral,
    referral_content,
    with_step,
)
from wardkeep.fhir.work.referral_steps import (
    LEADS_TO,
    OPEN,
    STATUS,
    WAITING,
    State,
    Step,
    possible_in,
    standing,
)

Json = dict[str, Any]
CORA = Person("Practitioner/cora", "Cora Marsh")
TEAM = Person("HealthcareService/mind", "Mind team")
FORWARD = st.sampled_from([one for one in Step if one is not Step.UNDO])


def sent(**changed: Any) -> Json:
    referral = Referral(
        team=TEAM,
        requester=CORA,
        priority=Priority.URGENT,
        asked="Assessment",
        reason="Hears voices",
        received=date(2026, 3, 29),
    )
    return referral_content(
        msgspec.structs.replace(referral, **changed),
        id_="r-1",
        patient="ann",
        sent=done(Step.SEND),
    )


def done(step: Step, at: str = "2026-03-29T00:30:00+00:00", **more: Any) -> Done:
    return Done(step=step, at=at, by=CORA, **more)


def read(content: Json) -> Referral:
    found = read_referral(content)
    assert found is not None
    return found


def test_what_was_sent_is_read_again_and_is_a_sound_resource() -> None:
    content = with_step(sent(), done(Step.DECLINE, words="Not for us"))
    made = parse(msgspec.json.encode(content))
    assert isinstance(made, Resource)
    assert check(made) == ()
    assert draft_of(made, "r-1").patients == ("ann",)
    found = read(made.content)
    assert (found.asked, found.reason) == ("Assessment", "Hears voices")
    assert (found.priority, found.received) == (Priority.URGENT, date(2026, 3, 29))
    assert (found.state, found.steps[-1].words) == (State.DECLINED, "Not for us")
    assert made.content["status"] == "revoked"


@given(st.lists(FORWARD, max_size=12), st.integers(0, 14))
def test_undone_steps_leave_what_was_before_them(steps: list[Step], many: int) -> None:
    every = [Step.SEND, *steps]
    kept = [place for place, one in enumerate(every) if one is not Step.TELL]
    left = kept[: max(0, len(kept) - many)]
    assert list(standing([*every, *[Step.UNDO] * many])) == left


@given(st.lists(st.sampled_from(list(Step)), max_size=10))
def test_the_status_is_always_that_of_the_last_step_that_holds(
    steps: list[Step],
) -> None:
    content = sent()
    for one in steps:
        content = with_step(content, done(one))
    found = read(content)
    holding = found.holding
    state = LEADS_TO[holding[-1].step] if holding else State.NEW
    assert content["status"] == STATUS[state]
    assert found.state == state
    assert len(found.steps) == len(steps) + 1
    assert (found.stopped is None) or found.state not in WAITING


def test_every_open_state_has_a_way_on_and_no_ended_one_but_being_told() -> None:
    for state in State:
        steps = possible_in(state)
        if state in OPEN:
            assert steps
        else:
            assert set(steps) <= {Step.TELL}


def test_the_clock_stops_on_the_day_of_the_contact_and_not_of_its_writing() -> None:
    content = with_step(sent(), done(Step.ACCEPT))
    assert read(content).stopped is None
    content = with_step(
        content, done(Step.CONTACT, "2026-04-20T10:00:00+00:00", on="2026-04-17")
    )
    content = with_step(content, done(Step.DISCHARGE, "2026-05-20T10:00:00+00:00"))
    assert read(content).stopped == date(2026, 4, 17)


def test_days_are_londons_on_the_night_of_a_clock_change() -> None:
    """At 23:30 UTC on 29 March it is the 30th in London."""
    content = sent(received=None)
    assert read(content).received == date(2026, 3, 29)
    content["authoredOn"] = "2026-03-29T23:30:00+00:00"
    assert read(content).received == date(2026, 3, 30)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        *(("active", State.NEW), ("on-hold", State.ASKED)),
        *(("revoked", State.WITHDRAWN), ("completed", State.DISCHARGED)),
        ("entered-in-error", State.MISTAKE),
    ],
)
def test_what_other_software_made_of_it_counts(status: str, state: State) -> None:
    content = {**sent(), "status": status}
    if status == "active":
        content = {**content, "relevantHistory": []}
    assert read(content).state is state


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "draft"},
        {"intent": "plan"},
        {"performer": [{"reference": "Practitioner/x"}]},
        {"performer": [{"display": "somebody"}]},
        {"performer": "HealthcareService/x"},
    ],
)
def test_an_order_that_asks_no_team_is_no_referral(changed: Json) -> None:
    assert read_referral({**sent(), **changed}) is None


def test_steps_that_are_not_ours_are_left_out_and_nothing_breaks() -> None:
    content = sent()
    content["contained"] += [{"resourceType": "Provenance", "id": "x"}, "odd"]
    content["relevantHistory"] += [{"reference": "#x"}, {"reference": "#gone"}, {}]
    content["extension"] = [{"url": RECEIVED, "valueDate": "9999-99-99"}]
    content["requester"] = "odd"
    found = read(content)
    assert [one.step for one in found.steps] == [Step.SEND]
    assert found.requester == Person()
    assert found.is_from_outside


def test_a_place_on_a_caseload_moves_ends_and_opens_again() -> None:
    content = caseload.episode_content(
        id_="e", patient="ann", team=TEAM, worker=CORA, referral="r", on="2026-03-29"
    )
    made = parse(msgspec.json.encode(content))
    assert isinstance(made, Resource)
    assert check(made) == ()
    assert caseload.service_of(content) == TEAM
    assert caseload.began_on(content) == date(2026, 3, 29)
    nell, heart = Person("Practitioner/n"), Person("HealthcareService/h")
    moved = caseload.moved(content, team=heart, worker=nell)
    assert (caseload.service_of(moved), caseload.worker_of(moved)) == (heart, nell)
    # Whom nobody had goes back to nobody: a reference without an id is none
    nobodys = caseload.moved(moved, team=heart, worker=Person())
    assert "careManager" not in nobodys
    ended = caseload.ended(moved, status="finished", on="2026-04-01")
    assert not caseload.is_open(ended)
    assert ended["period"] == {"start": "2026-03-29", "end": "2026-04-01"}
    again = caseload.ended(ended, status="active")
    assert again["period"] == {"start": "2026-03-29"}
    assert caseload.service_of({}) == Person()
    assert caseload.began_on({"period": "odd"}) is None
    assert caseload.id_in(Person("Group/x"), "Practitioner") == ""
