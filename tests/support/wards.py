# SPDX-License-Identifier: Apache-2.0
"""A ward with patients and people who work on it, on real processes."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from support.served import Served
from support.warden import RunningWarden
from wardkeep.base.clock import SystemClock
from wardkeep.disclosure.answers import Done, SessionView
from wardkeep.disclosure.questions import CheckSession, Invite, SetWork

WARD, OTHER_WARD = "Location/heron", "Location/kestrel"
Json = dict[str, Any]


class Worker(msgspec.Struct, frozen=True):
    """Somebody who works on the ward."""

    role: str
    name: str
    practitioner: str
    """Its id."""


def places() -> list[Json]:
    return [
        {"resourceType": "Location", "id": "heron", "name": "Heron Ward"},
        {"resourceType": "Location", "id": "kestrel", "name": "Kestrel Ward"},
    ]


def practitioner(one: Worker) -> Json:
    return {
        "resourceType": "Practitioner",
        "id": one.practitioner,
        "name": [{"text": one.name, "family": one.name.split()[-1]}],
    }


def patient(id_: str, family: str, number: str = "9990000042") -> Json:
    return {
        "resourceType": "Patient",
        "id": id_,
        "name": [{"family": family, "given": ["Ann"]}],
        "birthDate": "1950-01-02",
        "gender": "female",
        "identifier": [
            {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": number}
        ],
    }


def stay(id_: str, where: str = WARD) -> Json:
    return {
        "resourceType": "Encounter",
        "id": f"{id_}-stay",
        "status": "in-progress",
        "class": {"code": "IMP"},
        "subject": {"reference": f"Patient/{id_}"},
        "reasonCode": [{"text": "Pneumonia"}],
        "period": {"start": "2026-11-01T09:00:00Z"},
        "location": [{"location": {"reference": where}}],
    }


def about(id_: str) -> list[Json]:
    """What a handover tells of somebody."""
    now = SystemClock().now().isoformat(timespec="seconds")
    subject = {"subject": {"reference": f"Patient/{id_}"}}
    vital = {"status": "final", "effectiveDateTime": now, **subject}

    def measured(code: str, value: float) -> Json:
        return {
            "resourceType": "Observation",
            "id": f"{id_}-{code}",
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "valueQuantity": {"value": value},
            **vital,
        }

    return [
        {
            "resourceType": "Flag",
            "id": f"{id_}-alert",
            "status": "active",
            "code": {"text": "Falls out of bed"},
            **subject,
        },
        {
            "resourceType": "DiagnosticReport",
            "id": f"{id_}-report",
            "status": "final",
            "code": {"text": "Potassium 5.9"},
            "effectiveDateTime": now,
            **subject,
        },
        measured("9279-1", 22),
        measured("8867-4", 104),
    ]


async def put_to_work(
    stack: Served,
    organisation: str,
    workers: Sequence[Worker],
    where: Sequence[tuple[str, tuple[str, ...]]],
) -> dict[str, str]:
    """Accounts who are these practitioners, in teams by place; links by name."""
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    warden.home = organisation
    accounts = {
        one.name: await warden.account(one.role, name=one.name) for one in workers
    }
    who = tuple(
        (accounts[one.name], (f"Practitioner/{one.practitioner}",)) for one in workers
    )
    teams = tuple(
        (place, (place,), tuple(accounts[name] for name in names))
        for place, names in where
    )
    done = await warden.operator.ask(SetWork(organisation, who, teams), Done)
    assert done == Done(), done
    links = {}
    for name, account in accounts.items():
        secret = await warden.tell(Invite(account=account, valid_hours=1))
        links[name] = f"{stack.origin}/enrol/{secret}"
    await warden.operator.close()
    await warden.door.close()
    return links


async def work(
    stack: Served, organisation: str, who: Iterable[tuple[str, Worker]]
) -> None:
    """Whoever is signed in by these tokens is these practitioners."""
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    people = []
    for token, one in who:
        seen = await warden.door.ask(CheckSession(token), SessionView)
        assert isinstance(seen, SessionView)
        people.append((seen.account, (f"Practitioner/{one.practitioner}",)))
    done = await warden.operator.ask(SetWork(organisation, tuple(people), ()), Done)
    assert done == Done()
    await warden.door.close()
    await warden.operator.close()
