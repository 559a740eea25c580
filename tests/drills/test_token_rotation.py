# SPDX-License-Identifier: Apache-2.0
"""Drills on the search-token key that is replaced under searches and writers."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from support.ledgers import full_at
from support.rotations import keys_of, rotate, settle_at_once, until_finished
from support.searches import (
    Program,
    TokenRow,
    digest_over,
    fill,
    marks,
    next_of,
    number_of,
    observation,
    token_rows,
)
from support.template import settings_for
from wardkeep.assembly.database import WARDEN, WEB, WORKER, address_for
from wardkeep.assembly.drills.ground import HOME, NHS_NUMBERS, SURNAME, Ground, ground
from wardkeep.assembly.importing import load_paths
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection, connect
from wardkeep.db.errors import DatabaseRefusedError, OutOfDateError
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.keys import (
    ORGANISATION,
    PATIENT,
    TOKENS,
    ResumeRotation,
    RotateKey,
)
from wardkeep.fhir.search.query import terms_of
from wardkeep.fhir.search.row_facts import range_key
from wardkeep.fhir.store import tokens as store_tokens
from wardkeep.fhir.store.tokens import TokenMemory
from wardkeep.fhir.store.writing import Writer
from wardkeep.ledger.entry import Entry
from wardkeep.warden import rotations
from wardkeep.warden.rotations import Rotation
from wardkeep.warden.service import rotation_of_tokens
from wardkeep.warden.service.rotation_levels import Passed
from wardkeep.warden.token_keys import OrganisationTokens, TokenPhase

PATIENTS = 12
ASKED = RotateKey(TOKENS, organisation=HOME)
AN_HOUR = timedelta(seconds=3601)


class Ward:
    """A ground whose records are searched by a program."""

    def __init__(self, here: Ground, program: Program) -> None:
        self.here, self.program = here, program
        self.number = number_of(here)
        self.patient = here.patients[HOME][0]

    @property
    def keys(self) -> OrganisationTokens:
        return self.here.service._keystore.tokens_of(self.number)

    async def rows(self) -> list[TokenRow]:
        return await token_rows(self.here.settings, self.here.layout, self.number)

    async def marks(self) -> dict[bytes, int]:
        return await marks(self.here.settings, self.here.layout, self.number)

    async def answers(self) -> dict[str, list[str]]:
        """As a process gives them that was there all the time, and a new one."""
        await self.program.sign_in()
        found = await self.program.answers(self.patient)
        app = self.program.fresh_app()
        assert await self.program.answers(self.patient, app=app) == found
        return found

    async def until(self, phase: TokenPhase, words: str) -> None:
        async with asyncio.timeout(30):
            while True:
                [one, *_] = (await keys_of(self.here)).rotations
                if self.keys.phase is phase and one.state.startswith(words):
                    return
                await asyncio.sleep(0.02)

    async def an_hour_passes(self) -> None:
        self.here.clock.move(AN_HOUR)
        await self.here.operator.ask_any(ResumeRotation())

    def said(self, action: str = "end-key-rotation") -> list[str]:
        ledger = self.here.service._ledger
        entries: list[Entry] = list(ledger.entries(0, ledger.committed_size))
        return [one.reason for one in entries if one.action == action]


@pytest.fixture
async def ward(tmp_path: Path) -> AsyncIterator[Ward]:
    async with ground(settings_for(tmp_path), patients=PATIENTS) as here:
        program = Program(here)
        await program.sign_in()
        await fill(program, here.patients[HOME])
        yield Ward(here, program)


async def test_searches_find_the_same_before_during_and_after_a_rotation(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await ward.answers()
    assert sum(map(bool, before.values())) >= len(before) - 1, "they find something"
    await rotate(ward.here, ASKED)
    await ward.until(TokenPhase.FILLING, "all wrapped anew")
    assert {row.turn for row in await ward.rows()} == {1}
    assert await ward.answers() == before
    await ward.an_hour_passes()
    await ward.until(TokenPhase.SWITCHED, "all wrapped anew")
    assert await ward.answers() == before
    looked = []

    async def look(rotation: Rotation, last: Passed) -> None:
        looked.append(await ward.answers())
        await retire(rotation, last)

    level = ward.here.service.rotator.of_tokens
    retire = level.retire
    monkeypatch.setattr(level, "retire", look)
    await ward.an_hour_passes()
    last = await until_finished(ward.here)
    assert (last.level, last.unreadable, last.is_finished) == (TOKENS, 0, True)
    assert looked == [before], "while the old tokens are gone and their key is not"
    assert await ward.answers() == before


async def test_every_token_becomes_another_and_the_ledger_has_the_proof(
    ward: Ward,
) -> None:
    before, kept = await ward.rows(), await ward.marks()
    gone = ward.keys.fingerprint
    settle_at_once(ward.here)
    await rotate(ward.here, ASKED)
    await until_finished(ward.here)
    after, new = await ward.rows(), ward.keys
    assert (new.generation, new.turn, new.phase) == (1, 2, TokenPhase.AT_REST)
    assert [row.name for row in after] == [row.name for row in before]
    for then, now in zip(before, after, strict=True):
        assert now.turn == 2
        assert list(now.tokens) == _by(new, list(then.tokens))
        assert list(now.keys) == _by(new, list(then.keys))
    assert set(await ward.marks()) == {_mark_by(new, one) for one in kept}
    rows = f"{len(after)} rows by {new.fingerprint} alone, 0 by {gone} before"
    said = f"search tokens: {rows}, 0 were odd, digest {digest_over(after)}"
    assert ward.said() == [said]


def _by(keys: OrganisationTokens, tokens: list[int]) -> list[int]:
    """Tokens of before any rotation under the key of now."""
    assert keys._layer is not None
    return keys._layer.put_on(tokens)


def _mark_by(keys: OrganisationTokens, mark: bytes) -> bytes:
    pair = rotation_of_tokens._TWO_TOKENS
    return pair.pack(*_by(keys, list(pair.unpack(mark))))


async def test_a_page_goes_on_over_the_switch_and_over_the_end(ward: Ward) -> None:
    path = "Observation?status=final&_count=5"
    whole = await ward.program.find(path)
    begun = await ward.program.send("GET", path)
    await rotate(ward.here, ASKED)
    await ward.until(TokenPhase.FILLING, "all wrapped anew")
    during = await ward.program.send("GET", path)
    await _switch_now(ward)
    fresh = ward.program.fresh_app()
    for first in (begun, during):
        # Another process made the link, by the key before.
        rest = await _rest_of(ward, first.body, app=fresh)
        assert rest == whole[5:]
    after = await ward.program.send("GET", path, app=fresh)
    assert await _rest_of(ward, after.body, app=fresh) == whole[5:]


async def _switch_now(ward: Ward) -> None:
    """Without the hour, so that the program's token and links still hold."""
    await ward.here.service.rotator.of_tokens._enter(ward.number, TokenPhase.SWITCHED)


