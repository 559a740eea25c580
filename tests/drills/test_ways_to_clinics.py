# SPDX-License-Identifier: Apache-2.0
"""What a stolen desk that would send people astray gets, and who goes through ids."""

from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlencode

import msgspec
import pytest

from support.arrivals import CLINIC, appointment, fill, person
from support.program import Program
from support.served import Served, Visitor, served
from wardkeep.fhir.clinics.directions import Directions
from wardkeep.fhir.clinics.places import place_of

DIRECTIONS = f"/check-in/directions/{CLINIC}"
_OK, _SEE_OTHER, _FORBIDDEN, _NOT_FOUND, _WRONG = 200, 303, 403, 404, 422


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with served(tmp_path_factory.mktemp("ways-drill")) as running:
        for slug in ("fernhill", "hollow"):
            running.found(slug)
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(running, keys, organisation="fernhill")) as one:
            fill(one, ("anna", "Appleyard", "Anna"))
            one.put(person("gone", "Gorse", "Gil"))
            one.put(appointment("gone", status="cancelled"))
            one.served = running  # type: ignore[attr-defined]
            yield one


@pytest.fixture(scope="module")
def server(program: Program) -> Served:
    found: Served = program.served  # type: ignore[attr-defined]
    return found


def ask(
    server: Served, token: str, path: str, fields: dict[str, str] | None = None
) -> tuple[int, str]:
    """Status and page; with fields they are sent."""
    with closing(Visitor(server.port, token)) as visitor:
        if fields is None:
            status, page = visitor.ask("GET", path)
        else:
            status, page = visitor.ask("POST", path, urlencode(fields).encode())
    return status, page.decode()


def location(program: Program) -> tuple[str, Directions]:
    """Which version of the clinic's Location there is, and what it says."""
    found = program.get(f"Location/{CLINIC}").json
    place = place_of(CLINIC, msgspec.json.encode(found))
    return str(found["meta"]["versionId"]), place.directions


def test_a_stolen_desk_sends_nobody_to_a_number_or_a_page(
    program: Program, server: Served
) -> None:
    token = server.sign_in("fernhill", [], "receptionist")
    before, known = location(program)
    for text in ("ring 0300 123 4567", "pay at https://example.org", "a@example.org"):
        fields = {"stored": before, "area-en": text}
        status, page = ask(server, token, DIRECTIONS, fields)
        assert status == _WRONG
        assert text in page
    assert location(program) == (before, known)


def test_what_a_stolen_desk_wrote_is_a_version_that_is_taken_back(
    program: Program, server: Served
) -> None:
    token = server.sign_in("fernhill", [], "receptionist")
    before, known = location(program)
    astray = {"stored": before, "area-en": "<b>the car park</b>"}
    assert ask(server, token, DIRECTIONS, astray)[0] == _SEE_OTHER
    after, said = location(program)
    assert int(after) == int(before) + 1
    assert said.texts == {"area": {"en": "<b>the car park</b>"}}
    # It is read as words, wherever it is shown
    for path in (DIRECTIONS, "/check-in/slips/of-anna"):
        page = ask(server, token, path)[1]
        assert "&lt;b&gt;the car park" in page
        assert "<b>the car park" not in page
    # Sent from an old page it changes nothing, and somebody else takes it back
    assert ask(server, token, DIRECTIONS, astray)[0] == _WRONG
    colleague = server.sign_in("fernhill", [], "shift_lead")
    undone = ask(server, colleague, f"{DIRECTIONS}/undo", {"stored": after})
    assert undone[0] == _SEE_OTHER
    assert location(program) == (str(int(after) + 1), known)


def test_who_has_another_role_or_house_finds_neither_way_nor_slip(
    server: Served,
) -> None:
    doctor = server.sign_in("fernhill", [], "doctor")
    elsewhere = server.sign_in("hollow", [], "receptionist")
    for path in (DIRECTIONS, "/check-in/slips/of-anna"):
        assert ask(server, doctor, path)[0] == _FORBIDDEN
        assert ask(server, elsewhere, path)[0] == _NOT_FOUND
        assert ask(server, "", path)[0] == _SEE_OTHER
    sent = {"stored": "1", "area-en": "elsewhere"}
    assert ask(server, doctor, DIRECTIONS, sent)[0] == _FORBIDDEN
    assert ask(server, elsewhere, DIRECTIONS, sent)[0] == _NOT_FOUND


def test_a_slip_and_a_list_that_is_sent_name_nobody(server: Served) -> None:
    token = server.sign_in("fernhill", [], "receptionist")
    for path in ("/check-in/slips/of-anna", f"/clinics/{CLINIC}/now?room=&show="):
        status, page = ask(server, token, path)
        assert status == _OK
        for hidden in ("ppleyard", "PPLEYARD", "Anna", "1950", "900456"):
            assert hidden not in page


def test_a_rooms_list_is_for_rooms(server: Served) -> None:
    path = f"/clinics/{CLINIC}/rooms/now?room=Room+4&show="
    desk = server.sign_in("fernhill", [], "receptionist")
    assert ask(server, desk, path)[0] == _FORBIDDEN
    doctor = server.sign_in("fernhill", [], "doctor")
    assert ask(server, doctor, path)[0] == _OK


def test_whoever_goes_through_appointments_learns_nothing_of_who_never_queued(
    server: Served,
) -> None:
    """Cancelled, expected, and none at all: one answer, letter by letter."""
    found = {
        ask(server, "", f"/waiting/1/{id_}")
        for id_ in ("of-gone", "of-anna", "of-nobody")
    }
    assert len(found) == 1
    assert found.pop()[0] == _NOT_FOUND
