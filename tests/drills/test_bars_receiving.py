# SPDX-License-Identifier: Apache-2.0
"""Messages come in over HTTP: once, for the right patient, and tell nothing of others.

The last part is what somebody does who stole a partner's token.
"""

import asyncio
import copy
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.acts import ApproveErasure
from support.partners import (
    FIRST,
    NHS_NUMBER,
    SECOND,
    booking,
    found_clinic,
    found_service,
    headers,
    partner,
    person,
    put_in_the_team,
    referral,
    send,
)
from support.program import Program, Reply
from support.served import Served, Visitor, served
from wardkeep.assembly.database import WEB, address_for
from wardkeep.base.ids import OrganisationId, new_uuid
from wardkeep.base.nhs_number import numbers_of_test_range
from wardkeep.db.connection import connect
from wardkeep.disclosure.answers import Created, Done
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.questions import AskErasure
from wardkeep.fhir.bars.codes import Reason

HOME = "fernhill"
Json = dict[str, Any]
_NUMBERS = numbers_of_test_range()


def fresh_number() -> str:
    """Of nobody before, in this file."""
    found = next(_NUMBERS)
    return fresh_number() if found in (FIRST, SECOND) else str(found)


class Ground:
    """An organisation with a front door, a clinic, a program and two partners."""

    def __init__(self, stack: Served, folder: Path) -> None:
        self.stack = stack
        self.folder = folder
        self.own = Program(stack, folder, organisation=HOME)
        self.north = partner(stack, folder, organisation=HOME)
        self.south = partner(stack, folder, organisation=HOME)
        found_service(self.own)
        self.slots = found_clinic(self.own)

    def patients(self, number: str) -> list[Json]:
        return self.own.search(
            "Patient", ("identifier", f"{NHS_NUMBER}|{number}")
        ).resources

    def of(self, type_: str, patient: str) -> list[Json]:
        return self.own.search(type_, ("patient", patient)).resources


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("bars")
    with served(folder) as stack:
        stack.found(HOME)
        made = Ground(stack, folder)
        yield made
        for program in (made.own, made.north, made.south):
            program.close()


def code_of(reply: Reply) -> tuple[int, str, str]:
    issue = reply.json["issue"][0]
    return reply.status, issue["details"]["coding"][0]["code"], issue["code"]


def focus_of(reply: Reply) -> Json:
    assert reply.status == 200, reply
    found: Json = reply.json["entry"][1]["resource"]
    return found


def test_a_referral_is_stored_whole_and_answered_with_its_id(ground: Ground) -> None:
    number = fresh_number()
    bundle = referral(person(number))
    reply = send(ground.north, bundle)
    header = reply.json["entry"][0]["resource"]
    assert header["response"] == {"identifier": bundle["id"], "code": "ok"}
    assert header["eventCoding"]["code"] == "servicerequest-response"
    (patient,) = ground.patients(number)
    (request,) = ground.of("ServiceRequest", patient["id"])
    assert request["id"] == focus_of(reply)["id"]
    assert request["performer"][0]["reference"] == "HealthcareService/front-door"
    for type_ in ("Encounter", "CarePlan", "Observation", "Consent"):
        assert len(ground.of(type_, patient["id"])) == 1, type_
    assert "Quillfeather" not in reply.raw.decode()


def test_who_is_known_by_number_and_birth_date_is_no_second_person(
    ground: Ground,
) -> None:
    number = fresh_number()
    send(ground.north, referral(person(number)))
    send(ground.south, referral(person(number)))
    (patient,) = ground.patients(number)
    assert len(ground.of("ServiceRequest", patient["id"])) == 2


def test_a_number_with_another_birth_date_is_not_mixed_into_a_record(
    ground: Ground,
) -> None:
    number = fresh_number()
    known = send(ground.north, referral(person(number)))
    other = send(ground.north, referral(person(number, born="2001-01-01")))
    assert len(ground.patients(number)) == 2
    # Nor does the sender learn which of the two it was.
    shapes = [
        {one: type(value) for one, value in focus_of(reply).items()}
        for reply in (known, other)
    ]
    assert shapes[0] == shapes[1]