async def _rest_of(ward: Ward, body: bytes, *, app: Any) -> list[str]:
    return await ward.program.find(next_of(json.loads(body)), app=app)


async def test_a_dump_and_the_key_from_before_find_nothing_that_is_there_now(
    ward: Ward,
) -> None:
    guesses = [
        terms_of("Patient", [("family", SURNAME)]),
        terms_of("Patient", [("identifier", NHS_NUMBERS[0])]),
        terms_of("Observation", [("code", "8867-4")]),
        [range_key("Observation.value")],
    ]
    before = {token for row in await ward.rows() for token in row.all}
    guessed = set[int]()
    for spellings in guesses:
        found = before.intersection(ward.keys.searched(spellings))
        assert found, "whoever has key and dump finds whom they look for"
        guessed |= found
    settle_at_once(ward.here)
    for _ in range(2):
        await rotate(ward.here, ASKED)
        await until_finished(ward.here)
    written = observation("written-after", ward.patient, 2)
    await ward.program.sign_in()
    answer = await ward.program.send("PUT", "Observation/written-after", written)
    assert answer.status == 201, answer.text
    after = {token for row in await ward.rows() for token in row.all}
    assert not before & after
    assert not guessed & after
    assert all(after.intersection(ward.keys.searched(one)) for one in guesses)
    assert {row.turn for row in await ward.rows()} == {4}
    assert len(ward.said()) == 2


