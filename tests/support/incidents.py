# SPDX-License-Identifier: Apache-2.0
"""Incidents on a running warden: an attack, its count, and what is declared of it."""

import asyncio
import secrets
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from support.acts import Colleague, colleague, confirm
from support.authenticator import SoftwareAuthenticator
from support.openings import opens, records
from support.warden import ORIGIN, Installation, RunningWarden
from wardkeep.base.clock import FrozenClock, SystemClock, microseconds_since_epoch
from wardkeep.disclosure.answers import Answer, Done, Refusal, SignedIn
from wardkeep.disclosure.confirming import FinishConfirm
from wardkeep.disclosure.incident_desk import (
    BeginCount,
    CountBegun,
    CountView,
    DeclareIncident,
    IncidentList,
    IncidentView,
    ListIncidents,
    LookAtCount,
    ReadReached,
)
from wardkeep.disclosure.patients import InvitePatient
from wardkeep.disclosure.people import Links
from wardkeep.disclosure.questions import Item
from wardkeep.identity.roles import Role
from wardkeep.ledger.incidents import FILE, Told
from wardkeep.ledger.index import INCIDENT_STEPS
from wardkeep.ledger.wanted import Wanted

OFFICER, NURSE = Role.PRIVACY_OFFICER.value, Role.WARD_NURSE.value
WHAT = "A nurse's session was used by somebody else."
TOLD = Told(doing="The session is stopped.", ask="Ring 020 7946 0000.")


class Attack(NamedTuple):
    """A nurse whose account opened these people, and the officer who finds out."""

    officer: Colleague
    nurse: Colleague
    items: list[Item]


async def settle(warden: RunningWarden) -> None:
    warden.home = f"org-{secrets.token_hex(4)}"
    await warden.organisation(warden.home)


def now() -> int:
    return microseconds_since_epoch(SystemClock().now())


async def attack(warden: RunningWarden, many: int = 3) -> Attack:
    officer = await colleague(warden, OFFICER, name="Pia Swift")
    nurse = await colleague(warden, NURSE, name="Nell Rook")
    items = await records(warden, many)
    for item in items:
        await warden.relate(nurse.account, item.patient, organisation=warden.home)
        assert not isinstance(await opens(warden, nurse.token, item), Refusal)
    return Attack(officer, nurse, items)


async def count(
    warden: RunningWarden, who: Colleague, *selectors: Wanted, **said: object
) -> str:
    asked = BeginCount(
        session=who.token,
        selectors=selectors,
        **{"found_at": now(), "what": WHAT, "told": TOLD, **said},  # type: ignore[arg-type]
    )
    begun = await warden.door.ask(asked, CountBegun)
    assert isinstance(begun, CountBegun), begun
    await counted(warden, who, begun.count)
    return begun.count


async def counted(warden: RunningWarden, who: Colleague, id_: str) -> CountView:
    for _ in range(600):
        found = await warden.door.ask(LookAtCount(who.token, id_), CountView)
        assert isinstance(found, CountView), found
        assert not found.has_failed
        if found.reach is not None:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("the count does not end")


async def declared(warden: RunningWarden, made: Attack) -> IncidentView:
    id_ = await count(warden, made.officer, Wanted(account=made.nurse.account))
    given = await confirm(warden, made.officer, DeclareIncident(id_), Done)
    assert given == Done(), given
    return (await listed(warden, made.officer))[0]


async def listed(warden: RunningWarden, who: Colleague) -> tuple[IncidentView, ...]:
    found = await warden.door.ask(ListIncidents(who.token), IncidentList)
    assert isinstance(found, IncidentList), found
    return found.incidents


async def read(warden: RunningWarden, who: Colleague, incident: str) -> Answer:
    return await warden.door.ask_any(ReadReached(who.token, incident))


async def without_passkey(
    warden: RunningWarden, who: Colleague, act: object
) -> Refusal:
    """What a stolen session gets that sends the act as if it were signed."""
    asked = FinishConfirm(who.token, act, b"{}")  # type: ignore[arg-type]
    given = await warden.door.ask_any(asked)
    assert isinstance(given, Refusal), given
    return given


def steps(warden: RunningWarden) -> list[str]:
    return [one.action for one in warden.entries() if one.action in INCIDENT_STEPS]


def file_of(installation: Installation, id_: str) -> Path:
    return installation.layout.warden / "incidents" / id_ / FILE


async def opened_by(warden: RunningWarden, made: Attack) -> list[int]:
    mine = made.nurse.account
    return [one.organisation for one in warden.entries() if one.account == mine]


async def patient(warden: RunningWarden, made: Attack, item: Item) -> str:
    """The patient's own session."""
    invited = await confirm(warden, made.nurse, InvitePatient(item.patient), Links)
    assert isinstance(invited, Links), invited
    key = SoftwareAuthenticator(origin=ORIGIN)
    answer = await warden.use_link(invited.links[0].secret, key)
    assert isinstance(answer, SignedIn)
    return answer.token


async def goes_on(
    warden: RunningWarden, who: Colleague, clock: FrozenClock, *, minutes: int
) -> None:
    """Time passes, and the session does not fall asleep."""
    for _ in range(minutes):
        clock.move(timedelta(minutes=1))
        await listed(warden, who)
