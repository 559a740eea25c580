# SPDX-License-Identifier: Apache-2.0
"""A served clinic of today, with people booked and everybody who works there."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from support.authenticator import KEYS, SoftwareAuthenticator
from support.clinics import PLACE
from support.program import Program
from support.served import Served, eventually
from support.warden import RunningWarden
from wardkeep.assembly.database import WEB, address_for
from wardkeep.base.clock import LONDON, SystemClock
from wardkeep.base.ids import OrganisationId, new_uuid
from wardkeep.db.connection import connect
from wardkeep.disclosure.answers import Done
from wardkeep.disclosure.questions import SetWork
from wardkeep.fhir.clinics.resources import appointment

ORGANISATION = "fernhill"
WORDS = "Heart clinic"


def facts_of(n: int) -> tuple[str, str]:
    """Birth date and surname of the nth person: nobody shares both."""
    letters = f"{chr(65 + n // 26)}{chr(97 + n % 26)}"
    return f"19{50 + n % 40}-02-0{1 + n % 9}", f"{letters}worthy"


def person(n: int, now: datetime) -> Iterator[dict[str, Any]]:
    born, family = facts_of(n)
    yield {
        "resourceType": "Patient",
        "id": f"p-{n}",
        "name": [{"use": "official", "family": family, "given": ["Test"]}],
        "birthDate": born,
    }
    yield dict(
        appointment(
            id_=f"a-{n}",
            patient=f"p-{n}",
            place=PLACE,
            starts=now,
            ends=now + timedelta(minutes=20),
            words=WORDS,
            made=now,
        )
    )


def open_clinic(server: Served, keys: Path, *, people: int) -> None:
    """The organisation, its clinic, and whoever comes today."""
    server.found(ORGANISATION)
    now = SystemClock().now().astimezone(LONDON)
    with closing(Program(server, keys, organisation=ORGANISATION)) as program:
        program.put({"resourceType": "Location", "id": PLACE, "name": WORDS})
        for n in range(people):
            for one in person(n, now):
                program.put(one)


def employ(server: Served, roles: Mapping[str, int]) -> dict[str, list[str]]:
    """Sessions of new people by role; all of them expect whoever comes."""
    return asyncio.run(_employ(server, roles))


async def _employ(server: Served, roles: Mapping[str, int]) -> dict[str, list[str]]:
    warden = RunningWarden(server, None)  # type: ignore[arg-type]
    accounts = {
        role: [
            await warden.account(role, organisation=ORGANISATION) for _ in range(count)
        ]
        for role, count in roles.items()
    }
    everybody = tuple(one for some in accounts.values() for one in some)
    work = ((f"Team {new_uuid()}", (f"Location/{PLACE}",), everybody),)
    asked = SetWork(ORGANISATION, (), work)
    assert await warden.operator.ask(asked, Done) == Done()
    tokens: dict[str, list[str]] = {}
    for role, some in accounts.items():
        for account in some:
            mine = SoftwareAuthenticator(origin=server.origin)
            token, _ = await warden.enrol(account, mine)
            KEYS[token] = mine
            tokens.setdefault(role, []).append(token)
    await warden.operator.close()
    await warden.door.close()
    return tokens


def row(server: Served, sql: str, *values: object) -> dict[str, Any]:
    """One row, as the web process reads it."""

    async def fetch() -> dict[str, Any]:
        connection = await connect(address_for(server.settings, server.layout, WEB))
        try:
            await connection.serve(OrganisationId(1))
            found = await connection.fetch_row(sql, *values)
            assert found is not None
            return dict(found)
        finally:
            await connection.close()

    return asyncio.run(fetch())


def comes_back(server: Served, before: int, name: str) -> None:
    """Wait until a killed process was started anew."""

    def process() -> int:
        return server.postmaster() if name == "database" else server.child(name)

    eventually(lambda: process() not in (0, before), server.log)
    server.await_ready()
