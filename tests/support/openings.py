# SPDX-License-Identifier: Apache-2.0
"""Patients of a running warden, and people who open them until the door says no."""

import secrets
from collections.abc import Sequence

from support.acts import Colleague
from support.warden import RunningWarden
from wardkeep.disclosure.answers import Answer, CeremonyOptions, Done, NewKeys, Refusal
from wardkeep.disclosure.containment import (
    BeginProve,
    Containment,
    FinishProve,
    ReadContainment,
)
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import Disclose, Item, NewPatientKeys

REASON = "rang about results from Tuesday"


def code_of(answer: Answer) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code


async def records(warden: RunningWarden, many: int) -> list[Item]:
    """New patients; what the door is asked with for each."""
    named = tuple(f"p-{secrets.token_hex(6)}" for _ in range(many))
    session = await warden.import_session(warden.home)
    made = await warden.door.ask(NewPatientKeys(session, named), NewKeys)
    assert isinstance(made, NewKeys), made
    return [
        Item(one.patient, Tier.BANNER, one.wrapped[0], (("Patient", one.patient, 1),))
        for one in made.patients
    ]


async def opens(
    warden: RunningWarden, token: str, *items: Item, action: Action = Action.READ
) -> Answer:
    asked = Disclose(token, Purpose.DIRECT_CARE, REASON, action, items)
    return await warden.door.ask_any(asked)


async def reach(warden: RunningWarden, token: str, items: Sequence[Item]) -> int:
    """How many of these open before the door says no."""
    for opened, item in enumerate(items):
        if isinstance(await opens(warden, token, item), Refusal):
            return opened
    return len(items)


async def prove(warden: RunningWarden, who: Colleague) -> Answer:
    options = await warden.door.ask(BeginProve(who.token), CeremonyOptions)
    assert isinstance(options, CeremonyOptions), options
    response = who.key.sign_in(options.options)
    return await warden.door.ask_any(FinishProve(who.token, response))


async def desk(warden: RunningWarden, who: Colleague) -> Containment:
    found = await warden.door.ask(ReadContainment(who.token), Containment)
    assert isinstance(found, Containment), found
    return found


async def spend(warden: RunningWarden, who: Colleague, items: Sequence[Item]) -> int:
    """Open with a passkey at hand until the day is spent; how many opened."""
    opened = 0
    for item in items:
        answer = await opens(warden, who.token, item)
        if isinstance(answer, Refusal) and answer.code == "prove-again":
            assert await prove(warden, who) == Done()
            answer = await opens(warden, who.token, item)
        if isinstance(answer, Refusal):
            return opened
        opened += 1
    return opened
