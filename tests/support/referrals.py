# SPDX-License-Identifier: Apache-2.0
"""Two teams that take referrals, who works in them, and whom they are about."""

from pathlib import Path
from typing import Any

from support.program import Program
from support.served import Served
from support.warden import RunningWarden
from wardkeep.disclosure.answers import Done
from wardkeep.disclosure.questions import Invite, SetWork

HOME = "larkspur"
HEART, MIND = "heart-team", "mind-team"
Json = dict[str, Any]
PEOPLE = {
    # key: role, name, team
    "cora": ("community_coordinator", "Cora Marsh", MIND),
    "nell": ("care_coordinator", "Nell Ferris", MIND),
    "vera": ("care_coordinator", "Vera Tillage", MIND),
    "abel": ("shift_lead", "Abel Thorn", MIND),
    "rowan": ("doctor", "Rowan Ash", ""),
    "hedda": ("doctor", "Hedda Lyle", HEART),
}


def team(id_: str, name: str, standard: str) -> Json:
    coding = {"system": "urn:wardkeep:wait", "code": standard}
    return {
        "resourceType": "HealthcareService",
        "id": id_,
        "active": True,
        "name": name,
        "characteristic": [{"coding": [coding]}],
    }


def patient(id_: str, family: str, given: str = "Test") -> Json:
    return {
        "resourceType": "Patient",
        "id": id_,
        "name": [{"family": family, "given": [given]}],
        "birthDate": "1980-02-03",
    }


def role_of(key: str) -> Json:
    _, _, at = PEOPLE[key]
    return {
        "resourceType": "PractitionerRole",
        "id": f"{key}-role",
        "active": True,
        "practitioner": {"reference": f"Practitioner/{key}"},
        "healthcareService": [{"reference": f"HealthcareService/{at}"}],
    }


def referral(id_: str, who: str, to: str = MIND, **more: object) -> Json:
    return {
        "resourceType": "ServiceRequest",
        "id": id_,
        "status": "active",
        "intent": "order",
        "code": {"text": "Assessment"},
        "subject": {"reference": f"Patient/{who}"},
        "requester": {"display": "Dr Elsewhere"},
        "performer": [{"reference": f"HealthcareService/{to}", "display": to}],
        "reasonCode": [{"text": f"Reason of {id_}"}],
        **more,
    }


def episode(id_: str, who: str, worker: str, at: str = MIND) -> Json:
    service = {"reference": f"HealthcareService/{at}"}
    return {
        "resourceType": "EpisodeOfCare",
        "id": id_,
        "extension": [
            {"url": "urn:wardkeep:episode:service", "valueReference": service}
        ],
        "status": "active",
        "patient": {"reference": f"Patient/{who}"},
        "period": {"start": "2026-09-01"},
        "careManager": {"reference": f"Practitioner/{worker}"},
    }


def load_teams(program: Program) -> None:
    program.put(team(HEART, "Heart team", "rtt-18-weeks"))
    program.put(team(MIND, "Community mind team", "four-weeks"))
    for key, (_, name, at) in PEOPLE.items():
        program.put(
            {"resourceType": "Practitioner", "id": key, "name": [{"text": name}]}
        )
        if at:
            program.put(role_of(key))


def program_of(stack: Served, folder: Path) -> Program:
    return Program(stack, folder, organisation=HOME)


async def employ(stack: Served) -> tuple[RunningWarden, dict[str, str]]:
    """Accounts by key, each its own practitioner, in the teams."""
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    warden.home = HOME
    accounts = {
        key: await warden.account(role, name=name)
        for key, (role, name, _) in PEOPLE.items()
    }
    people = tuple(
        (account, (f"Practitioner/{key}",)) for key, account in accounts.items()
    )
    teams = tuple(
        (
            id_,
            (f"HealthcareService/{id_}",),
            tuple(accounts[key] for key, one in PEOPLE.items() if one[2] == id_),
        )
        for id_ in (HEART, MIND)
    )
    asked = SetWork(HOME, people, teams)
    assert await warden.operator.ask(asked, Done) == Done()
    return warden, accounts


async def link(stack: Served, warden: RunningWarden, account: str) -> str:
    """By which somebody makes their passkey."""
    secret = await warden.tell(Invite(account=account, valid_hours=1))
    return f"{stack.origin}/enrol/{secret}"