def test_a_message_that_comes_again_is_a_duplicate(ground: Ground) -> None:
    number, request = fresh_number(), new_uuid()
    bundle = referral(person(number))
    send(ground.north, bundle, request)
    again = send(ground.north, bundle, request)
    assert code_of(again) == (409, "REC_CONFLICT", "duplicate")
    other_request = send(ground.north, bundle)
    assert code_of(other_request) == (409, "REC_CONFLICT", "duplicate")
    other_bundle = send(ground.north, referral(person(number)), request)
    assert code_of(other_bundle) == (409, "REC_CONFLICT", "duplicate")
    (patient,) = ground.patients(number)
    assert len(ground.of("ServiceRequest", patient["id"])) == 1


def test_of_eight_who_send_one_message_at_once_one_is_taken(ground: Ground) -> None:
    number, request = fresh_number(), new_uuid()
    bundle = referral(person(number))

    def sends(_: int) -> int:
        with closing(ground.north.twin(ground.stack)) as twin:
            return send(twin, bundle, request).status

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(sends, range(8)))
    assert statuses == [200] + [409] * 7
    (patient,) = ground.patients(number)
    assert len(ground.of("ServiceRequest", patient["id"])) == 1


def test_of_eight_messages_about_one_new_person_all_are_in_one_record(
    ground: Ground,
) -> None:
    number = fresh_number()

    def sends(_: int) -> int:
        with closing(ground.north.twin(ground.stack)) as twin:
            bundle, request = referral(person(number)), new_uuid()
            found = [send(twin, bundle, request).status]
            while found[-1] == 409 and len(found) < 8:  # others wrote the same patient
                found.append(send(twin, bundle, request).status)
            return found[-1]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(sends, range(8))) == [200] * 8
    (patient,) = ground.patients(number)
    assert len(ground.of("ServiceRequest", patient["id"])) == 8


def test_the_sender_withdraws_its_own_referral_and_the_step_stays(
    ground: Ground,
) -> None:
    number = fresh_number()
    there = focus_of(send(ground.north, referral(person(number))))["id"]
    update = referral(
        person(number), reason=Reason.UPDATE, there=there, status="revoked"
    )
    assert focus_of(send(ground.north, update))["status"] == "revoked"
    kept = ground.own.get(f"ServiceRequest/{there}").json
    assert kept["status"] == "revoked"
    assert len(kept["relevantHistory"]) == 2
    once_more = referral(
        person(number), reason=Reason.UPDATE, there=there, status="revoked"
    )
    assert code_of(send(ground.north, once_more)) == (409, "REC_CONFLICT", "conflict")


def test_an_update_changes_how_urgent_it_is_and_adds_what_is_new(
    ground: Ground,
) -> None:
    number = fresh_number()
    there = focus_of(send(ground.north, referral(person(number))))["id"]
    update = referral(
        person(number), reason=Reason.UPDATE, there=there, priority="stat"
    )
    assert focus_of(send(ground.north, update))["priority"] == "stat"
    kept = ground.own.get(f"ServiceRequest/{there}").json
    assert (kept["priority"], kept["status"]) == ("stat", "active")
    (patient,) = ground.patients(number)
    assert len(ground.of("Observation", patient["id"])) == 2
    assert len(ground.of("ServiceRequest", patient["id"])) == 1


def test_nobody_else_changes_it(ground: Ground) -> None:
    there = focus_of(send(ground.north, referral(person(fresh_number()))))["id"]
    update = referral(reason=Reason.UPDATE, there=there, status="revoked")
    assert code_of(send(ground.south, update)) == (404, "REC_NOT_FOUND", "not-found")
    assert ground.own.get(f"ServiceRequest/{there}").json["status"] == "active"


