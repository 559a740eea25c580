# SPDX-License-Identifier: Apache-2.0
"""What is asked of what is not there: a page left open, or somebody who tries."""

import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from support.acts import colleague
from support.incidents import settle
from support.openings import code_of
from support.registered_app import registered
from support.warden import NOBODY, RunningWarden
from wardkeep.disclosure.answers import Answer
from wardkeep.disclosure.check_in import NewCheckInLink
from wardkeep.disclosure.confirming import ActDescription, DescribeAct
from wardkeep.disclosure.federation import BeginFederation, FinishStepUp
from wardkeep.disclosure.kiosks import AddKiosk, BeginPairing, PairingBegun
from wardkeep.disclosure.questions import ClientSignIn, Question
from wardkeep.disclosure.smart import AppList, BeginLaunch, ListLaunchable
from wardkeep.warden.service.kiosks import LONGEST_NAME

ASKED: dict[str, tuple[Callable[[str], Question], str]] = {
    "a provider": (lambda _: BeginFederation(NOBODY), "no-such-provider"),
    "a second factor": (lambda _: FinishStepUp("t", b"{}"), "provider-sign-in-refused"),
    "a program": (lambda _: ClientSignIn("no.assertion"), "sign-in-refused"),
    "a link for nobody": (lambda by: NewCheckInLink(by, "", "a", 1), "nothing-asked"),
    "a link for nothing": (lambda by: NewCheckInLink(by, "p", "", 1), "nothing-asked"),
    "an app": (lambda by: BeginLaunch(by, NOBODY, "p"), "no-such-app"),
}


@pytest.mark.parametrize("what", ASKED)
async def test_what_is_not_there_is_said_to_be_so(
    warden: RunningWarden, what: str
) -> None:
    question, code = ASKED[what]
    desk = await colleague(warden, "receptionist")
    before = len(warden.entries())
    assert code_of(await warden.door.ask_any(question(desk.token))) == code
    given = [one for one in warden.entries()[before:] if one.outcome == "grant"]
    assert given == []


async def test_an_app_of_another_organisation_is_not_started(
    warden: RunningWarden,
) -> None:
    app = await registered(warden)
    await settle(warden)
    doctor = await colleague(warden, "doctor")
    asked = BeginLaunch(doctor.token, app.id, "p")
    assert code_of(await warden.door.ask_any(asked)) == "no-such-app"
    shown = await warden.door.ask(ListLaunchable(doctor.token), AppList)
    assert shown == AppList(())


async def test_a_kiosk_has_a_name_and_a_team_that_is_there(
    warden: RunningWarden,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    jwk = {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "kiosk"}
    begun = await warden.door.ask(BeginPairing(json.dumps(jwk).encode()), PairingBegun)
    assert isinstance(begun, PairingBegun)
    ada = await colleague(warden, "administrator")

    async def described(name: str, team: str = "") -> Answer:
        act = AddKiosk(begun.code, name, team)
        return await warden.door.ask_any(DescribeAct(ada.token, act))

    assert isinstance(await described("x" * LONGEST_NAME), ActDescription)
    for name in ("", "  ", "x" * (LONGEST_NAME + 1), "a\nb"):
        assert code_of(await described(name)) == "bad-rights", name
    for team in (NOBODY, "x"):
        given = await described("Waiting room", team)
        assert code_of(given) == "no-such-team", team
