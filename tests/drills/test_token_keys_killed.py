# SPDX-License-Identifier: Apache-2.0
"""Drills on the search-token key: the warden killed, old keys put back."""

import asyncio
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from support.owner import owner_of
from support.rotations import keys_of, rotate, settle_at_once, until_finished
from support.sealed_rows import load_records
from support.searches import TokenRow, marks, token_rows
from support.warden import Installation, installation_in, running_warden
from support.warden_process import ask_and_forget, warden_process
from wardkeep.assembly.checkup import check_up
from wardkeep.crypto.token_layer import TokenLayer
from wardkeep.disclosure.keys import ORGANISATION, TOKENS, RotateKey
from wardkeep.warden.destroyed_keys import NAME
from wardkeep.warden.token_keys import OrganisationTokens, TokenPhase

PATIENTS, EACH = 40, 40
ASKED = RotateKey(TOKENS, organisation="fernhill")
KILLED_IN = (TokenPhase.FILLING, TokenPhase.EMPTYING) * 4
_KEYS = "select wrapped_key, wrapped_token_key, token_layer from warden.organisation"
HELD = {
    TokenPhase.AT_REST: {0},
    TokenPhase.FILLING: {0, 1},
    TokenPhase.SWITCHED: {1},
    TokenPhase.EMPTYING: {1, 2},
}
"""What rows may hold in each phase, counted from twice the generation."""


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Installation]:
    with installation_in(tmp_path / "data") as made:
        yield made


def _layers(keys: OrganisationTokens) -> tuple[TokenLayer | None, TokenLayer | None]:
    return keys._layer, keys._newer


def _by(layer: TokenLayer | None, tokens: Sequence[int]) -> tuple[int, ...]:
    return tuple(tokens if layer is None else layer.put_on(list(tokens)))


def _holds(row: TokenRow, hashes: TokenRow, keys: OrganisationTokens) -> bool:
    """Whether a row holds just what its turn says."""
    older, newer = _layers(keys)
    layers = {0: (older,), 1: (older, newer), 2: (newer,)}[
        row.turn - 2 * keys.generation
    ]
    tokens = [token for one in layers for token in _by(one, hashes.tokens)]
    found = [token for one in layers for token in _by(one, hashes.keys)]
    return (list(row.tokens), list(row.keys)) == (tokens, found)


async def _until(fresh: Installation, wanted: TokenPhase) -> None:
    """Until it is so far, or through: it waits for nobody."""
    async with owner_of(fresh) as owner:
        for _ in range(500):
            phase = await owner.fetch_value(
                "select token_phase from warden.organisation"
            )
            if phase >= wanted:
                return
            await asyncio.sleep(0.002)


async def _killed_in(
    fresh: Installation, number: int, wanted: TokenPhase, hashes: Sequence[TokenRow]
) -> TokenPhase:
    """Kill a warden about there, see that every row is what it says; the phase."""
    # It waits for nobody: it is killed while it fills, switches, empties, proves.
    async with warden_process(fresh, is_hasty=True):
        await ask_and_forget(fresh, ASKED)
        await _until(fresh, wanted)
        await asyncio.sleep(secrets.randbelow(60) / 1000)
    async with running_warden(fresh) as running:
        await running.service.rotator.close()
        keys = running.service._keystore.tokens_of(number)
        rows = await token_rows(fresh.settings, fresh.layout, number)
        least = 2 * keys.generation
        assert {row.turn - least for row in rows} <= HELD[keys.phase], keys
        for row, plain in zip(rows, hashes, strict=True):
            assert row.name == plain.name
            assert _holds(row, plain, keys)
    return keys.phase


async def test_a_warden_that_is_killed_anywhere_loses_no_token_and_goes_on(
    fresh: Installation, tmp_path: Path
) -> None:
    async with running_warden(fresh) as running:
        number = await load_records(running, tmp_path, patients=PATIENTS, each=EACH)
    where = (fresh.settings, fresh.layout, number)
    hashes = await token_rows(*where)
    phases = {await _killed_in(fresh, number, wanted, hashes) for wanted in KILLED_IN}
    assert phases - {TokenPhase.AT_REST}, "it was killed in the middle"
    async with running_warden(fresh) as running:
        settle_at_once(running)
        if not (await keys_of(running)).rotations:
            await rotate(running, ASKED)
        assert (await until_finished(running)).unreadable == 0
        keys = running.service._keystore.tokens_of(number)
        rows = await token_rows(*where)
        assert {row.turn for row in rows} == {2 * keys.generation}
        assert all(
            _holds(row, plain, keys) for row, plain in zip(rows, hashes, strict=True)
        )
        assert set((await marks(*where)).values()) == {2 * keys.generation}
        said = [one.reason for one in running.entries() if "end-key" in one.action]
    assert any(one.startswith(f"search tokens: {len(rows)} rows") for one in said), said


@pytest.mark.parametrize("level", [TOKENS, ORGANISATION])
async def test_a_destroyed_key_that_somebody_puts_back_is_told_of_until_it_is_replaced(
    fresh: Installation, level: str
) -> None:
    asked = RotateKey(level, organisation="fernhill")
    async with running_warden(fresh) as running:
        await running.organisation()
        settle_at_once(running)
        await rotate(running, asked)
        await until_finished(running)
        async with owner_of(fresh) as owner:
            old = await owner.fetch_row(_KEYS)
        await rotate(running, asked)
        await until_finished(running)
        assert (await keys_of(running)).back == ()
        assert len(_fingerprints(fresh)) == 2
    # Who owns the database and knows the key in the middle, with its old number.
    assert old is not None
    async with owner_of(fresh) as owner:
        await owner.execute(
            "update warden.organisation set wrapped_key = $1, wrapped_token_key = $2,"
            " token_layer = $3, token_generation = least(token_generation, 1)",
            *old.values(),
        )
    async with running_warden(fresh) as running:
        assert (await keys_of(running)).back == (("fernhill", level),)
        [met] = [one for one in running.entries() if one.action == "met-destroyed-key"]
        assert met.reason == f"the {level} key in use was destroyed once"
        told = await check_up(fresh.settings, fresh.layout)
        [finding] = [one for one in told if "was destroyed once" in one.what]
        assert not finding.is_well
        assert f"--level {level}" in finding.mend
        settle_at_once(running)
        await rotate(running, asked)
        await until_finished(running)
        assert (await keys_of(running)).back == ()


def _fingerprints(fresh: Installation) -> list[str]:
    return (fresh.layout.warden / NAME).read_text().split('"')[3::4]


async def test_an_old_key_under_a_newer_number_makes_no_token_of_before(
    fresh: Installation,
) -> None:
    async with running_warden(fresh) as running:
        number = await running.organisation()
        settle_at_once(running)
        await rotate(running, ASKED)
        await until_finished(running)
        before = running.service._keystore.tokens(number, (b"v",))
        async with owner_of(fresh) as owner:
            old = await owner.fetch_value("select token_layer from warden.organisation")
        await rotate(running, ASKED)
        await until_finished(running)
        after = running.service._keystore.tokens(number, (b"v",))
    async with owner_of(fresh) as owner:
        await owner.execute("update warden.organisation set token_layer = $1", old)
    async with running_warden(fresh) as running:
        now = running.service._keystore.tokens(number, (b"v",))
        assert len({now, before, after}) == 3, "what they know opens nothing"
