# SPDX-License-Identifier: Apache-2.0
"""A drill on the caseload and the chart: whoever has a nurse's cookie, and no passkey.

The real processes over HTTP. The ward's patients and strangers have words in their
records that stand nowhere else; what the thief got is searched for them.
"""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from support.program import Program
from support.served import Served, Visitor, served
from support.warden import RunningWarden
from wardkeep.base.clock import SystemClock
from wardkeep.care.seen_results import seen_id
from wardkeep.disclosure.answers import Done, SessionView
from wardkeep.disclosure.questions import CheckSession, SetWork

HERE = tuple(f"here-{n}" for n in range(6))
ELSEWHERE = tuple(f"elsewhere-{n}" for n in range(6))
ONLY_THERE = "Quixotic disorder of the third kind"
WARD = "Location/heron"
Json = dict[str, Any]


class Stolen(NamedTuple):
    """A stack, and a cookie of the ward's nurse."""

    stack: Served
    nurse: Visitor


def patient(id_: str) -> Json:
    name = {"family": f"Name{id_.title().replace('-', '')}", "given": ["Test"]}
    return {
        "resourceType": "Patient",
        "id": id_,
        "name": [name],
        "birthDate": "1950-01-02",
    }


def about(id_: str, where: str) -> list[Json]:
    subject = {"subject": {"reference": f"Patient/{id_}"}}
    stay = {
        "resourceType": "Encounter",
        "id": f"{id_}-stay",
        "status": "in-progress",
        "class": {"code": "IMP"},
        "period": {"start": "2026-11-01T09:00:00Z"},
        "location": [{"location": {"reference": where}}],
    }
    problem = {
        "resourceType": "Condition",
        "id": f"{id_}-problem",
        "code": {"text": ONLY_THERE},
    }
    alert = {
        "resourceType": "Flag",
        "id": f"{id_}-alert",
        "status": "active",
        "code": {"text": ONLY_THERE},
        "period": {"start": "2026-11-01"},
    }
    report = {
        "resourceType": "DiagnosticReport",
        "id": f"{id_}-report",
        "status": "final",
        "code": {"text": ONLY_THERE},
        "effectiveDateTime": SystemClock().now().isoformat(timespec="seconds"),
    }
    return [{**one, **subject} for one in (stay, problem, alert, report)]


def forged_mark() -> Json:
    """In one record, that the report of another was looked at."""
    return {
        "resourceType": "ClinicalImpression",
        "id": seen_id(f"{HERE[1]}-report", 1),
        "status": "completed",
        "subject": {"reference": f"Patient/{HERE[0]}"},
    }


@pytest.fixture(scope="module")
def stolen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stolen]:
    with served(tmp_path_factory.mktemp("caseload")) as stack:
        stack.found("fernhill")
        keys = tmp_path_factory.mktemp("keys")
        with closing(Program(stack, keys, organisation="fernhill")) as program:
            for id_ in (*HERE, *ELSEWHERE):
                where = WARD if id_ in HERE else "Location/kestrel"
                for one in (patient(id_), *about(id_, where)):
                    program.put(one)
            program.put(forged_mark())
        token = stack.sign_in("fernhill", [], role="ward_nurse")
        asyncio.run(put_on_the_ward(stack, token))
        with closing(Visitor(stack.port, token)) as nurse:
            yield Stolen(stack, nurse)


async def put_on_the_ward(stack: Served, token: str) -> None:
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    seen = await warden.door.ask(CheckSession(token), SessionView)
    assert isinstance(seen, SessionView)
    asked = SetWork("fernhill", (), (("Heron", (WARD,), (seen.account,)),))
    assert await warden.operator.ask(asked, Done) == Done()
    await warden.door.close()
    await warden.operator.close()


def post(thief: Visitor, path: str, **fields: str) -> tuple[int, bytes]:
    return thief.ask("POST", path, urlencode(fields).encode())


def test_the_list_names_todays_people_and_nothing_of_their_records(
    stolen: Stolen,
) -> None:
    page = stolen.nurse.get("/caseload").decode()
    for id_ in HERE:
        assert f"/patients/{id_}" in page
    for id_ in ELSEWHERE:
        assert id_ not in page
    assert ONLY_THERE not in page
    # Whatever is asked of it, the list has no other answer.
    for more in ("?only=alerts", "?only=late", "?page=1", "?page=-1", "?only=x&page=0"):
        page = stolen.nurse.get(f"/caseload{more}").decode()
        assert ONLY_THERE not in page
        assert not any(id_ in page for id_ in ELSEWHERE)