async def test_writers_and_searches_go_on_while_the_key_is_replaced(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_tokens, "REMEMBERED_SECONDS", -1.0)
    settle_at_once(ward.here)
    ward.here.service.rotator.of_tokens.settle_seconds = 0.6
    stop = asyncio.Event()
    going = [asyncio.create_task(_keep_at_it(ward, lane, stop)) for lane in range(3)]
    for _ in range(2):
        await rotate(ward.here, ASKED)
        last = await until_finished(ward.here)
        assert last.unreadable == 0
    stop.set()
    done = [await one for one in going]
    assert all(count > 5 for count, _ in done), done
    assert [wrong for _, some in done for wrong in some] == []
    rows = await ward.rows()
    assert {row.turn for row in rows} == {4}
    everything = await ward.program.find("Observation?_count=500")
    assert len(everything) == 4 * PATIENTS - 1 + sum(count for count, _ in done)


async def _keep_at_it(
    ward: Ward, lane: int, stop: asyncio.Event
) -> tuple[int, list[str]]:
    """Write something new and the next version of it, and find both; what was wrong."""
    count, wrong = 0, []
    program = Program(ward.here)
    await program.sign_in()
    while not stop.is_set():
        wrong += await _write_and_find(program, ward, lane, count)
        count += 1
    return count, wrong


async def _write_and_find(
    program: Program, ward: Ward, lane: int, count: int
) -> list[str]:
    id_, wrong = f"w-{lane}-{count}", []
    made = observation(id_, ward.here.patients[HOME][lane], count)
    for status in ("registered", "amended"):
        kept = made | {"status": status, "identifier": [{"value": id_}]}
        answer = await program.send("PUT", f"Observation/{id_}", kept)
        if answer.status not in {200, 201}:
            wrong.append(f"{answer.status} {answer.text}")
        asked = f"Observation?identifier={id_}&status={status}"
        found = await program.find(asked)
        if found != [f"match Observation/{id_}"]:
            wrong.append(f"{asked}: {found} in {ward.keys}")
    return wrong


class SlowWriter(Writer):
    """One that has its tokens, and stops before it stores them."""

    def __init__(self, here: Ground, memory: TokenMemory | None) -> None:
        super().__init__(
            here.database,
            here.door,
            clock=here.clock,
            memory=memory,
            must_patients_exist=False,
        )
        self.reached, self.go = asyncio.Event(), asyncio.Event()
        self.turns: list[int] = []

    async def _prepare(self, *asked: Any) -> Any:
        ready: Any = await super()._prepare(*asked)
        self.turns.append(ready.tokens[0].turn)
        if len(self.turns) == 1:
            self.reached.set()
            await self.go.wait()
        return ready


@pytest.mark.parametrize("remembers", [False, True])
async def test_who_asked_for_tokens_before_a_rotation_writes_none_of_them_in_it(
    ward: Ward, *, remembers: bool
) -> None:
    here, token = ward.here, ward.program.token
    memory = TokenMemory(here.door, token, clock=here.clock) if remembers else None
    app, slow = ward.program.app, SlowWriter(here, memory)
    app._store = msgspec.structs.replace(app._store, writer=slow)
    made = observation("late", ward.patient, 2)
    writing = asyncio.create_task(ward.program.send("PUT", "Observation/late", made))
    await slow.reached.wait()
    await rotate(ward.here, ASKED)
    await ward.until(TokenPhase.FILLING, "all wrapped anew")
    slow.go.set()
    assert (await writing).status == 201
    assert slow.turns == [0, 1], "refused, and made anew with both"
    assert {row.turn for row in await ward.rows()} == {1}


