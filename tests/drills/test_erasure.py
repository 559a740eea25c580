# SPDX-License-Identifier: Apache-2.0
"""After an erasure nothing of the person is left: asked for in every way there is."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from support.acts import ApproveErasure
from support.program import Program
from support.referrals import episode, referral
from support.served import Served, served
from wardkeep.assembly.database import OWNER, address_for
from wardkeep.db.connection import connect
from wardkeep.disclosure.answers import Created, Done
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.questions import AskErasure

WHY = "asked in a letter of 1 May"


def patient(id_: str) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id_, "name": [{"family": "Quillfeather"}]}


def pulse(id_: str, of: str, beats: int) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": {"text": "pulse"},
        "subject": {"reference": f"Patient/{of}"},
        "valueQuantity": {"value": beats, "code": "/min"},
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("erasure")
    with served(folder) as running:
        running.found("fernhill")
        yield running


@pytest.fixture(scope="module")
def program(
    server: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("program")
    with closing(Program(server, folder, organisation="fernhill")) as made:
        for id_ in ("gone", "stays"):
            made.put(patient(id_))
            for beats in (70, 71, 72):
                made.put(pulse(f"pulse-{id_}", id_, beats))
            made.put(referral(f"referral-{id_}", id_))
            made.put(episode(f"place-{id_}", id_, "nell"))
        couple = {
            "resourceType": "Appointment",
            "id": "both",
            "status": "booked",
            "participant": [
                {"actor": {"reference": f"Patient/{id_}"}, "status": "accepted"}
                for id_ in ("stays", "gone")
            ],
        }
        made.put(couple)
        made.put(pulse("pulse-removed", "gone", 60))
        assert made.ask("DELETE", "Observation/pulse-removed").status in (200, 204)
        erase(server, "gone")
        yield made


def erase(server: Served, id_: str) -> None:
    officer = server.sign_in("fernhill", [], "privacy_officer")
    administrator = server.sign_in("fernhill", [], "administrator")

    async def decide() -> None:
        door = WardenClient(server.layout.door_socket, asker="test")
        question = AskErasure(officer, id_, "person-asked", WHY)
        asked = await door.ask(question, Created)
        assert isinstance(asked, Created), asked
        done = await ApproveErasure(administrator, asked.id).by(door)
        assert isinstance(done, Done), done
        await door.close()

    asyncio.run(decide())


GONE = [
    "Patient/gone",
    "Patient/gone/_history",
    "Patient/gone/_history/1",
    "Patient/gone/$everything",
    "Observation/pulse-gone",
    "Observation/pulse-gone/_history",
    "Observation/pulse-gone/_history/2",
    "Observation/pulse-removed/_history",
]
EMPTY = [
    "Observation?patient=Patient/gone",
    "Patient?_id=gone",
    "Patient?_has:Observation:patient:_id=pulse-gone",
    "Patient/gone/Observation",
]


@pytest.mark.parametrize("path", GONE)
def test_what_is_asked_for_by_name_is_not_there(program: Program, path: str) -> None:
    reply = program.get(path)
    assert reply.status == 404 or reply.json.get("total") == 0, reply
    assert b"Quillfeather" not in reply.raw


@pytest.mark.parametrize("path", EMPTY)
def test_no_search_finds_it(program: Program, path: str) -> None:
    reply = program.get(path)
    assert reply.status == 200, reply
    assert reply.resources == []


def test_others_are_found_as_before(program: Program) -> None:
    assert program.search("Patient", ("name", "Quillfeather")).ids == ["stays"]
    assert program.get("Observation/pulse-stays/_history").json["total"] == 3
    addresses = [one["fullUrl"] for one in program.get("_history").entries]
    assert addresses
    assert not any("gone" in one for one in addresses)


def test_an_appointment_of_a_couple_still_opens_for_the_other(
    program: Program,
) -> None:
    assert program.get("Appointment/both").status == 200
    assert program.search("Appointment", ("patient", "stays")).ids == ["both"]


def test_the_id_is_nobodys_any_more(program: Program) -> None:
    reply = program.ask("PUT", "Patient/gone", patient("gone"))
    assert reply.status == 403, reply
    assert "erased" in reply.words
    reply = program.ask("PUT", "Observation/new", pulse("new", "gone", 1))
    assert reply.status == 403, reply


def test_no_row_is_left_and_the_keys_are_empty(
    server: Served, program: Program
) -> None:
    assert program.token

    async def look() -> tuple[int, list[bytes]]:
        address = address_for(server.settings, server.layout, OWNER)
        connection = await connect(address)
        await connection.execute(
            "select set_config('wardkeep.organisation', '1', false)"
        )
        number = await connection.fetch_value(
            "select number from record.patient where id = 'gone'"
        )
        rows = await connection.fetch_value(
            "select (select count(*) from record.resource where patient = $1)"
            " + (select count(*) from record.history where patient = $1)"
            " + (select count(*) from referral.listed where patient = $1)"
            " + (select count(*) from referral.episode where patient = $1)",
            number,
        )
        keys = await connection.fetch_row(
            "select banner_key, record_key, sealed_key from record.patient"
            " where number = $1",
            number,
        )
        await connection.close()
        assert keys is not None
        return rows, list(dict(keys).values())

    assert asyncio.run(look()) == (0, [b"", b"", b""])


def test_the_ledger_proves_the_three_steps(program: Program) -> None:
    events = program.search(
        "AuditEvent", ("patient", "Patient/gone"), ("_count", "200")
    ).resources
    said = [one.get("subtype", [{}])[0].get("code") for one in events]
    steps = [
        one for one in reversed(said) if one and one.endswith(("erasure", "erase"))
    ]
    assert steps == ["ask-erasure", "approve-erasure", "erase"]
    [erased] = [one for one in events if one["subtype"][0].get("code") == "erase"]
    # A patient, a referral, a place on a caseload, a pulse in three versions, a
    # deleted pulse in two.
    assert "5 resources, 8 versions" in json.dumps(erased["purposeOfEvent"])


def test_the_web_process_cannot_destroy(server: Served, program: Program) -> None:
    assert program.token
    roles = ("web", "worker")

    async def may(role: str) -> bool:
        address = address_for(server.settings, server.layout, OWNER)
        connection = await connect(address)
        found: bool = await connection.fetch_value(
            "select has_function_privilege($1,"
            " 'record.erase_patient(integer, text)', 'execute')",
            f"wardkeep_{role}",
        )
        await connection.close()
        return found

    assert [asyncio.run(may(role)) for role in roles] == [False, False]


def test_a_programs_delete_erases_nothing(program: Program) -> None:
    program.put(patient("kept"))
    program.ask("DELETE", "Patient/kept")
    assert program.get("Patient/kept").status == 410
    assert program.get("Patient/kept/_history/1").status == 200


def test_no_program_may_decide(server: Served, program: Program) -> None:
    async def ask() -> str:
        door = WardenClient(server.layout.door_socket, asker="test")
        question = AskErasure(program.token, "stays", "person-asked", WHY)
        given = await door.ask(question, Created)
        await door.close()
        return "" if isinstance(given, Created) else given.code

    assert asyncio.run(ask()) == "not-your-work"
