# SPDX-License-Identifier: Apache-2.0
"""A drill on urgent care's figures: who sees them, and that they follow from records.

The real processes over HTTP and the real command; processes are killed in the midst.
"""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from support.acts import Colleague
from support.killing import kills
from support.program import Program
from support.served import Served, Visitor, eventually, served
from support.urgent import caller, queue_places
from support.urgent_figures import agreed_by, call, two_who_agree
from support.ward_beds import now
from wardkeep.assembly.database import OWNER, address_for
from wardkeep.base.clock import LONDON
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import connect
from wardkeep.fhir.urgent.steps import Step

HOME = "fernhill"
FIGURES = "/urgent-figures"
ADDRESSES = (FIGURES, f"{FIGURES}/now", f"{FIGURES}/report", f"{FIGURES}/report.csv")
STEPS = ((Step.TAKE, 3), (Step.NO_ANSWER, 5), (Step.REACH, 9), (Step.END, 20))
BEGAN = now() - timedelta(minutes=40)
DAY = BEGAN.astimezone(LONDON).date()
PERIOD = f"{DAY:%Y-%m}"
Json = dict[str, Any]


class Service(NamedTuple):
    """A stack, what writes calls into it, and two people who may agree."""

    stack: Served
    program: Program
    first: Colleague
    second: Colleague


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with served(tmp_path_factory.mktemp("figures")) as stack:
        stack.found(HOME)
        keys: Path = tmp_path_factory.mktemp("keys")
        with closing(Program(stack, keys, organisation=HOME)) as program:
            for one in queue_places():
                program.put(one)
            first, second = asyncio.run(two_who_agree(stack, HOME))
            yield Service(stack, program, first, second)


def rings(service: Service, id_: str, code: str, *steps: tuple[Step, int]) -> None:
    whole = call(code, BEGAN, *steps, id_=id_, patient=id_)
    service.program.put_together(caller(id_, f"Secret{id_}"), *whole)


def checked(service: Service, *more: str) -> tuple[int, Json]:
    named = ("--organisation", HOME, "--period", PERIOD, "--json")
    done = service.stack.run("figures", "check", *named, *more)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def written(service: Service, sql: str, *values: object) -> None:
    """As whoever has the database, and no key."""

    async def write() -> None:
        connection = await connect(
            address_for(service.stack.settings, service.stack.layout, OWNER)
        )
        try:
            await connection.serve(OrganisationId(1))
            status = await connection.execute(sql, *values)
            assert not status.endswith(" 0"), status
        finally:
            await connection.close()

    asyncio.run(write())


@pytest.mark.parametrize(
    "role", ["health_advisor", "urgent_care_clinician", "receptionist", "doctor"]
)
def test_a_stolen_session_of_who_takes_calls_has_no_figure_of_anybody(
    service: Service, role: str
) -> None:
    token = service.stack.sign_in(HOME, [], role=role)
    with closing(Visitor(service.stack.port, token)) as thief:
        for address in ADDRESSES:
            status, page = thief.ask("GET", address)
            assert status == 403, address
            assert b"Calls answered" not in page


def test_whoever_answers_for_the_service_sees_no_small_number_and_nobody(
    service: Service, tmp_path: Path
) -> None:
    stack = service.stack
    stack.found("willow")
    with closing(Program(stack, tmp_path, organisation="willow")) as program:
        small = service._replace(program=program)
        for number in range(3):
            rings(small, f"few{number}", "dental-2h", *STEPS)
    token = stack.sign_in("willow", [], role="administrator")
    with closing(Visitor(stack.port, token)) as thief:
        assert thief.ask("GET", FIGURES)[0] == 403, "the shift is the shift lead’s"
        for address in (f"{FIGURES}/report?on={DAY}", f"{FIGURES}/report.csv?on={DAY}"):
            page = thief.get(address).decode()
            assert "fewer than 5" in page
            assert "hidden" in page
            for word in ("Secret", "few0", "few1", "Practitioner", "01632960123"):
                assert word not in page
        assert thief.ask("GET", f"{FIGURES}/report?on=2020-01-01")[0] == 422
    lead = stack.sign_in("willow", [], role="shift_lead")
    with closing(Visitor(stack.port, lead)) as leads:
        row = leads.get(FIGURES).decode().partition('id="i-calls-answered"')[2]
        assert '<strong class="wk-number">3</strong>' in row
        assert "Secret" not in row


def test_figures_follow_from_the_records_whatever_was_killed(service: Service) -> None:
    without = service.stack.run(
        "figures", "check", "--organisation", HOME, "--period", "2025-01"
    )
    assert without.returncode == 1
    assert "agreed" in without.stderr, "two people sign before anything is opened"
    killed: list[str] = []
    is_over = threading.Event()
    killer = threading.Thread(target=kills, args=(service.stack, killed, is_over))
    killer.start()
    number = 0
    while killer.is_alive():
        with suppress(Exception):
            rings(service, f"kill{number}", "clinician-1h")
            rings(service, f"kill{number}", "clinician-1h", *STEPS)
        number += 1
    is_over.set()
    killer.join()
    eventually(service.stack.is_ready, service.stack.log)
    assert set(killed) == {"web", "database", "warden"}
    rings(service, "last", "self-care")
    agree(service)
    code, told = checked(service)
    held = told["held"]
    assert (code, held["missing"], held["extra"], held["other"]) == (0, 0, 0, 0)
    assert held["told"] >= 3 * 3 + 2


def agree(service: Service) -> None:
    agreed_by(service.stack, HOME, service.first, service.second, PERIOD)


def test_what_was_changed_beside_the_records_is_found_and_made_anew(
    service: Service,
) -> None:
    for number in range(3):
        rings(service, f"forge{number}", "clinician-1h", *STEPS)
    agree(service)
    gone = "delete from urgent.happened where source = $1"
    written(service, gone, "Encounter/forge0")
    moved = "update urgent.happened set moments[3] = moments[1] where source = $1"
    written(service, moved, "Task/forge1-place")
    forged = (
        "insert into urgent.happened select patient, first_at, due_at, organisation,"
        " 'Task/nobodys', case_key, disposition, kinds, moments from urgent.happened"
        " where source = $1"
    )
    written(service, forged, "Task/forge2-place")
    wrong = {"missing": 1, "other": 1, "extra": 1}
    code, told = checked(service)
    assert code == 1
    assert {name: told["held"][name] for name in wrong} == wrong
    code, told = checked(service, "--mend")
    assert (code, told["held"]["mended"]) == (0, 3)
    code, told = checked(service)
    assert code == 0
    assert {name: told["held"][name] for name in wrong} == dict.fromkeys(wrong, 0)
    # Whom it opened is in the ledger, by name of the account
    scoped = ("scope", "--account", "extractor", "--organisation", "1", "--json")
    reached = json.loads(service.stack.command(*scoped))["people"]
    found = {one["patient"]: one for one in reached}
    assert {"forge0", "forge1", "forge2"} <= set(found)
    types = {ref["type"] for one in reached for ref in one["resources"]}
    assert types == {"Encounter", "ServiceRequest", "Task"}


def test_a_resource_that_goes_takes_its_figures_along(service: Service) -> None:
    rings(service, "goes", "clinician-1h", *STEPS)
    agree(service)
    before = checked(service)[1]["held"]["told"]
    reply = service.program.ask("DELETE", "Task/goes-place")
    assert reply.status in (200, 204), reply
    code, told = checked(service)
    assert (code, told["held"]["told"]) == (0, before - 1)
