# SPDX-License-Identifier: Apache-2.0
"""A stolen session of each role asks the door for strangers in every way there is.

Roles, actions, tiers and purposes are taken from the code, so that one that is new
tomorrow is attacked tomorrow. Who has a key in hand is reached, whatever it was asked
for: a key that was given for writing opens what a dump of the database holds.
"""

import secrets
from itertools import product

import pytest

from support.acts import Colleague, colleague
from support.openings import REASON
from support.warden import RunningWarden
from wardkeep.assembly.demo.chance import Chance
from wardkeep.disclosure.answers import Answer, Grant, NewKeys, Refusal
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import Disclose, Item, NewPatientKeys
from wardkeep.identity.roles import PEOPLE, REACH, Role

STRANGERS, EXPECTED = 32, 3
WAYS = list(product(Action, (Tier.BANNER, Tier.RECORD, Tier.SEALED), Purpose))
TRIED_A_STRANGER = 16
Wrapped = dict[str, tuple[bytes, ...]]


async def made(warden: RunningWarden, many: int) -> Wrapped:
    """New patients; the wrapped key of each tier, as rows in the database have it."""
    named = tuple(f"p-{secrets.token_hex(6)}" for _ in range(many))
    session = await warden.import_session(warden.home)
    keys = await warden.door.ask(NewPatientKeys(session, named), NewKeys)
    assert isinstance(keys, NewKeys), keys
    return {one.patient: one.wrapped for one in keys.patients}


class Thief:
    """Has a session of somebody's, and no passkey."""

    def __init__(self, warden: RunningWarden, whose: Colleague, all_: Wrapped) -> None:
        self._warden, self._whose, self._all = warden, whose, all_
        self.reached: set[str] = set()
        self.named: set[str] = set()
        """Asked for with success, whether a key came of it or not."""

    async def asks(self, patients: list[str], way: tuple[Action, Tier, Purpose]) -> str:
        """Ask; the code of the refusal, empty where it was granted."""
        action, tier, purpose = way
        items = tuple(
            Item(one, tier, self._all[one][tier - 1], (("Patient", one, 1),))
            for one in patients
        )
        asked = Disclose(self._whose.token, purpose, REASON, action, items)
        answer: Answer = await self._warden.door.ask_any(asked)
        if isinstance(answer, Refusal):
            return answer.code
        assert isinstance(answer, Grant), answer
        self.named |= set(patients)
        self.reached |= {
            one for one, key in zip(patients, answer.keys, strict=True) if key
        }
        return ""


@pytest.mark.parametrize("role", PEOPLE)
async def test_whatever_role_and_whatever_is_asked_25_strangers_are_reached_at_most(
    warden: RunningWarden, role: Role
) -> None:
    whose = await colleague(warden, role.value)
    patients = await made(warden, STRANGERS + EXPECTED)
    expected = list(patients)[:EXPECTED]
    for one in expected:
        await warden.relate(whose.account, one, organisation=warden.home)
    strangers = [one for one in patients if one not in expected]
    chance = Chance("every role", role.value)
    thief = Thief(warden, whose, patients)
    # One is opened plainly first: by chance alone it may be refused until it is frozen.
    for tier, purpose in product((Tier.BANNER, Tier.RECORD), sorted(role.purposes)):
        await thief.asks(strangers[:1], (Action.READ, tier, Purpose(purpose)))
    for one in strangers:
        for _ in range(TRIED_A_STRANGER):
            await thief.asks([one], chance.pick(WAYS))
    beyond = thief.reached - set(expected)
    assert len(beyond) <= REACH
    assert bool(beyond) is bool(role.tiers), "the attack is a real one"


@pytest.mark.parametrize("role", PEOPLE)
async def test_no_kind_of_question_alone_gives_more(
    warden: RunningWarden, role: Role
) -> None:
    """Nor a long one: all are asked for at once first, then some, then one by one."""
    purposes = [Purpose(one) for one in sorted(role.purposes)[:2]]
    for action in Action:
        whose = await colleague(warden, role.value)
        patients = await made(warden, STRANGERS)
        strangers = list(patients)
        thief = Thief(warden, whose, patients)
        for tier, purpose in product((Tier.BANNER, Tier.RECORD), purposes):
            for at_once in (STRANGERS, STRANGERS // 4, 1):
                for begin in range(0, STRANGERS, at_once):
                    some = strangers[begin : begin + at_once]
                    await thief.asks(some, (action, tier, purpose))
        assert len(thief.reached) <= REACH, action