def test_a_referral_by_message_stands_on_the_teams_list(ground: Ground) -> None:
    there = focus_of(send(ground.north, referral(person(fresh_number()))))["id"]
    token = ground.stack.sign_in(HOME, [], "care_coordinator")
    asyncio.run(put_in_the_team(ground.stack, token, HOME))
    with closing(Visitor(ground.stack.port, token)) as visitor:
        # Others of this file may have filled a page or two before.
        path = "/referrals/teams/front-door?page="
        page = "".join(visitor.get(f"{path}{nth}").decode() for nth in range(5))
        assert there in page
        assert "QUILLFEATHER" in page


# Bookings


def test_of_two_who_book_one_slot_exactly_one_gets_it(ground: Ground) -> None:
    slot = ground.slots[0]
    times = (slot["id"], slot["start"], slot["end"])

    def books(program: Program) -> tuple[int, str]:
        with closing(program.twin(ground.stack)) as twin:
            reply = send(twin, booking(*times, patient=person(fresh_number())))
            return reply.status, reply.raw.decode()

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(books, [ground.north, ground.south] * 4))
    assert sorted(status for status, _ in replies) == [200] + [409] * 7
    assert all('"conflict"' in raw for status, raw in replies if status == 409)


def test_a_booked_slot_is_offered_to_nobody(ground: Ground) -> None:
    slot = ground.slots[1]
    wanted = "Slot?status=free&_include=Slot:schedule"
    before = ground.south.get(wanted)
    assert slot["id"] in before.ids
    assert before.headers["cache-control"] == "no-store"
    made = send(ground.north, booking(slot["id"], slot["start"], slot["end"]))
    appointment = focus_of(made)
    assert slot["id"] not in ground.south.get(wanted).ids
    gone = booking(
        slot["id"],
        slot["start"],
        slot["end"],
        reason="update",
        id=appointment["id"],
        status="cancelled",
    )
    assert focus_of(send(ground.north, gone))["status"] == "cancelled"
    assert slot["id"] in ground.south.get(wanted).ids


def test_slots_are_found_by_the_service_as_the_standard_writes_it(
    ground: Ground,
) -> None:
    found = ground.north.get("Slot?Schedule.actor:HealthcareService=2000000111")
    assert found.status == 200, found
    assert "slot-2" in found.ids
    other = ground.north.get("Slot?Schedule.actor:HealthcareService=1")
    assert other.ids == []


@pytest.mark.parametrize(
    ("slot", "start", "wanted"),
    [
        ("nowhere", None, (404, "REC_NOT_FOUND", "not-found")),
        (
            "slot-2",
            "2026-01-01T09:00:00Z",
            (422, "REC_UNPROCESSABLE_ENTITY", "invariant"),
        ),
    ],
)
def test_a_booking_that_fits_no_slot_says_so(
    ground: Ground, slot: str, start: str | None, wanted: tuple[int, str, str]
) -> None:
    here = ground.slots[2]
    bundle = booking(slot, start or here["start"], here["end"])
    assert code_of(send(ground.north, bundle)) == wanted


# What is wrong


def test_a_message_without_ids_is_refused(ground: Ground) -> None:
    for name in ("X-Request-Id", "X-Correlation-Id"):
        sent = {one: said for one, said in headers().items() if one != name}
        reply = ground.north.ask("POST", "$process-message", referral(), sent)
        assert code_of(reply) == (400, "REC_BAD_REQUEST", "required")


def test_a_message_to_a_service_that_is_not_here_is_refused(ground: Ground) -> None:
    bundle = referral()
    header = bundle["entry"][0]["resource"]
    header["destination"][0]["endpoint"] = "http://fhir.nhs.uk/Id/dos-service-id|7"
    reply = ground.north.ask("POST", "$process-message", bundle, headers(service="7"))
    assert code_of(reply) == (404, "REC_NOT_FOUND", "not-found")
    other = ground.north.ask("POST", "$process-message", bundle, headers())
    assert code_of(other) == (400, "REC_BAD_REQUEST", "invalid")


def test_what_is_no_fhir_is_refused_with_the_standards_code(ground: Ground) -> None:
    sent = {**headers(), "Content-Type": "application/fhir+json"}
    reply = ground.north.ask("POST", "$process-message", b"{", sent)
    assert code_of(reply)[:2] == (400, "REC_BAD_REQUEST")
    bundle = referral()
    bundle["entry"][1]["resource"]["status"] = 17
    reply = send(ground.north, bundle)
    assert code_of(reply)[:2] == (422, "REC_UNPROCESSABLE_ENTITY")


