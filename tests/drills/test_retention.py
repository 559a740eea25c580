# SPDX-License-Identifier: Apache-2.0
"""What has been kept for long enough goes when two people say so, and nothing else."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.acts import ApproveErasure
from support.program import Program
from support.served import Served, eventually, served
from wardkeep.assembly.database import OWNER, address_for
from wardkeep.base.clock import SystemClock
from wardkeep.db.connection import connect
from wardkeep.disclosure.answers import (
    Answer,
    Created,
    Done,
    Erasures,
    ErasureView,
    Refusal,
    Terms,
)
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.questions import (
    AskErasure,
    ListErasures,
    ListRetention,
    Question,
    SetRetention,
    WithdrawErasure,
)
from wardkeep.warden import erasures

WHY = "the yearly review of May"
MANY = 450
"""More than go in one portion."""


def appointment(id_: str, year: int, *of: str) -> dict[str, Any]:
    return {
        "resourceType": "Appointment",
        "id": id_,
        "status": "fulfilled",
        "start": f"{year}-03-01T10:00:00Z",
        "end": f"{year}-03-01T10:10:00Z",
        "participant": [
            {"actor": {"reference": f"Patient/{one}"}, "status": "accepted"}
            for one in of
        ],
    }


def condition(id_: str, of: str, year: int) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "id": id_,
        "subject": {"reference": f"Patient/{of}"},
        "recordedDate": f"{year}-03-01",
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("retention")) as running:
        for slug in ("fernhill", "larkspur"):
            running.found(slug)
        yield running


@pytest.fixture(scope="module")
def program(
    server: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("program")
    with closing(Program(server, folder, organisation="fernhill")) as made:
        for id_ in ("ada", "ben"):
            made.put({"resourceType": "Patient", "id": id_})
        made.put(condition("old-condition", "ada", 2001))
        made.put(appointment("new", 2026, "ada"))
        made.put(appointment("both", 2003, "ada", "ben"))
        made.put(appointment("changed", 2004, "ben"))
        made.put(appointment("changed", 2005, "ben"))
        entries = [
            {
                "resource": appointment(f"old-{number}", 2006, "ada"),
                "request": {"method": "PUT", "url": f"Appointment/old-{number}"},
            }
            for number in range(MANY)
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        assert made.ask("POST", "", bundle).status == 200
        yield made


@pytest.fixture(scope="module")
def officer(server: Served) -> str:
    return server.sign_in("fernhill", [], "privacy_officer")


@pytest.fixture(scope="module")
def administrator(server: Served) -> str:
    return server.sign_in("fernhill", [], "administrator")


def tell(
    server: Served, question: Question | ApproveErasure, kind: type[Answer]
) -> Answer:
    async def ask() -> Answer:
        door = WardenClient(server.layout.door_socket, asker="test")
        try:
            if isinstance(question, ApproveErasure):
                return await question.by(door)
            return await door.ask(question, kind)
        finally:
            await door.close()

    return asyncio.run(ask())


def code_of(answer: Answer) -> str:
    return answer.code if isinstance(answer, Refusal) else ""


def by_rule(token: str, rule: str) -> AskErasure:
    return AskErasure(token, "", "retention-ended", WHY, rule)


def in_full(program: Program, path: str) -> set[str]:
    reply = program.get(path)
    return {one["id"] for one in reply.resources}


@pytest.fixture(scope="module")
def destroyed(
    server: Served, program: Program, officer: str, administrator: str
) -> ErasureView:
    """What the list says of the erasure when it is done."""
    asked = tell(server, by_rule(officer, "diaries"), Created)
    assert isinstance(asked, Created), asked
    again = tell(server, by_rule(administrator, "diaries"), Created)
    assert code_of(again) == "already-there"
    mine = ApproveErasure(officer, asked.id)
    assert code_of(tell(server, mine, Done)) == "second-person"
    assert len(in_full(program, "Appointment?_count=500")) == MANY + 3
    assert isinstance(tell(server, ApproveErasure(administrator, asked.id), Done), Done)

    def view() -> ErasureView:
        given = tell(server, ListErasures(officer), Erasures)
        assert isinstance(given, Erasures)
        [found] = [one for one in given.erasures if one.id == asked.id]
        return found

    eventually(lambda: view().done_at > 0, server.log)
    return view()


def test_an_approval_destroys_what_is_due_and_nothing_else(
    destroyed: ErasureView, program: Program
) -> None:
    assert destroyed.resources == MANY + 2
    assert destroyed.versions == MANY + 3
    assert destroyed.people == 2
    assert in_full(program, "Appointment?_count=500") == {"new"}
    assert program.get("Appointment/old-7").status == 404
    assert program.get("Appointment/changed/_history").status == 404
    assert program.get("Appointment/changed/_history/1").status == 404
    assert program.get("Condition/old-condition").status == 200


@pytest.mark.usefixtures("destroyed")
def test_the_ledger_names_each_item_to_whom_it_was_about(
    server: Served, program: Program
) -> None:
    verified = server.command("ledger", "verify")
    assert "entries" in verified
    for patient, wanted in (
        ("ben", {"Appointment/both/_history/1", "Appointment/changed/_history/2"}),
        ("ada", {"Appointment/both/_history/1", "Appointment/old-7/_history/1"}),
    ):
        events = program.get(f"AuditEvent?patient=Patient/{patient}&action=D").resources
        named = {
            entity.get("what", {}).get("reference", "")
            for event in events
            for entity in event["entity"]
        }
        assert wanted <= named
        assert f"Patient/{patient}" in named
        reasons = {one["purposeOfEvent"][0]["text"] for one in events}
        assert reasons == {f"retention-ended: {WHY}"}


@pytest.mark.parametrize(
    ("rule", "years"), [("diaries", 1), ("health-record", 7), ("diaries", 201), ("", 9)]
)
def test_nobody_keeps_for_less_than_the_least(
    server: Served, officer: str, rule: str, years: int
) -> None:
    question = SetRetention(officer, rule, years, is_held=False)
    assert code_of(tell(server, question, Done)) == "bad-term"


def test_what_is_held_is_neither_asked_for_nor_approved(
    server: Served, officer: str, administrator: str
) -> None:
    asked = tell(server, by_rule(officer, "money"), Created)
    assert isinstance(asked, Created), asked
    hold = SetRetention(administrator, "money", 10, is_held=True)
    assert isinstance(tell(server, hold, Done), Done)
    assert code_of(tell(server, ApproveErasure(administrator, asked.id), Done)) == (
        "held"
    )
    withdrawn = tell(server, WithdrawErasure(officer, asked.id), Done)
    assert isinstance(withdrawn, Done)
    assert code_of(tell(server, by_rule(officer, "money"), Created)) == "held"
    terms = tell(server, ListRetention(officer), Terms)
    assert isinstance(terms, Terms)
    [held] = [one for one in terms.terms if one.rule == "money"]
    assert (held.years, held.is_held, held.asked) == (10, True, "")


def test_what_a_longer_term_spares_is_not_destroyed_by_an_older_question(
    server: Served,
) -> None:
    """Who approves judges by the terms of today, not by those of the asking."""
    server.found("yarrow")
    first = server.sign_in("yarrow", [], "privacy_officer")
    second = server.sign_in("yarrow", [], "administrator")
    asked = tell(server, by_rule(first, "money"), Created)
    assert isinstance(asked, Created), asked
    longer = SetRetention(first, "money", 9, is_held=False)
    assert isinstance(tell(server, longer, Done), Done)
    refused = tell(server, ApproveErasure(second, asked.id), Done)
    assert code_of(refused) == "not-due"
    least = SetRetention(first, "money", 6, is_held=False)
    assert isinstance(tell(server, least, Done), Done)
    assert isinstance(tell(server, ApproveErasure(second, asked.id), Done), Done)


def test_another_organisation_keeps_its_own_terms(server: Served) -> None:
    stranger = server.sign_in("larkspur", [], "privacy_officer")
    terms = tell(server, ListRetention(stranger), Terms)
    assert isinstance(terms, Terms)
    assert {(one.rule, one.years, one.is_held) for one in terms.terms} == {
        ("health-record", 8, False),
        ("diaries", 2, False),
        ("money", 6, False),
    }


@pytest.mark.parametrize("role", ["doctor", "ward_nurse", "receptionist"])
def test_whose_work_it_is_not_neither_sees_nor_sets(server: Served, role: str) -> None:
    token = server.sign_in("fernhill", [], role)
    for question, kind in (
        (ListRetention(token), Terms),
        (SetRetention(token, "diaries", 9, is_held=False), Done),
        (by_rule(token, "money"), Created),
    ):
        assert code_of(tell(server, question, kind)) == "not-your-work"


def test_a_program_neither_sees_nor_sets(server: Served, program: Program) -> None:
    question = SetRetention(program.token, "diaries", 9, is_held=False)
    assert code_of(tell(server, question, Done)) == "not-your-work"


@pytest.mark.parametrize(
    "asked",
    [
        ("", "retention-ended", "health-record"),
        ("", "person-asked", "diaries"),
        ("ada", "retention-ended", "diaries"),
        ("", "retention-ended", "everything"),
    ],
)
def test_a_question_names_one_thing(
    server: Served, officer: str, asked: tuple[str, str, str]
) -> None:
    patient, ground, rule = asked
    question = AskErasure(officer, patient, ground, WHY, rule)
    assert code_of(tell(server, question, Created)) == "bad-erasure"


@pytest.mark.usefixtures("program")
def test_a_record_in_use_does_not_go_because_its_time_has_come(
    server: Served, officer: str
) -> None:
    for patient in ("ada", "nobody"):
        question = AskErasure(officer, patient, "retention-ended", WHY)
        assert code_of(tell(server, question, Created)) == "not-due"


def test_a_record_that_was_loaded_is_as_old_as_what_is_in_it(
    server: Served, program: Program, officer: str, administrator: str
) -> None:
    program.put({"resourceType": "Patient", "id": "old"})
    program.put(condition("ancient", "old", 1999))
    question = AskErasure(officer, "old", "retention-ended", WHY)
    asked = tell(server, question, Created)
    assert isinstance(asked, Created), asked
    # Somebody comes back in between: the approval looks again.
    program.put({"resourceType": "Patient", "id": "old", "gender": "other"})
    approval = ApproveErasure(administrator, asked.id)
    assert code_of(tell(server, approval, Done)) == "not-due"
    assert program.get("Condition/ancient").status == 200


def test_what_was_approved_before_a_stop_goes_on_at_the_start(
    server: Served, tmp_path: Path
) -> None:
    officer = server.sign_in("larkspur", [], "privacy_officer")
    server.sign_in("larkspur", [], "administrator")
    schedule = {
        "resourceType": "Schedule",
        "id": "old-schedule",
        "actor": [{"display": "Room 2"}],
        "planningHorizon": {"start": "2001-01-01", "end": "2001-02-01"},
    }
    with closing(Program(server, tmp_path, organisation="larkspur")) as made:
        made.put(schedule)
        asked = tell(server, by_rule(officer, "diaries"), Created)
        assert isinstance(asked, Created), asked
        asyncio.run(approve_in_the_database(server, asked.id))
        assert made.get("Schedule/old-schedule").status == 200
        server.restart()
        server.await_ready()
        eventually(lambda: made.get("Schedule/old-schedule").status == 404, server.log)


async def approve_in_the_database(server: Served, id_: str) -> None:
    """As if the warden had been killed right behind the approval."""
    connection = await connect(address_for(server.settings, server.layout, OWNER))
    try:
        second = await connection.fetch_value(
            "select id::text from warden.account where kind = 'person' and id <>"
            " (select asked_by from warden.erasure where id = $1::text::uuid) limit 1",
            id_,
        )
        now = SystemClock().now()
        assert await erasures.approve(connection, id_, account=second, at=now)
    finally:
        await connection.close()