async def test_a_transaction_that_wrote_before_the_floor_rose_is_waited_for(
    ward: Ward,
) -> None:
    held = await connect(address_for(ward.here.settings, ward.here.layout, WEB))
    await held.serve(OrganisationId(ward.number))
    settle_at_once(ward.here)
    before = len(await ward.rows())
    async with held.transaction():
        await _insert(held, ward.number, b"in-time", turn=None)
        await rotate(ward.here, ASKED)
        await asyncio.sleep(1.0)
        assert ward.keys.phase is TokenPhase.FILLING
        assert {row.turn for row in await ward.rows()} == {0}, "no pass has begun"
        # Whoever comes now is too late with tokens of before.
        with pytest.raises(OutOfDateError):
            await _late(ward)
    await held.close()
    await until_finished(ward.here)
    rows = await ward.rows()
    assert len(rows) == before + 1
    [late] = [row for row in rows if row.name[1] == b"in-time"]
    assert (late.turn, list(late.tokens)) == (2, _by(ward.keys, [7, 8]))
    assert list(late.keys) == _by(ward.keys, [9])


async def _late(ward: Ward) -> None:
    other = await connect(address_for(ward.here.settings, ward.here.layout, WEB))
    try:
        await other.serve(OrganisationId(ward.number))
        await _insert(other, ward.number, b"too-late", turn=None)
    finally:
        await other.close()


async def _insert(
    held: Any, number: int, id_: bytes, *, turn: int | None, tokens: str = "{7,8}"
) -> None:
    await held.execute(
        "insert into record.resource (organisation, type, id, version, tier,"
        " last_updated, tokens, ranges, body, token_turn)"
        " values ($1, 1, $2, 1, 0, now(), $3::text::bigint[], '{9,1,2}', '', $4)",
        number,
        id_,
        tokens,
        turn,
    )


async def test_rows_that_nobody_of_ours_wrote_are_counted_and_in_nobodys_way(
    ward: Ward,
) -> None:
    before = await ward.answers()
    await rotate(ward.here, ASKED)
    await ward.until(TokenPhase.FILLING, "all wrapped anew")
    held = await connect(address_for(ward.here.settings, ward.here.layout, WEB))
    await held.serve(OrganisationId(ward.number))
    await _insert(held, ward.number, b"odd-one", turn=1, tokens="{1,2,3}")
    await _insert(held, ward.number, b"new-only", turn=2, tokens="{4}")
    for turn in (0, 4):
        with pytest.raises(OutOfDateError):
            await _insert(held, ward.number, b"no", turn=turn)
    await held.close()
    for phase in (TokenPhase.FILLING, TokenPhase.SWITCHED):
        await ward.until(phase, "all wrapped anew")
        await ward.an_hour_passes()
    last = await until_finished(ward.here)
    assert last.unreadable == 1
    assert " 1 were odd" in ward.said()[-1]
    assert await ward.answers() == before
    assert {row.turn for row in await ward.rows()} == {2}


async def test_what_was_loaded_before_or_in_a_rotation_is_known_in_and_after_it(
    ward: Ward, tmp_path: Path
) -> None:
    paths = [tmp_path / f"{n}.json" for n in range(3)]
    for number, path in enumerate(paths):
        path.write_bytes(_bundle(number))
    known = []
    known.append(await _load(ward, paths[:1]))
    await rotate(ward.here, ASKED)
    await ward.until(TokenPhase.FILLING, "all wrapped anew")
    known.append(await _load(ward, paths[:2]))
    await ward.an_hour_passes()
    await ward.until(TokenPhase.SWITCHED, "all wrapped anew")
    known.append(await _load(ward, paths))
    await ward.an_hour_passes()
    await until_finished(ward.here)
    known.append(await _load(ward, paths))
    assert known == [(1, 0), (1, 1), (1, 2), (0, 3)]
    assert set((await ward.marks()).values()) == {2}


def _bundle(number: int) -> bytes:
    place = {"resourceType": "Location", "name": f"Ward {number}"}
    made = {"resourceType": "Bundle", "type": "collection"}
    return json.dumps(made | {"entry": [{"resource": place}]}).encode()


async def _load(ward: Ward, paths: list[Path]) -> tuple[int, int]:
    """How many documents were loaded, and how many were known."""
    report = await load_paths(
        ward.here.settings,
        ward.here.layout,
        paths=paths,
        organisation=HOME,
        show=lambda **_: None,
    )
    return report.loaded_documents, report.known_documents


