# SPDX-License-Identifier: Apache-2.0
"""A home with a way in, and people who visit it, on a real warden."""

from datetime import UTC, datetime

import msgspec

from support.authenticator import KEYS
from support.warden import RunningWarden
from wardkeep.base.clock import microseconds_since_epoch
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import (
    Answer,
    CeremonyOptions,
    Done,
    Grant,
    NewKeys,
    Refusal,
    Seals,
)
from wardkeep.disclosure.containment import BeginProve, FinishProve
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import (
    AddRelationships,
    Disclose,
    Item,
    NewPatientKeys,
    NewSeals,
)

START = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
"""When the visit of these tests begins; it ends at 7:30."""
END = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)


class Home(msgspec.Struct, frozen=True, kw_only=True):
    """A patient's wrapped key of the sealed tier, and the way in under it."""

    patient: str
    wrapped: bytes
    items: tuple[Item, ...]
    plain: tuple[bytes, ...]
    """The rows' own keys, as their writer had them."""


async def home(warden: RunningWarden, patient: str = "", *, ways: int = 1) -> Home:
    """A new patient, with so many ways into the home."""
    id_ = patient or f"p-{new_uuid()}"
    token = await warden.import_session(warden.home)
    made = await warden.operator.ask(NewPatientKeys(token, (id_,)), NewKeys)
    assert isinstance(made, NewKeys), made
    wrapped = made.patients[0].wrapped[-1]
    refs = tuple(("Basic", f"way-{n}", 1) for n in range(ways))
    asked = NewSeals(token, Purpose.IMPORT, "", id_, wrapped, refs)
    given = await warden.operator.ask(asked, Seals)
    assert isinstance(given, Seals), given
    return Home(
        patient=id_,
        wrapped=wrapped,
        items=tuple(
            Item(id_, Tier.SEALED, wrapped, (ref,), row_key)
            for ref, (row_key, _) in zip(refs, given.seals, strict=True)
        ),
        plain=tuple(plain for _, plain in given.seals),
    )


async def visits(
    warden: RunningWarden,
    account: str,
    patient: str,
    *,
    starts: datetime = START,
    ends: datetime | None = END,
    kind: str = "visit",
) -> None:
    """Plan a visit, as whoever runs Wardkeep does it."""
    times = (
        microseconds_since_epoch(starts),
        0 if ends is None else microseconds_since_epoch(ends),
    )
    asked = AddRelationships(warden.home, ((account, patient, kind),), (times,))
    assert isinstance(await warden.operator.ask(asked, Done), Done)


async def person(warden: RunningWarden, role: str = "carer") -> tuple[str, str]:
    """Somebody's account and session; the passkey was used a moment ago."""
    account = await warden.account(role)
    token, _ = await warden.enrol(account)
    return account, token


async def prove(warden: RunningWarden, token: str) -> None:
    """The owner's finger on the passkey."""
    options = await warden.door.ask(BeginProve(token), CeremonyOptions)
    assert isinstance(options, CeremonyOptions), options
    response = KEYS[token].sign_in(options.options)
    assert isinstance(await warden.door.ask_any(FinishProve(token, response)), Done)


async def ask(
    warden: RunningWarden,
    token: str,
    *items: Item,
    action: Action = Action.READ,
    reason: str = "",
) -> Answer:
    """One question at the door."""
    asked = Disclose(token, Purpose.DIRECT_CARE, reason, action, items)
    return await warden.door.ask_any(asked)


async def code_of(
    warden: RunningWarden,
    token: str,
    *items: Item,
    action: Action = Action.READ,
    reason: str = "",
) -> str:
    """The refusal's code; empty where it was granted."""
    answer = await ask(warden, token, *items, action=action, reason=reason)
    assert isinstance(answer, Grant | Refusal), answer
    return answer.code if isinstance(answer, Refusal) else ""