def test_a_refused_message_leaves_nothing_and_may_come_right(ground: Ground) -> None:
    number, request = fresh_number(), new_uuid()
    bundle = referral(person(number))
    wrong = copy.deepcopy(bundle)
    wrong["entry"] = [
        one for one in wrong["entry"] if one["resource"]["resourceType"] != "Consent"
    ]
    assert send(ground.north, wrong, request).status == 400
    assert ground.patients(number) == []
    assert send(ground.north, bundle, request).status == 200


def looks(program: Program, type_: str, number: str) -> Reply:
    """As the standard has a partner look for somebody."""
    return program.get(f"{type_}?patient:identifier={NHS_NUMBER}%7C{number}")


def test_a_partner_turns_the_pages_of_its_own_and_each_is_there_once(
    ground: Ground,
) -> None:
    number = fresh_number()
    mine = [focus_of(send(ground.north, referral(person(number)))) for _ in range(3)]
    send(ground.south, referral(person(number)))
    path, pages = f"ServiceRequest?patient:identifier={NHS_NUMBER}%7C{number}", []
    path = f"{path}&_count=2"
    while path:
        page = ground.north.get(path)
        pages.append(page.ids)
        path = page.link("next")
    assert [len(one) for one in pages] == [2, 1]
    assert sorted(it for page in pages for it in page) == sorted(
        it["id"] for it in mine
    )


def test_a_partner_finds_its_own_by_person_and_nobody_elses(ground: Ground) -> None:
    number, slot = fresh_number(), ground.slots[2]
    mine = focus_of(send(ground.north, referral(person(number))))["id"]
    again = focus_of(send(ground.north, referral(person(number))))["id"]
    theirs = focus_of(send(ground.south, referral(person(number))))["id"]
    times = (slot["id"], slot["start"], slot["end"])
    booked = focus_of(send(ground.north, booking(*times, patient=person(number))))
    found = looks(ground.north, "ServiceRequest", number)
    assert sorted(found.ids) == sorted((mine, again)), found
    assert found.headers["cache-control"] == "no-store"
    assert looks(ground.south, "ServiceRequest", number).ids == [theirs]
    assert looks(ground.north, "Appointment", number).ids == [booked["id"]]
    assert looks(ground.south, "Appointment", number).ids == []
    # Who is known here and who is not are answered alike.
    ground.own.put({**person(fresh_number()), "id": "known"})
    known = ground.own.get("Patient/known").json["identifier"][0]["value"]
    one, other = (
        looks(ground.north, "ServiceRequest", it) for it in (known, fresh_number())
    )
    said = [{**it.json, "link": []} for it in (one, other)]  # what was asked, again
    assert (one.status, said[0]) == (other.status, said[1])
    for query in ("", "?status=active", f"?patient={mine}", "?patient:identifier=7"):
        reply = ground.north.get(f"ServiceRequest{query}")
        assert code_of(reply) == (400, "REC_BAD_REQUEST", "invalid"), query
    # Said to be a mistake, it is over and stays in the record; the time is free.
    gone = booking(
        *times,
        patient=person(number),
        reason="delete",
        id=booked["id"],
        status="entered-in-error",
    )
    assert focus_of(send(ground.north, gone))["status"] == "entered-in-error"
    free = ground.south.get("Slot?status=free&_include=Slot:schedule")
    assert slot["id"] in free.ids
    mistake = referral(person(number), reason=Reason.DELETE, there=mine)
    assert focus_of(send(ground.north, mistake))["status"] == "revoked"
    stays = ground.own.get(f"ServiceRequest/{mine}").json
    assert "Sent in error" in str(stays)
    other_ones = referral(person(number), reason=Reason.DELETE, there=theirs)
    assert code_of(send(ground.north, other_ones))[:2] == (404, "REC_NOT_FOUND")


