# SPDX-License-Identifier: Apache-2.0
"""Pages that show people and places by name, and records by a number, over HTTP.

What is kept are references and ids. Who chooses does so by name; an officer learns
whose record it is where they ask, and the ledger has that.
"""

import asyncio
import re
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import pytest

from support.program import Program
from support.served import Served, Visitor, served
from support.warden import RunningWarden
from support.wards import WARD, Worker, patient, places, practitioner
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Done
from wardkeep.disclosure.questions import SetWork

NIA, DAN = Worker("ward_nurse", "Nia Night", "nia"), Worker("doctor", "Dan Day", "dan")
NIAS_ROLE = {
    "resourceType": "PractitionerRole",
    "id": "nia-on-heron",
    "practitioner": {"reference": "Practitioner/nia"},
    "code": [{"text": "Night nurse"}],
}
SERVICE = {"resourceType": "HealthcareService", "id": "mind", "name": "Mind team"}


class House(NamedTuple):
    """A stack, and who sits at three desks of it."""

    stack: Served
    admin: Visitor
    officer: Visitor
    nurse: Visitor


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with served(tmp_path_factory.mktemp("names")) as stack:
        stack.found("fernhill")
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(stack, keys, organisation="fernhill")) as program:
            for one in (*places(), *map(practitioner, (NIA, DAN)), NIAS_ROLE, SERVICE):
                program.put(one)
            for id_, family in (("ann", "Ashdown"), ("bea", "Birch")):
                program.put(patient(id_, family))
        made = [
            Visitor(stack.port, stack.sign_in("fernhill", [], role=role))
            for role in ("administrator", "privacy_officer", "ward_nurse")
        ]
        yield House(stack, *made)
        for visitor in made:
            visitor.close()


def employed(house: House, name: str, references: tuple[str, ...], team: str) -> str:
    """The account of somebody new, who is these in the record, in a team of theirs."""

    async def employ() -> str:
        warden = RunningWarden(house.stack, None)  # type: ignore[arg-type]
        account = await warden.account("ward_nurse", organisation="fernhill", name=name)
        where = ((team, (WARD, "CareTeam/elsewhere"), (account,)),)
        asked = SetWork("fernhill", ((account, references),), where)
        assert await warden.operator.ask(asked, Done) == Done()
        await warden.operator.close()
        await warden.door.close()
        return account

    return asyncio.run(employ())


def words_of(page: bytes) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.decode()).split())


def test_a_person_is_shown_and_chosen_by_the_names_of_the_record(house: House) -> None:
    who = ("Practitioner/nia", "PractitionerRole/nia-on-heron", "Practitioner/gone")
    account = employed(house, "N. Night", who, f"Team {new_uuid()}")
    shown = words_of(house.admin.get(f"/people/{account}"))
    assert "Nia Night Night nurse" in shown
    # What the record has not is still told from what it has
    assert "Not in the record: Practitioner/gone" in shown
    assert "Practitioner/nia" not in shown
    page = house.admin.get(f"/people/{account}/work").decode()
    assert '<option value="Practitioner/nia" selected>Nia Night</option>' in page
    assert re.search(r"<textarea[^>]*>Practitioner/gone</textarea>", page)
    # A role comes along with the practitioner who has it, and what is typed is kept
    fields = {"practitioner": "Practitioner/nia", "references": "Practitioner/gone"}
    asked = words_of(house.admin.post(f"/people/{account}/practitioner", fields))
    for one in who:
        assert one in asked
    status, page_ = house.admin.ask(
        "POST", f"/people/{account}/practitioner", b"practitioner=Practitioner/nobody"
    )
    assert status == 422
    assert b"There is a problem" in page_


def test_where_a_team_works_is_ticked_by_name(house: House) -> None:
    team = f"Team {new_uuid()}"
    employed(house, "M. Night", (), team)
    listed = house.admin.get("/people/teams").decode()
    row = listed[listed.index(team) :]
    found = re.search(r"/people/teams/([^/]+)/places", row)
    assert found is not None
    page = house.admin.get(f"/people/teams/{found[1]}/places").decode()
    ticked = re.findall(r'name="place-([^"]+)"[^>]* checked', page)
    assert ticked == [WARD]
    for name in ("Heron Ward", "Kestrel Ward", "Mind team"):
        assert name in words_of(page.encode())
    assert re.search(r"<textarea[^>]*>CareTeam/elsewhere</textarea>", page)
    fields = {f"place-{WARD}": "1", "place-HealthcareService/mind": "1"}
    asked = house.admin.post(f"/people/teams/{found[1]}/places", fields)
    assert "HealthcareService/mind" in words_of(asked)
    assert "CareTeam/elsewhere" not in words_of(asked)


def test_what_was_refused_has_numbers_and_the_history_a_name_where_it_is_asked_for(
    house: House,
) -> None:
    for one in ("ann", "bea", "ann"):
        house.nurse.ask("GET", f"/patients/{one}/mental-health-act")
    shown = house.officer.get("/security/refusals")
    found = re.findall(r'/patients/(ann|bea)/history">Record (\d)<', shown.decode())
    assert len(set(found)) == len({one for one, _ in found}) == 2
    assert not {"ann", "bea"} & set(words_of(shown).split())
    shown = house.officer.get("/patients/ann/history")
    assert "ASHDOWN" not in words_of(shown)
    assert b'href="/patients/ann"' not in shown
    named = words_of(house.officer.get("/patients/ann/history?whose=yes"))
    assert "ASHDOWN, Ann , born 02-Jan-1950" in named
    # That the officer was told is in the record's history from then on
    assert "Shown in a list" in words_of(house.officer.get("/patients/ann/history"))
    # Nobody else is told by that address, and a nurse's way back leads to the record
    status, page = house.nurse.ask("GET", "/patients/ann/history?whose=yes")
    assert status != 200 or b"ASHDOWN" not in page
