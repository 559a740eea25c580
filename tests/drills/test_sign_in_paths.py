# SPDX-License-Identifier: Apache-2.0
"""Drills on every way in: a factor that holds, or no session; a session, or no data."""

import http.client
import runpy
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from support.plausible import plausible
from support.served import Served, served
from support.warden import Installation, running_warden
from wardkeep import apps
from wardkeep.disclosure.answers import CeremonyOptions, Done, Refusal
from wardkeep.disclosure.waking import FallAsleep
from wardkeep.fhir.rest import interactions
from wardkeep.fhir.rest.interaction import NOBODY, find_interactions
from wardkeep.identity.accounts import Membership
from wardkeep.identity.factor import Factor
from wardkeep.identity.roles import Role
from wardkeep.warden.service.admission import Proof
from wardkeep.web.apps import find_apps
from wardkeep.web.gates import SignedInGate

ROOT = Path(__file__).parents[2]
TOOL = runpy.run_path(str(ROOT / "tools" / "write_sign_in_paths.py"))
QUESTIONS: dict[str, type] = TOOL["questions"]()
WITH_SESSION = sorted(
    name for name, one in QUESTIONS.items() if TOOL["has_session"](one)
)
REFUSALS = {"not-signed-in"}


def test_the_page_of_sign_in_paths_is_what_the_code_says() -> None:
    committed = TOOL["PAGE"].read_text(encoding="utf-8")
    assert TOOL["page"]() == committed, "run: python tools/write_sign_in_paths.py"


def test_every_way_in_has_a_factor_that_cannot_be_phished() -> None:
    ways = TOOL["ways_in"]()
    assert {one.question for one in ways} >= {"FinishSignIn", "ClientSignIn"}
    assert [one for one in ways if not one.is_phishing_resistant] == []


def test_sessions_start_in_one_place_and_for_the_operators_commands() -> None:
    """An import has no factor, and opens nothing; a data set is what two people signed
    for, and answers on the operator's socket alone (tests/drills)."""
    assert TOOL["starts_of_sessions"]() == {
        "admission._start",
        "office._begin_import",
        "data_sets._begin",
    }


def test_every_question_without_a_session_is_accounted_for() -> None:
    silent = {name for name, one in QUESTIONS.items() if not TOOL["has_session"](one)}
    assert silent == set(TOOL["WITHOUT_SESSION"])


async def test_a_factor_that_can_be_phished_starts_no_session(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        number = await warden.organisation("phishable")
        account = await warden.account("doctor", organisation="phishable")
        member = Membership(
            account=account,  # type: ignore[arg-type]
            display_name="Rowan Ash",
            organisation=number,  # type: ignore[arg-type]
            organisation_name="Phishable",
            organisation_slug="phishable",
            role=Role.DOCTOR,
        )
        factor = Factor(name="one-time code", is_phishing_resistant=False)
        proof = Proof(factor=factor, device="test device")
        answer = await warden.service._admission.admit(member, proof)
        assert isinstance(answer, Refusal)
        assert warden.service._sessions.of_account(account) == []


@pytest.mark.parametrize("name", WITH_SESSION)
async def test_no_question_is_answered_without_a_session(
    installation: Installation, name: str
) -> None:
    question = plausible(QUESTIONS[name])
    async with running_warden(installation) as warden:
        for token in ("", "x", "1.x", "A" * 43):
            asked = msgspec.structs.replace(question, session=token)
            answer = await warden.door.ask_any(asked)
            if name == "EndSession":
                assert answer == Done()
                continue
            assert isinstance(answer, Refusal), (name, answer)
            assert answer.code in REFUSALS, (name, answer)


STAYS_UNTIL_WOKEN = {"BeginWake": CeremonyOptions, "EndSession": Done}
"""What a session that sleeps may still do: ask to be woken, and end."""


@pytest.mark.parametrize("name", WITH_SESSION)
async def test_no_question_is_answered_while_the_session_sleeps(
    installation: Installation, name: str
) -> None:
    """A cookie that was stolen is worth nothing once its owner went away."""
    question = plausible(QUESTIONS[name])
    async with running_warden(installation) as warden:
        warden.home = f"sleepers-{name.lower()}"
        await warden.organisation(warden.home)
        token = await warden.session("administrator")
        await warden.door.ask(FallAsleep(token), Done)
        asked = msgspec.structs.replace(question, session=token)
        answer = await warden.door.ask_any(asked)
        if name in STAYS_UNTIL_WOKEN:
            assert isinstance(answer, STAYS_UNTIL_WOKEN[name])
            return
        assert isinstance(answer, Refusal), (name, answer)
        assert answer.code in REFUSALS | {"asleep", "not-woken"}, (name, answer)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("paths")) as running:
        yield running


def ask(server: Served, method: str, path: str) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("localhost", server.port)
    headers = {"Origin": server.origin, "Sec-Fetch-Site": "same-origin"}
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    given = answer.status, answer.getheader("Location") or "", answer.read()
    connection.close()
    return given


def test_every_page_behind_a_gate_asks_who_has_no_session_to_sign_in(
    server: Served,
) -> None:
    asked = 0
    for found in find_apps(apps):
        for one in found.app.pages:
            if not isinstance(one.gate, SignedInGate):
                continue
            path = one.path.replace("{", "").replace("}", "")
            for method in one.methods - {"HEAD"}:
                status, location, body = ask(server, method, path)
                asked += 1
                if method == "GET":
                    assert (status, location[:8]) == (303, "/sign-in"), path
                else:
                    assert status in (401, 403), (path, status, body[:200])
    assert asked > 40


def test_every_interaction_asks_who_has_no_token_for_one(server: Served) -> None:
    asked = 0
    for one in find_interactions(interactions):
        if one.scope == NOBODY:
            continue
        parts = [str(part) for part in one.path]
        path = "/".join(_PLAUSIBLE.get(part, part) for part in parts)
        status, _, body = ask(server, one.method, f"/fhir/{path}")
        asked += 1
        assert status == 401, (one.name, path, status, body[:200])
    assert asked > 20


_PLAUSIBLE = {"{type}": "Patient", "{id}": "x", "{version}": "1"}