def test_a_token_that_does_not_hold_is_told_so_in_the_standards_words(
    ground: Ground,
) -> None:
    held, ground.north.token = ground.north.token, "1.nobodys"
    try:
        for method, path in (("POST", "$process-message"), ("GET", "Slot")):
            reply = ground.north.ask(method, path, referral(), headers())
            assert code_of(reply)[:2] == (401, "REC_UNAUTHORIZED"), path
    finally:
        ground.north.token = held


# With a stolen token


def test_a_stolen_token_reads_what_its_own_messages_brought_and_nothing_else(
    ground: Ground,
) -> None:
    mine = focus_of(send(ground.north, referral(person(fresh_number()))))["id"]
    theirs = focus_of(send(ground.south, referral(person(fresh_number()))))["id"]
    assert ground.north.get(f"ServiceRequest/{mine}").status == 200
    refused = ground.north.get(f"ServiceRequest/{theirs}")
    assert code_of(refused) == (404, "REC_NOT_FOUND", "not-found")
    (patient,) = [ground.own.get(f"ServiceRequest/{mine}").json["subject"]["reference"]]
    for path in (
        *(patient, f"{patient}/$everything", "Patient", "Patient?name=Quillfeather"),
        *("Observation", f"ServiceRequest/{mine}/_history", "AuditEvent", "_history"),
        *("ServiceRequest", f"ServiceRequest?patient={patient}", "Appointment"),
        *(
            "Slot?_revinclude=Appointment:slot",
            "Slot?_has:Appointment:slot:status=booked",
        ),
        *("Slot?_include=*", f"ServiceRequest/{mine}/_history/1", "Practitioner"),
    ):
        reply = ground.north.get(path)
        assert reply.status in (400, 403, 404, 501), (path, reply)
        assert "Quillfeather" not in reply.raw.decode(), path


def test_a_stolen_token_writes_by_messages_alone(ground: Ground) -> None:
    there = focus_of(send(ground.south, referral(person(fresh_number()))))["id"]
    request = ground.own.get(f"ServiceRequest/{there}").json
    assert ground.north.ask("PUT", f"ServiceRequest/{there}", request).status == 403
    assert ground.north.ask("POST", "Patient", person()).status == 403
    entry = {"resource": person(), "request": {"method": "POST", "url": "Patient"}}
    for type_ in ("batch", "transaction"):
        bundle = {"resourceType": "Bundle", "type": type_, "entry": [entry]}
        assert ground.north.ask("POST", "", bundle).status == 403
    patch = ground.north.ask(
        "PATCH",
        f"ServiceRequest/{there}",
        b"[]",
        {"Content-Type": "application/json-patch+json"},
    )
    assert patch.status == 403


def test_a_message_writes_into_no_record_but_its_own_patients(ground: Ground) -> None:
    ground.own.put({**person(fresh_number()), "id": "victim"})
    before = len(ground.of("Observation", "victim"))
    for reference in ("Patient/victim", f"{ground.stack.origin}/fhir/Patient/victim"):
        bundle = referral(person(fresh_number()))
        for one in bundle["entry"]:
            if one["resource"]["resourceType"] == "Observation":
                one["resource"]["subject"] = {"reference": reference}
        assert send(ground.north, bundle).status == 400
    bundle = referral(person(fresh_number()))
    for one in bundle["entry"]:
        if one["resource"]["resourceType"] == "Patient":
            one["resource"]["id"] = "victim"
    assert send(ground.north, bundle).status == 200
    assert len(ground.of("Observation", "victim")) == before
    assert ground.own.get("Patient/victim").json["meta"]["versionId"] == "1"


def test_what_would_lie_in_nobodys_record_is_refused(ground: Ground) -> None:
    """It would be sealed by the organisation's key, which everybody's session opens."""
    bundle = referral(person(fresh_number()))
    for one in bundle["entry"]:
        if one["resource"]["resourceType"] == "Observation":
            del one["resource"]["subject"]
    assert code_of(send(ground.north, bundle)) == (400, "REC_BAD_REQUEST", "value")


