# SPDX-License-Identifier: Apache-2.0
"""Drills on contacts: recorded at once or not at all, once, and by nobody's thief."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from support.form_pages import FormPage
from support.note_pages import open_ward
from support.note_writer import doctor, part
from support.program import Program
from support.served import Served, Visitor, served
from wardkeep.base.clock import LONDON, SystemClock
from wardkeep.base.ids import new_uuid

Json = dict[str, Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("contacts")) as running:
        open_ward(running, tmp_path_factory.mktemp("keys"))
        yield running


@pytest.fixture(scope="module")
def program(
    server: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    keys = tmp_path_factory.mktemp("program")
    with closing(Program(server, keys, organisation="fernhill")) as own:
        yield own


@pytest.fixture(autouse=True)
def everybody_leaves() -> Iterator[None]:
    yield
    part()


def typed(minutes: int) -> str:
    """A time so many minutes from now, as the form has it."""
    at = SystemClock().now().astimezone(LONDON) + timedelta(minutes=minutes)
    return f"{at:%Y-%m-%dT%H:%M}"


def said(**unlike: str) -> dict[str, str]:
    return {
        "appointment": "",
        "attended": "5",
        "when": typed(-60),
        "mechanism": "01",
        "where": "A01",
        "minutes": "40",
        "subject": "01",
        "note": "Seen at home. Eating again.",
        "next-way": "",
        "next-when": "",
        "next-minutes": "30",
    } | unlike


def booked(program: Program, *, minutes: int = -60, **more: object) -> str:
    """An appointment in the diary of a patient."""
    id_ = new_uuid()
    at = SystemClock().now() + timedelta(minutes=minutes)
    program.put(
        {
            "resourceType": "Appointment",
            "id": id_,
            "status": "booked",
            "description": "Home visit",
            "start": at.isoformat(timespec="seconds"),
            "participant": [
                {"actor": {"reference": "Patient/pat"}, "status": "accepted"}
            ],
            **more,
        }
    )
    return id_


def record(visitor: Visitor, fields: dict[str, str]) -> tuple[FormPage, int, bytes]:
    page = FormPage(visitor, "contacts/new")
    assert page.save(fields)[0] == 200
    return page, *page.send(fields)


def read(program: Program, type_: str, id_: str) -> Json | None:
    reply = program.get(f"{type_}/{id_}")
    return dict(reply.json) if reply.status == 200 else None


def parts_of(program: Program, contact: str) -> tuple[Json, Json | None, Json | None]:
    """The Encounter, its note and its next appointment."""
    encounter = read(program, "Encounter", contact)
    assert encounter is not None
    named = {one["url"]: one for one in encounter["extension"]}

    def follow(name: str) -> Json | None:
        one = named.get(f"urn:wardkeep:contact:{name}")
        if one is None:
            return None
        return read(program, *one["valueReference"]["reference"].split("/"))

    return encounter, follow("note"), follow("next")


def test_one_press_stores_outcome_note_next_and_what_the_data_set_asks(
    server: Served, program: Program
) -> None:
    visitor, appointment = doctor(server), booked(program)
    fields = said(
        appointment=appointment,
        **{
            "activity-182836005": "1",
            "next-way": "home",
            "next-when": typed(7 * 24 * 60),
            "others": "Her daughter",
        },
    )
    page, status, _ = record(visitor, fields)
    assert status == 303
    encounter, note, following = parts_of(program, page.hidden["contact"])
    assert encounter["status"] == "finished"
    assert encounter["appointment"] == [{"reference": f"Appointment/{appointment}"}]
    assert note is not None
    assert "Eating again" in json.dumps(note)
    assert following is not None
    assert following["status"] == "booked"
    now = read(program, "Appointment", appointment)
    assert now is not None
    assert now["status"] == "fulfilled"
    shown = visitor.get(f"/patients/pat/contacts/{page.hidden['contact']}").decode()
    for words in ("Home visit", "Eating again", "Her daughter", "MHS201", "A01"):
        assert words in shown


@pytest.mark.parametrize(
    ("attended", "status"),
    [("3", "noshow"), ("7", "noshow"), ("2", "cancelled"), ("4", "cancelled")],
)
def test_what_did_not_take_place_is_recorded_with_its_appointment(
    server: Served, program: Program, attended: str, status: str
) -> None:
    appointment = booked(program)
    fields = said(
        appointment=appointment, attended=attended, note="", minutes="", subject=""
    )
    page, answer, _ = record(doctor(server), fields)
    assert answer == 303
    encounter, note, _ = parts_of(program, page.hidden["contact"])
    assert (encounter["status"], note) == ("cancelled", None)
    now = read(program, "Appointment", appointment)
    assert now is not None
    assert now["status"] == status


@pytest.mark.parametrize(
    ("unlike", "place"),
    [
        ({"attended": ""}, "attended"),
        ({"note": ""}, "note"),
        ({"note": "The key safe is 1375"}, "note"),
        ({"minutes": ""}, "minutes"),
        ({"minutes": "1441"}, "minutes"),
        ({"where": ""}, "where"),
        ({"subject": ""}, "subject"),
        ({"mechanism": "77"}, "mechanism"),
        ({"when": "yesterday"}, "when"),
        ({"when": "+60"}, "when"),
        ({"next-way": "home"}, "next-when"),
        ({"next-way": "home", "next-when": "-60"}, "next-when"),
        ({"next-way": "", "next-when": "+600"}, "next-way"),
        ({"appointment": "not-there"}, "appointment"),
        ({"colleague": "Practitioner/nobody"}, "colleague"),
    ],
)
def test_what_is_wrong_is_named_at_its_field_and_nothing_is_stored_or_lost(
    server: Served, program: Program, unlike: dict[str, str], place: str
) -> None:
    timed = {
        name: typed(int(value)) if re.fullmatch(r"[+-]\d+", value) else value
        for name, value in unlike.items()
    }
    fields = said(**timed)
    page, status, answer = record(doctor(server), fields)
    assert status == 422
    assert f'href="#{place}"'.encode() in answer
    assert read(program, "Encounter", page.hidden["contact"]) is None
    if fields["note"]:
        assert fields["note"].encode() in answer


def test_sent_eight_times_at_once_it_is_there_once(
    server: Served, program: Program
) -> None:
    visitor, appointment = doctor(server), booked(program)
    fields = said(
        appointment=appointment, **{"next-way": "video", "next-when": typed(9000)}
    )
    page = FormPage(visitor, "contacts/new")
    page.save(fields)
    headers = dict(visitor._headers)
    answers: list[int] = []

    def send() -> None:
        with closing(Visitor(server.port, headers["Cookie"].partition("=")[2])) as own:
            page_here = FormPage.__new__(FormPage)
            page_here.__dict__ |= page.__dict__ | {"visitor": own}
            answers.append(page_here.send(fields)[0])

    threads = [threading.Thread(target=send) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert answers == [303] * 8
    encounter, note, following = parts_of(program, page.hidden["contact"])
    for stored in (encounter, note, following):
        assert stored is not None
        assert stored["meta"]["versionId"] == "1"
    ended = read(program, "Appointment", appointment)
    assert ended is not None
    assert ended["meta"]["versionId"] == "2"


@pytest.mark.parametrize(
    "other",
    [
        {"note": "Something else"},
        {"minutes": "45"},
        {"next-when": ""},
        {"when": "-120"},
    ],
)
def test_a_form_that_was_used_says_that_other_words_were_not_saved(
    server: Served, program: Program, other: dict[str, str]
) -> None:
    fields = said(**{"next-way": "video", "next-when": typed(9000)})
    page, status, _ = record(doctor(server), fields)
    assert status == 303
    changed = fields | other
    if other.get("when"):
        changed["when"] = typed(-120)
    if "next-when" in other:
        changed["next-way"] = ""
    status, answer = page.send(changed)
    assert status == 409
    assert b"This was not saved" in answer
    assert page.send(fields)[0] == 303
    encounter, _, _ = parts_of(program, page.hidden["contact"])
    assert encounter["meta"]["versionId"] == "1"


def test_of_two_who_record_one_appointment_the_second_reads_so_and_keeps_the_words(
    server: Served, program: Program
) -> None:
    appointment = booked(program)
    first, second = doctor(server), doctor(server)
    late = FormPage(second, "contacts/new")
    fields = said(appointment=appointment)
    late.save(fields)
    assert record(first, fields)[1] == 303
    status, answer = late.send(fields)
    assert status == 422
    assert b"not open any more" in answer
    assert b"Eating again" in answer
    assert read(program, "Encounter", late.hidden["contact"]) is None


def take_back(visitor: Visitor, contact: str, why: str = "why=Wrong+person") -> int:
    page = visitor.get(f"/patients/pat/contacts/{contact}").decode()
    [version] = re.findall(r'name="version" value="(\d+)"', page)
    body = f"version={version}&{why}".encode()
    return visitor.ask("POST", f"/patients/pat/contacts/{contact}/wrong", body)[0]


def test_taken_back_the_appointment_waits_again_and_all_of_it_stays_readable(
    server: Served, program: Program
) -> None:
    visitor, appointment = doctor(server), booked(program)
    fields = said(
        appointment=appointment, **{"next-way": "video", "next-when": typed(9000)}
    )
    page, _, _ = record(visitor, fields)
    contact = page.hidden["contact"]
    assert take_back(visitor, contact, "why=") == 422
    assert take_back(visitor, contact) == 303
    encounter, note, following = parts_of(program, contact)
    now = read(program, "Appointment", appointment)
    assert note is not None
    assert following is not None
    assert now is not None
    states = [one["status"] for one in (encounter, note, following, now)]
    assert states == ["entered-in-error", "entered-in-error", "cancelled", "booked"]
    shown = visitor.get(f"/patients/pat/contacts/{contact}")
    assert b"Wrong person" in shown
    assert b"Eating again" in shown
    # And a stale page does not take back twice
    body = b"version=1&why=again"
    assert (
        visitor.ask("POST", f"/patients/pat/contacts/{contact}/wrong", body)[0] == 409
    )


def test_what_somebody_went_on_with_is_left_as_it_is(
    server: Served, program: Program
) -> None:
    visitor, appointment = doctor(server), booked(program)
    page, _, _ = record(visitor, said(appointment=appointment))
    gone_on = read(program, "Appointment", appointment)
    assert gone_on is not None
    del gone_on["meta"]
    program.put({**gone_on, "status": "cancelled"})
    assert take_back(visitor, page.hidden["contact"]) == 303
    now = read(program, "Appointment", appointment)
    assert now is not None
    assert now["status"] == "cancelled"


def test_a_stolen_session_records_nothing_about_a_stranger_and_opens_none_by_it(
    server: Served, program: Program
) -> None:
    """Its owner expects `other`; `pat` is a stranger, whose ids the thief knows."""
    owner = doctor(server)
    page, _, _ = record(owner, said(note="Quixotry at home"))
    contact = page.hidden["contact"]
    thief = doctor(server, "other")
    mine = FormPage(thief, "contacts/new", patient="other")
    # The form of a stranger, a stranger's contact, and taking it back
    for method, path, body in (
        ("GET", "/patients/pat/contacts/new", b""),
        ("GET", f"/patients/pat/contacts/{contact}", b""),
        ("POST", f"/patients/pat/contacts/{contact}/wrong", b"version=1&why=x"),
    ):
        status, answer = thief.ask(method, path, body)
        assert status in (303, 403)
        assert b"Quixotry" not in answer
    # A stranger's contact below the address of a patient whom they expect
    status, answer = thief.ask("GET", f"/patients/other/contacts/{contact}")
    assert status in (303, 403, 404)
    assert b"Quixotry" not in answer
    # The form of one whom they expect, sent about the stranger
    mine.action = "/patients/pat/contacts/new"
    assert mine.send(said())[0] in (303, 403)
    assert read(program, "Encounter", mine.hidden["contact"]) is None
    # An appointment of the stranger under a contact of one whom they expect
    appointment = booked(program)
    mine.action = "/patients/other/contacts/new"
    assert mine.send(said(appointment=appointment))[0] == 422
    # And over the contact of somebody else nothing is written
    mine.hidden["contact"] = contact
    assert mine.send(said(note="Mine now"))[0] in (303, 403, 409)
    encounter, _, _ = parts_of(program, contact)
    assert encounter["meta"]["versionId"] == "1"