def test_each_look_at_the_list_is_in_everybodys_history(stolen: Stolen) -> None:
    stolen.nurse.get("/caseload")
    for id_ in HERE:
        history = stolen.nurse.get(f"/patients/{id_}/history").decode()
        assert "Shown in a list" in history


@pytest.mark.parametrize(
    "section",
    [
        *("problems", "allergies", "observations", "results", "timeline", "growth"),
        *("results/series/8867-4", "entries/problem/elsewhere-0-problem", "documents"),
    ],
)
def test_no_section_of_a_stranger_opens_without_a_reason(
    stolen: Stolen, section: str
) -> None:
    status, page = stolen.nurse.ask("GET", f"/patients/{ELSEWHERE[0]}/{section}")
    assert status in (303, 403)
    assert ONLY_THERE.encode() not in page


def test_a_strangers_record_is_neither_searched_nor_written_in(stolen: Stolen) -> None:
    stranger, thief = f"/patients/{ELSEWHERE[1]}", stolen.nurse
    words = {"words": "quixotic"}
    for path, fields in (
        ("search", words),
        ("entries/problem/new", {"words": "x", "certainty": "confirmed", "entry": "e"}),
        ("entries/problem/elsewhere-1-problem/end", {"version": "1"}),
        ("entries/problem/elsewhere-1-problem/mistake", {"version": "1"}),
        ("results/seen", {"report": f"{ELSEWHERE[1]}-report", "version": "1"}),
        ("observations/new", {"set": "s", "pulse": "70", "scale": "1"}),
    ):
        status, page = post(thief, f"{stranger}/{path}", **fields)
        assert status in (303, 403), path
        assert ONLY_THERE.encode() not in page


def test_one_patients_entry_is_not_reached_through_another(stolen: Stolen) -> None:
    """The address of one's own patient, with the id of somebody else's problem."""
    mine = f"/patients/{HERE[0]}/entries/problem"
    for theirs in (f"{HERE[1]}-problem", f"{ELSEWHERE[2]}-problem"):
        status, page = stolen.nurse.ask("GET", f"{mine}/{theirs}")
        assert status in (403, 404)
        assert ONLY_THERE.encode() not in page
        status, _ = post(stolen.nurse, f"{mine}/{theirs}/end", version="1")
        assert status in (403, 404)
        status, _ = post(stolen.nurse, f"{mine}/{theirs}/undo", version="2")
        assert status in (403, 404)


def test_a_mark_in_one_record_hides_no_result_of_another(stolen: Stolen) -> None:
    for theirs in (f"{HERE[2]}-report", f"{ELSEWHERE[2]}-report"):
        status, _ = post(
            stolen.nurse,
            f"/patients/{HERE[0]}/results/seen",
            report=theirs,
            version="1",
        )
        assert status in (403, 404)
    page = stolen.nurse.get("/caseload?only=results").decode()
    for id_ in HERE:
        assert f"/patients/{id_}" in page


def test_a_desk_has_no_caseload_and_writes_in_no_chart(stolen: Stolen) -> None:
    token = stolen.stack.sign_in("fernhill", list(HERE), role="receptionist")
    with closing(Visitor(stolen.stack.port, token)) as desk:
        assert desk.ask("GET", "/caseload")[0] == 403
        new = f"/patients/{HERE[0]}/entries/alert/new"
        assert desk.ask("GET", new)[0] == 403
        assert desk.ask("GET", f"/patients/{HERE[0]}/allergies")[0] == 403


def test_another_sites_form_writes_nothing(stolen: Stolen) -> None:
    path = f"/patients/{HERE[0]}/entries/problem/{HERE[0]}-problem/end"
    status, _ = stolen.nurse.ask(
        "POST", path, b"version=1", {"Origin": "http://elsewhere.example"}
    )
    assert status == 403
    page = stolen.nurse.get(f"/patients/{HERE[0]}/problems").decode()
    assert ONLY_THERE in page
    assert "Ended" not in page
