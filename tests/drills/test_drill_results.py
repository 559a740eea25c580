# SPDX-License-Identifier: Apache-2.0
"""A drill can fail: what reached too much, tried nothing, or was stopped by nobody."""

import asyncio

import msgspec
import pytest

from wardkeep.assembly.configuration import load_settings
from wardkeep.assembly.drills import SCENARIOS, DrillResult, Step, run_drills
from wardkeep.assembly.drills.backups import as_bytes
from wardkeep.assembly.drills.by_session import stop_of
from wardkeep.assembly.drills.ground import PLANTED, values_in
from wardkeep.assembly.drills.result import NOBODY, after, unless_any

RESULT = DrillResult(
    scenario="drill",
    attacker="a session",
    reached=3,
    bound=5,
    tried=9,
    stopped_by="the passkey",
)
STEP = Step(
    what="sign in", tried=1, got=0, unit="sessions", stopped_by="only a passkey does"
)


def changed(**fields: object) -> DrillResult:
    return msgspec.structs.replace(RESULT, **fields)


def test_what_is_within_the_promise_and_was_stopped_holds() -> None:
    assert RESULT.holds
    assert changed(reached=0, stopped_by=NOBODY).holds
    assert changed(steps=(STEP,)).holds


@pytest.mark.parametrize(
    "broken",
    [
        changed(reached=6),
        changed(stopped_by=NOBODY),
        changed(stopped_by=""),
        changed(tried=0, reached=0),
        changed(ways_in=1),
        changed(steps=(msgspec.structs.replace(STEP, got=1),)),
        changed(steps=(STEP, msgspec.structs.replace(STEP, tried=0))),
    ],
)
def test_what_reached_too_much_or_proves_nothing_does_not_hold(
    broken: DrillResult,
) -> None:
    assert not broken.holds


def test_what_stopped_somebody_is_told_from_what_was_refused() -> None:
    assert stop_of([]) == NOBODY
    refused = [*["prove-again"] * 7, "not-signed-in"]
    assert "after 7 tries without the passkey" in stop_of(refused)
    refused = [*["no-visit-now"] * 3, "not-signed-in", "not-signed-in"]
    assert "after 3 tries at homes" in stop_of(refused)
    assert stop_of(["prove-again", "budget-spent"]).startswith("the day's budget")
    assert after("the breaker: ", stop_of([])) == NOBODY
    assert after("the breaker: ", "frozen") == "the breaker: frozen"
    assert (unless_any(1, "a rule"), unless_any(0, "a rule")) == (NOBODY, "a rule")


def test_who_runs_out_of_patients_was_stopped_by_nobody() -> None:
    cookie = [one for one in SCENARIOS if one.name == "stolen-cookie"]
    [found] = asyncio.run(
        run_drills(load_settings(), cookie, patients=20, say=lambda _words: None)
    )
    assert (found.reached, found.stopped_by, found.holds) == (20, NOBODY, False)
    assert cookie[0].least > 20


def test_bytes_of_a_dump_are_read_as_bytes() -> None:
    script = (
        b"copy record.resource\n7\t\\\\x" + b"Quillfeather".hex().encode() + b"\t2\n"
    )
    assert b"Quillfeather\t2\n" in as_bytes(script)


def test_values_about_a_person_are_counted() -> None:
    patient = {
        "resourceType": "Patient",
        "id": "fernhill-000001",
        "meta": {"versionId": "1"},
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9"}],
        "name": [{"family": "Quillfeather", "given": ["Drill1"]}],
        "address": [{"line": ["1 Nowhere Lane"], "city": "Nowhere"}],
        "birthDate": "1931-02-11",
    }
    assert values_in(msgspec.json.encode(patient)) == PLANTED
