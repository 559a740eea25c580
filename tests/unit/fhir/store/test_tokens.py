# SPDX-License-Identifier: Apache-2.0
"""Which tokens a search remembers: those of names, and never one of a value."""

from datetime import timedelta
from typing import Any

import pytest

from support.rotations import rotate, settle_at_once, until_finished
from support.warden import Installation, running_warden
from wardkeep.assembly.drills.ground import MovedClock
from wardkeep.base.clock import SystemClock
from wardkeep.base.ids import OrganisationId
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.keys import TOKENS, RotateKey
from wardkeep.fhir.search.row_facts import not_by_owner, range_key
from wardkeep.fhir.search.terms import term
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.store.tokens import (
    REMEMBERED_SECONDS,
    RowTokens,
    TokenMemory,
    TokensOfNames,
    row_tokens_of,
    tokens_of,
)
from wardkeep.warden.token_keys import TokenPhase

NAME = not_by_owner("Observation.subject")
RANGE = range_key("Observation.effective")
VALUE = term("Observation.code", "c", "8867-4")
SLUGS = ("larkspur", "willow")


def opener(session: str, organisation: OrganisationId) -> Opener:
    return Opener(session=session, organisation=organisation)


async def test_a_name_is_asked_once_and_a_value_each_time(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        number = OrganisationId(await warden.organisation("juniper"))
        doctor = await warden.session("doctor", organisation="juniper")
        asked = [NAME, VALUE, RANGE]
        tokens = TokensOfNames(warden.door, clock=SystemClock())
        found = await tokens.of(asked, opener=opener(doctor, number))
        plain = await tokens_of(warden.door, doctor, asked)
        assert isinstance(found, dict)
        assert [found[one] for one in asked] == plain
        # Without a session the names are still known, and no value is.
        stranger = opener("no-such-token", number)
        names = await tokens.of([NAME, RANGE], opener=stranger)
        assert names == {NAME: found[NAME], RANGE: found[RANGE]}
        refused = await tokens.of(asked, opener=stranger)
        assert isinstance(refused, Refusal)
        assert refused.code == "not-signed-in"


async def test_a_name_is_remembered_for_its_organisation_alone(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        numbers = [OrganisationId(await warden.organisation(one)) for one in SLUGS]
        tokens = TokensOfNames(warden.door, clock=SystemClock())
        here, there = [
            await warden.session("doctor", organisation=one) for one in SLUGS
        ]
        one = await tokens.of([NAME], opener=opener(here, numbers[0]))
        other = await tokens.of([NAME], opener=opener(there, numbers[1]))
        assert isinstance(one, dict)
        assert isinstance(other, dict)
        assert one[NAME] != other[NAME]
        assert isinstance(
            await tokens.of([NAME], opener=opener("no", OrganisationId(9))), Refusal
        )


async def test_nothing_is_remembered_for_longer_than_a_rotation_waits(
    installation: Installation,
) -> None:
    clock = MovedClock()
    async with running_warden(installation) as warden:
        number = OrganisationId(await warden.organisation("hazel"))
        doctor = await warden.session("doctor", organisation="hazel")
        names = TokensOfNames(warden.door, clock=clock)
        before = await names.of([NAME], opener=opener(doctor, number))
        memory = TokenMemory(warden.door, doctor, clock=clock)
        remembered = await memory.tokens_of([VALUE])
        level = warden.service.rotator.of_tokens
        assert level.settle_seconds > 5 * REMEMBERED_SECONDS
        settle_at_once(warden)
        await rotate(warden, RotateKey(TOKENS, organisation="hazel"))
        await until_finished(warden)
        assert await names.of([NAME], opener=opener(doctor, number)) == before
        assert await memory.tokens_of([VALUE]) == remembered
        clock.move(timedelta(seconds=REMEMBERED_SECONDS + 1))
        now = await names.of([NAME], opener=opener(doctor, number))
        assert isinstance(now, dict)
        assert [now[NAME]] == await tokens_of(warden.door, doctor, [NAME])
        assert now != before
        assert await memory.tokens_of([VALUE]) == await tokens_of(
            warden.door, doctor, [VALUE]
        )


async def test_no_row_gets_tokens_of_two_turns_and_two_are_not_remembered(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        number = await warden.organisation("alder")
        doctor = await warden.session("doctor", organisation="alder")
        memory = TokenMemory(warden.door, doctor, clock=SystemClock())
        assert await memory.row_tokens_of([]) == RowTokens([], (), 0)
        first = await memory.row_tokens_of([NAME, VALUE])
        assert isinstance(first, RowTokens)
        assert (first.turn, first.newer) == (0, ())
        await rotate(warden, RotateKey(TOKENS, organisation="alder"))
        level = warden.service.rotator.of_tokens
        keys = warden.service._keystore
        while keys.tokens_of(number).phase is not TokenPhase.FILLING:
            await level._use(number)
        # What is remembered alone is of before, and a writer's row is refused.
        assert await memory.row_tokens_of([VALUE, NAME]) == RowTokens(
            [first.tokens[1], first.tokens[0]], (), 0
        )
        both = await memory.row_tokens_of([VALUE, RANGE])
        assert both == await row_tokens_of(warden.door, doctor, [VALUE, RANGE])
        assert isinstance(both, RowTokens)
        assert (both.turn, len(both.newer), both.searched) == (1, 2, both.tokens)
        assert not memory._young
        await level._enter(number, TokenPhase.SWITCHED)
        switched = await memory.row_tokens_of([VALUE])
        assert isinstance(switched, RowTokens)
        assert switched.searched == [both.newer[0]]
        await level._enter(number, TokenPhase.EMPTYING)
        last = await memory.row_tokens_of([VALUE])
        assert last == RowTokens([both.newer[0]], (), 2)
        assert memory._young == {VALUE: both.newer[0]}
        memory.forget()
        assert not memory._young


async def test_tokens_of_two_batches_are_of_one_turn(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_warden(installation) as warden:
        number = await warden.organisation("rowan")
        doctor = await warden.session("doctor", organisation="rowan")
        await rotate(warden, RotateKey(TOKENS, organisation="rowan"))
        keys, level = warden.service._keystore, warden.service.rotator.of_tokens
        while keys.tokens_of(number).phase is not TokenPhase.FILLING:
            await level._use(number)
        monkeypatch.setattr("wardkeep.fhir.store.tokens.MOST_VALUES", 1)
        ask, asked = warden.door.ask, list[object]()

        async def switching(question: Any, kind: Any) -> Any:
            asked.append(question)
            if len(asked) == 2:
                await level._enter(number, TokenPhase.SWITCHED)
            return await ask(question, kind)

        monkeypatch.setattr(warden.door, "ask", switching)
        found = await row_tokens_of(warden.door, doctor, [NAME, VALUE])
        assert isinstance(found, RowTokens)
        assert len(asked) == 4, "all of them again"
        assert found.is_switched
        assert found.searched == list(found.newer)