async def test_rotations_of_all_keys_of_an_organisation_go_on_at_once(
    ward: Ward,
) -> None:
    before = await ward.answers()
    settle_at_once(ward.here)
    for _ in range(2):
        for level in (TOKENS, ORGANISATION, PATIENT):
            await rotate(ward.here, RotateKey(level, organisation=HOME))
        await until_finished(ward.here)
    found = (await keys_of(ward.here)).rotations
    assert [one for one in found if one.unreadable] == []
    ward.here.clock.move(AN_HOUR)
    assert await ward.answers() == before


async def test_a_shared_key_that_was_wrapped_anew_meanwhile_costs_no_row(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sealed by a key that was stored nowhere, what is shared would be gone."""
    before = await ward.answers()
    settle_at_once(ward.here)
    real, missed = rotations.put_shared_key, list[bytes]()

    async def too_late(
        connection: Connection, organisation: int, *, old: bytes, new: bytes
    ) -> None:
        if missed:
            await real(connection, organisation, old=old, new=new)
        missed.append(new)

    monkeypatch.setattr(rotations, "put_shared_key", too_late)
    await rotate(ward.here, RotateKey(PATIENT, organisation=HOME))
    await until_finished(ward.here)
    assert len(missed) > 1
    found = (await keys_of(ward.here)).rotations
    assert [one for one in found if one.unreadable] == []
    assert await ward.answers() == before


async def test_no_process_but_the_warden_turns_tokens_and_no_two_rotations_meet(
    ward: Ward,
) -> None:
    for role in (WEB, WORKER):
        held = await connect(address_for(ward.here.settings, ward.here.layout, role))
        await held.serve(OrganisationId(ward.number))
        for sql in (
            "select record.raise_token_floor($1, 9::smallint)",
            "select record.token_rows($1, 9::smallint, 0::smallint, '', 1)",
            "select record.drop_token_marks($1, 9::smallint)",
            "update record.token_floor set least = 0 where organisation = $1",
        ):
            with pytest.raises(DatabaseRefusedError):
                await held.execute(sql, ward.number)
        await held.close()
    held = await connect(address_for(ward.here.settings, ward.here.layout, WARDEN))
    with pytest.raises(DatabaseRefusedError):
        await held.execute("update record.resource set tokens = '{}'")
    await held.close()
    await rotate(ward.here, ASKED)
    newer = (await ward.here.service.rotator.of_tokens._row(ward.number)).newer_layer
    for asked, code in (
        (ASKED, "already-there"),
        (RotateKey(TOKENS, organisation="gone"), "no-such-organisation"),
    ):
        answer = await ward.here.operator.ask_any(asked)
        assert isinstance(answer, Refusal), answer
        assert answer.code == code
    row = await ward.here.service.rotator.of_tokens._row(ward.number)
    assert row.newer_layer == newer, "the key that comes is the one that came"
    at_the_door = await ward.here.door.ask_any(ASKED)
    assert isinstance(at_the_door, Refusal), "who has the web process asks in vain"


async def test_no_search_token_key_is_destroyed_that_the_ledger_does_not_tell_of(
    ward: Ward,
) -> None:
    folder = ward.here.layout.ledger
    size = max(one.stat().st_size for one in folder.glob("*.ledger"))
    with full_at(size):
        answer = await ward.here.operator.ask_any(ASKED)
    assert isinstance(answer, Refusal)
    assert answer.code == "ledger-cannot-write"
    assert ward.keys.phase is TokenPhase.AT_REST
    await rotate(ward.here, ASKED)
    await ward.until(TokenPhase.FILLING, "all wrapped anew")
    size = max(one.stat().st_size for one in folder.glob("*.ledger"))
    with full_at(size):
        settle_at_once(ward.here)
        await ward.until(TokenPhase.EMPTYING, "waits and tries again: the ledger")
    row = await ward.here.service.rotator.of_tokens._row(ward.number)
    assert row.newer_layer is not None, "both keys are there"
    await ward.here.operator.ask_any(ResumeRotation())
    await until_finished(ward.here)
    row = await ward.here.service.rotator.of_tokens._row(ward.number)
    assert (row.newer_layer, row.token_generation) == (None, 1)