def test_a_message_makes_nobody_of_ours_expect_its_patient(ground: Ground) -> None:
    bundle = referral(person(fresh_number()))
    for one in bundle["entry"]:
        if one["resource"]["resourceType"] == "Encounter":
            who = {"individual": {"reference": "Practitioner/mallory"}}
            one["resource"]["participant"] = [who]
    request = focus_of(send(ground.north, bundle))["id"]
    subject = ground.own.get(f"ServiceRequest/{request}").json["subject"]["reference"]
    (kept,) = ground.of("Encounter", subject.partition("/")[2])
    assert "reference" not in kept["participant"][0]["individual"]


def test_hostile_bundles_are_answered_in_words(ground: Ground) -> None:
    many = referral()
    many["entry"] += [
        {"fullUrl": f"urn:uuid:{new_uuid()}", "resource": many["entry"][-1]["resource"]}
        for _ in range(400)
    ]
    large = referral()
    for one in large["entry"]:
        if one["resource"]["resourceType"] == "CarePlan":
            one["resource"]["description"] = "x" * 5_000_000
    assert code_of(send(ground.north, many))[1:] == (
        "REC_UNPROCESSABLE_ENTITY",
        "too-costly",
    )
    assert code_of(send(ground.north, large))[1:] == (
        "REC_UNPROCESSABLE_ENTITY",
        "too-costly",
    )
    deep = b'{"resourceType":"Bundle","entry":' + b"[" * 100_000
    sent = {**headers(), "Content-Type": "application/fhir+json"}
    assert ground.north.ask("POST", "$process-message", deep, sent).status == 400


def test_a_partner_reaches_no_more_people_of_ours_than_its_contract_says(
    ground: Ground,
) -> None:
    """Whoever is new with a message is nobody of whom we knew anything."""
    numbers = [fresh_number() for _ in range(6)]
    for number in numbers:
        ground.own.put({**person(number), "id": f"known-{number}"})
    with closing(
        partner(ground.stack, ground.folder, organisation=HOME, patients_per_hour=3)
    ) as thief:
        found = [send(thief, referral(person(one))).status for one in numbers]
    assert found.count(200) <= 3, found
    assert 429 in found


def test_an_erasure_takes_what_came_by_message_and_no_copy_brings_it_back(
    ground: Ground,
) -> None:
    number, request = fresh_number(), new_uuid()
    bundle = referral(person(number))
    there = focus_of(send(ground.north, bundle, request))["id"]
    (patient,) = ground.patients(number)
    erase(ground.stack, patient["id"])
    rows = asyncio.run(_beside(ground.stack))
    assert not [one for one in rows if one.get("resource") == there]
    assert ground.north.get(f"ServiceRequest/{there}").status == 404
    again = send(ground.north, bundle, request)
    assert code_of(again) == (409, "REC_CONFLICT", "duplicate")
    assert ground.patients(number) == []


def erase(stack: Served, patient: str) -> None:
    officer = stack.sign_in(HOME, [], "privacy_officer")
    administrator = stack.sign_in(HOME, [], "administrator")

    async def decide() -> None:
        door = WardenClient(stack.layout.door_socket, asker="test")
        question = AskErasure(officer, patient, "person-asked", "Asked in writing.")
        asked = await door.ask(question, Created)
        assert isinstance(asked, Created), asked
        done = await ApproveErasure(administrator, asked.id).by(door)
        assert isinstance(done, Done), done
        await door.close()

    asyncio.run(decide())


def test_what_stands_beside_the_record_names_nobody(ground: Ground) -> None:
    send(ground.north, referral(person(fresh_number())))
    rows = asyncio.run(_beside(ground.stack))
    assert rows
    assert "Quillfeather" not in json.dumps(rows, default=str)


async def _beside(stack: Served) -> list[Json]:
    connection = await connect(address_for(stack.settings, stack.layout, WEB))
    try:
        await connection.serve(OrganisationId(1))
        found: list[Json] = []
        for table in ("received", "brought"):
            sql = f"select * from bars.{table}"  # noqa: S608 - two names of ours
            found += [dict(row) for row in await connection.fetch(sql)]
        return found
    finally:
        await connection.close()
