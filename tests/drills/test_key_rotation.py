# SPDX-License-Identifier: Apache-2.0
"""Drills on keys that are replaced: nothing is refused, lost, or left under the old."""

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from support.ledgers import full_at
from support.rotations import (
    keys_of,
    opened,
    rotate,
    settle_at_once,
    store_patients,
    until_finished,
    wrapped_now,
)
from support.warden import Installation, RunningWarden, installation_in, running_warden
from support.warden_process import ask_and_forget, warden_process
from wardkeep.assembly.database import OWNER, WARDEN, WORKER, address_for
from wardkeep.assembly.drills.ground import HOME, Ground, ground
from wardkeep.assembly.proof import ledger_name, signing_key
from wardkeep.base.ids import OrganisationId
from wardkeep.crypto.aead import BoxCannotBeOpenedError, Key
from wardkeep.db.connection import connect
from wardkeep.disclosure.answers import Created, Health, Refusal
from wardkeep.disclosure.keys import (
    LEDGER,
    ORGANISATION,
    ROOT,
    AskKeys,
    Keys,
    ResumeRotation,
    RotateKey,
)
from wardkeep.disclosure.questions import AskHealth
from wardkeep.ledger.verify import verify
from wardkeep.warden.keystore import organisation_identity
from wardkeep.warden.root_key import RootKeyUnavailableError
from wardkeep.warden.root_key_ring import read_record, write_record
from wardkeep.warden.root_keys.plain_file import make_file, open_file

PATIENTS = 6_000
ROUNDS = 6


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Installation]:
    with installation_in(tmp_path / "data") as made:
        yield made


async def asked_of_warden(installation: Installation, sql: str) -> list[Any]:
    """One column, as the warden's role sees it."""
    address = address_for(installation.settings, installation.layout, WARDEN)
    connection = await connect(address)
    try:
        return [next(iter(row.values())) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def test_reads_go_on_while_an_organisations_key_is_replaced(
    fresh: Installation,
) -> None:
    async with ground(fresh.settings, patients=400) as here:
        nurse = await here.person("ward_nurse", expects=20)
        running = _as_running(here)
        settle_at_once(running)
        number = here.numbers[HOME]
        before = await _ground_wrapped(here)
        reading = asyncio.create_task(_keep_reading(here, nurse.token, nurse.expected))
        for _ in range(3):
            await rotate(running, RotateKey(ORGANISATION, organisation=HOME))
            last = await until_finished(running)
            assert (last.rewrapped, last.unreadable) == (400, 0)
        reading.cancel()
        answers = await reading
        assert len(answers) > 20
        assert set(answers) == {""}, "no read was refused or failed"
        # A dump from before, in the hands of somebody with the web process: nothing.
        assert all(
            key is None
            for keys in opened(running, number, before).values()
            for key in keys
        )
        assert await here.reads(nurse.token, nurse.expected[0]) == ""


async def _keep_reading(
    here: Ground, token: str, patients: tuple[str, ...]
) -> list[str]:
    answers: list[str] = []
    try:
        while True:
            answers.extend([await here.reads(token, one) for one in patients])
    except asyncio.CancelledError:
        return answers


def _as_running(here: Ground) -> RunningWarden:
    made = RunningWarden.__new__(RunningWarden)
    made.service, made.operator, made.door = here.service, here.operator, here.door
    return made


async def _ground_wrapped(here: Ground) -> dict[str, tuple[bytes, bytes, bytes]]:
    installation = Installation.__new__(Installation)
    installation.settings, installation.layout = here.settings, here.layout
    return await wrapped_now(installation, here.numbers[HOME])


async def test_searches_find_the_same_after_an_organisations_key_was_replaced(
    fresh: Installation,
) -> None:
    async with running_warden(fresh) as running:
        number = await running.organisation()
        store = running.service._keystore
        before = store.tokens(number, (b"name|quillfeather",))
        settle_at_once(running)
        for _ in range(2):
            await rotate(running, RotateKey(ORGANISATION, organisation="fernhill"))
            await until_finished(running)
            assert store.tokens(number, (b"name|quillfeather",)) == before
    async with running_warden(fresh) as running:
        tokens = running.service._keystore.tokens(number, (b"name|quillfeather",))
        assert tokens == before, "also after a start"


async def test_an_organisations_rotation_that_is_killed_anywhere_loses_no_key(
    fresh: Installation,
) -> None:
    async with running_warden(fresh) as running:
        number = await running.organisation()
        names = [f"p-{n:05d}" for n in range(PATIENTS)]
        plain = await store_patients(running, number, names, slug="fernhill")
    before = await wrapped_now(fresh, number)
    asked = RotateKey(ORGANISATION, organisation="fernhill")
    halfway = []
    for _ in range(ROUNDS):
        async with warden_process(fresh):
            await ask_and_forget(fresh, asked)
            await asyncio.sleep(secrets.randbelow(200) / 1000)
        now = await wrapped_now(fresh, number)
        halfway.append(sum(now[one] != before[one] for one in now))
        async with running_warden(fresh) as running:
            running.service.rotator.of_organisation.settle_seconds = 3600
            assert opened(running, number, now) == plain, "in the middle of it"
            await running.service.rotator.close()
    assert sorted(halfway) == halfway
    async with running_warden(fresh) as running:
        settle_at_once(running)
        if not (await keys_of(running)).rotations:
            await rotate(running, asked)
        last = await until_finished(running)
        assert last.unreadable == 0
        after = await wrapped_now(fresh, number)
        assert opened(running, number, after) == plain, "every key is the same one"
        assert set(opened(running, number, before).values()) == {(None, None, None)}
        said = [one.reason for one in running.entries() if "key-rotation" in one.action]
        assert f"organisation key: 0 of {PATIENTS} under the old key; " in "".join(said)
    older = "select older_wrapped_key from warden.organisation"
    assert await asked_of_warden(fresh, older) == [None]


async def test_a_root_rotation_that_is_killed_anywhere_opens_again(
    fresh: Installation,
) -> None:
    async with running_warden(fresh) as running:
        for n in range(12):
            await running.organisation(f"org{n}")
        plain = {
            number: await store_patients(running, number, ["p-1"], slug=f"org{n}")
            for n, number in enumerate(sorted(running.service._keystore.organisations))
        }
    folder = fresh.layout.warden
    moved = set()
    for _ in range(ROUNDS):
        async with warden_process(fresh):
            await ask_and_forget(fresh, RotateKey(ROOT))
            await asyncio.sleep(secrets.randbelow(50) / 1000)
        async with running_warden(fresh) as running:
            for number, keys in plain.items():
                here = await wrapped_now(fresh, number)
                assert opened(running, number, here) == keys
            settle_at_once(running)
            if (await keys_of(running)).rotations:
                await until_finished(running)
        record = read_record(folder)
        assert record.older == ""
        moved.add(record.current)
        sql = "select wrapped_key from warden.organisation order by number"
        root = open_file(folder / record.current.removeprefix("file:"))
        for number, wrapped in enumerate(await asked_of_warden(fresh, sql), start=1):
            root.unwrap(wrapped, organisation_identity(number))
    assert len(moved) > 1, "some of them were under way"


async def test_after_a_root_rotation_the_old_root_key_opens_nothing_that_is_there(
    fresh: Installation,
) -> None:
    sql = "select wrapped_key from warden.organisation"
    async with running_warden(fresh) as running:
        await running.organisation()
        old = open_file(fresh.layout.root_key)
        [dumped] = await asked_of_warden(fresh, sql)
        settle_at_once(running)
        await rotate(running, RotateKey(ROOT))
        await until_finished(running)
    [now] = await asked_of_warden(fresh, sql)
    identity = organisation_identity(1)
    with pytest.raises(BoxCannotBeOpenedError):
        old.unwrap(now, identity)
    assert not fresh.layout.root_key.exists(), "the old key's file is gone"
    # What is old stays open to whoever has both: a dump from before and the old key.
    assert old.unwrap(dumped, identity)


async def test_all_that_the_root_key_wraps_is_on_the_list_of_a_rotation(
    fresh: Installation,
) -> None:
    columns = await _owner(
        fresh,
        "select table_schema || '.' || table_name || '.' || column_name as found"
        "  from information_schema.columns"
        " where data_type = 'bytea'"
        "   and column_name ~ '(wrapped|banner_key|record_key|sealed_key)'"
        "   and table_schema in ('warden', 'record', 'jobs')",
    )
    assert sorted(columns) == [
        "record.note_draft.wrapped_key",  # by its patient’s data key
        "record.patient.banner_key",  # the four by the organisation's key
        "record.patient.record_key",
        "record.patient.sealed_key",
        "record.shared_key.wrapped_key",
        "warden.canary_list.wrapped_key",
        "warden.identity_provider.wrapped_key",
        "warden.organisation.older_wrapped_key",
        "warden.organisation.wrapped_key",
        "warden.organisation.wrapped_token_key",
        "warden.signing_key.sealed_key",
    ]


async def _owner(installation: Installation, sql: str) -> list[Any]:
    address = address_for(installation.settings, installation.layout, OWNER)
    connection = await connect(address)
    try:
        return [row["found"] for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def test_the_web_process_cannot_read_or_turn_wrapped_keys_by_these_ways(
    fresh: Installation,
) -> None:
    allowed = await _owner(
        fresh,
        "select r.role || ' ' || p.proname as found from pg_proc p"
        "  join pg_namespace n on n.oid = p.pronamespace and n.nspname = 'record'"
        " cross join unnest(array['wardkeep_web', 'wardkeep_worker',"
        "                         'wardkeep_search']) as r (role)"
        " where p.proname ~ 'wrap'"
        "   and has_function_privilege(r.role, p.oid, 'execute')",
    )
    assert allowed == []
    for role in ("wardkeep_web", WORKER):
        tables = await _owner(
            fresh,
            f"select has_table_privilege('{role}', 'warden.key_rotation', 'select')"
            " as found",
        )
        assert tables == [False]


async def test_no_key_is_replaced_or_destroyed_that_the_ledger_does_not_tell_of(
    fresh: Installation,
) -> None:
    older = "select older_wrapped_key is not null from warden.organisation"
    asked = RotateKey(ORGANISATION, organisation="fernhill")
    async with running_warden(fresh) as running:
        await running.organisation()
        size = max(one.stat().st_size for one in fresh.layout.ledger.glob("*.ledger"))
        for each in (asked, RotateKey(ROOT), RotateKey(LEDGER)):
            with full_at(size):
                answer = await running.operator.ask_any(each)
            assert isinstance(answer, Refusal), answer
            assert answer.code == "ledger-cannot-write"
        assert (await keys_of(running)).rotations == ()
        assert list(fresh.layout.warden.glob("root-*.key")) == []
        id_ = await rotate(running, asked)
        size = max(one.stat().st_size for one in fresh.layout.ledger.glob("*.ledger"))
        with full_at(size):
            settle_at_once(running)
            await _until_state(running, "the ledger cannot be written")
            # Asked while the disk is full: it tries again as soon as it is not.
            there = await asked_of_warden(fresh, older)
        assert there == [True], "the old key is there"
        await running.operator.ask_any(ResumeRotation())
        assert (await until_finished(running)).id == id_
        assert await asked_of_warden(fresh, older) == [False]


async def _until_state(running: RunningWarden, words: str) -> None:
    """Wait until the status says so; while nothing is written it may be refused too."""
    async with asyncio.timeout(30):
        while True:
            told = await running.operator.ask_any(AskKeys())
            if isinstance(told, Keys) and words in told.rotations[0].state:
                return
            await asyncio.sleep(0.02)


async def test_a_row_that_nobody_can_open_does_not_hold_up_the_rotation(
    fresh: Installation,
) -> None:
    async with running_warden(fresh) as running:
        number = await running.organisation()
        await store_patients(running, number, ["p-1", "p-2"], slug="fernhill")
        address = address_for(fresh.settings, fresh.layout, WORKER)
        connection = await connect(address)
        await connection.serve(OrganisationId(number))
        await connection.execute(
            "insert into record.patient"
            " (organisation, id, banner_key, record_key, sealed_key)"
            " values ($1, 'forged', $2, $2, $2)",
            number,
            bytes(60),
        )
        await connection.close()
        settle_at_once(running)
        await rotate(running, RotateKey(ORGANISATION, organisation="fernhill"))
        last = await until_finished(running)
        assert (last.rewrapped, last.unreadable) == (2, 1)


async def test_one_damaged_key_of_a_patient_takes_none_of_the_others_with_it(
    fresh: Installation,
) -> None:
    async with running_warden(fresh) as running:
        number = await running.organisation()
        plain = await store_patients(running, number, ["p-1"], slug="fernhill")
        address = address_for(fresh.settings, fresh.layout, OWNER)
        connection = await connect(address)
        await connection.serve(OrganisationId(number))
        await connection.execute("update record.patient set sealed_key = $1", bytes(60))
        await connection.close()
        settle_at_once(running)
        await rotate(running, RotateKey(ORGANISATION, organisation="fernhill"))
        last = await until_finished(running)
        assert (last.rewrapped, last.unreadable) == (1, 1)
        after = opened(running, number, await wrapped_now(fresh, number))
        assert after["p-1"] == (*plain["p-1"][:2], None), "record and banner still open"


async def test_an_old_root_key_stays_where_something_opened_by_none(
    fresh: Installation,
) -> None:
    async with running_warden(fresh) as running:
        await running.organisation()
        await _damage_a_signing_key(fresh)
        settle_at_once(running)
        await rotate(running, RotateKey(ROOT))
        assert (await until_finished(running)).unreadable == 1
        said = [one.reason for one in running.entries() if "end-key" in one.action]
    assert said[-1].endswith("1 open by none, so it is kept")
    assert read_record(fresh.layout.warden).older == ""
    assert fresh.layout.root_key.exists()


async def test_a_rotation_does_not_end_while_an_older_root_key_is_away_and_needed(
    fresh: Installation,
) -> None:
    async with running_warden(fresh) as running:
        await running.organisation()
    await _damage_a_signing_key(fresh)
    record = read_record(fresh.layout.warden)
    write_record(
        fresh.layout.warden, msgspec.structs.replace(record, older="file:away.key")
    )
    async with running_warden(fresh) as running:
        settle_at_once(running)
        await _until_state(running, "Bring it back")
    assert read_record(fresh.layout.warden).older == "file:away.key"


async def _damage_a_signing_key(installation: Installation) -> None:
    await _owner(
        installation,
        "insert into warden.signing_key (id, sealed_key, created_at, retired_at)"
        " values ('away', decode(repeat('00', 60), 'hex'), '2026-01-01', '2026-01-02')"
        " returning id as found",
    )


async def test_an_erasure_in_the_middle_of_a_rotation_stays_one(
    fresh: Installation,
) -> None:
    async with running_warden(fresh) as running:
        number = await running.organisation()
        await store_patients(running, number, ["p-1", "p-2"], slug="fernhill")
        before = await wrapped_now(fresh, number)
        await asked_of_warden(fresh, f"select record.erase_patient({number}, 'p-1')")
        # The rotation had read the row, and comes back with what it read.
        names = "select number from record.wrapped_keys($1, 0, 9)".replace(
            "$1", str(number)
        )
        [left] = await asked_of_warden(fresh, names)
        old = before["p-1"][1].hex()
        changed = await asked_of_warden(
            fresh,
            f"select record.rewrap({number}, array[{left - 1}::bigint],"
            f" array['\\x{old}'::bytea], array['\\x00'::bytea],"
            " array['\\x00'::bytea], array['\\x00'::bytea])",
        )
        assert changed == [0]
        assert (await wrapped_now(fresh, number))["p-1"] == (b"", b"", b"")


async def test_the_ledgers_key_is_replaced_while_it_is_written(
    fresh: Installation,
) -> None:
    async with running_warden(fresh) as running:
        await running.organisation()
        await asyncio.to_thread(running.service.ledger.publish)
        before = signing_key(fresh.layout).verify_key
        made = await running.operator.ask(RotateKey(LEDGER), Created)
        assert isinstance(made, Created), made
        await running.account("doctor")
        health = await running.operator.ask(AskHealth(), Health)
        assert isinstance(health, Health)
        assert health.verify_key.hex() == made.id
    async with running_warden(fresh) as running:
        said = [one.reason for one in running.entries() if "key-rotation" in one.action]
    assert said == [f"ledger key: to {made.id}", f"ledger key: {made.id} signs"]
    after = signing_key(fresh.layout).verify_key
    assert after.public_bytes.hex() == made.id != before.public_bytes.hex()
    for key in (before, after):
        report = verify(fresh.layout.ledger, key, origin=ledger_name(fresh.settings))
        assert report.is_whole, report.faults


async def test_changes_of_the_ledgers_key_that_are_asked_for_at_once_follow_each_other(
    fresh: Installation,
) -> None:
    async with running_warden(fresh) as running:
        await running.organisation()
        made = await asyncio.gather(
            *(running.operator.ask_any(RotateKey(LEDGER)) for _ in range(4))
        )
        assert all(isinstance(one, Created) for one in made), made
        last = running.service.ledger.verify_key
    async with running_warden(fresh) as running:
        await running.account("doctor")
    key = signing_key(fresh.layout).verify_key
    assert key.public_bytes == last.public_bytes
    report = verify(fresh.layout.ledger, key, origin=ledger_name(fresh.settings))
    assert report.is_whole, report.faults


async def test_a_second_rotation_of_the_same_key_is_refused_until_the_first_ends(
    fresh: Installation,
) -> None:
    async with running_warden(fresh) as running:
        await running.organisation()
        at_the_door = await running.door.ask_any(RotateKey(ROOT))
        assert isinstance(at_the_door, Refusal), "who has the web process asks in vain"
        for wrong, code in (
            (RotateKey("session"), "no-such-level"),
            (RotateKey(ORGANISATION, organisation="gone"), "no-such-organisation"),
            (RotateKey(ROOT, to="floppy:a"), "root-key"),
        ):
            answer = await running.operator.ask_any(wrong)
            assert isinstance(answer, Refusal), answer
            assert answer.code == code, answer
        assert (await keys_of(running)).rotations == (), "nothing was begun by these"
        asked = RotateKey(ORGANISATION, organisation="fernhill")
        await rotate(running, asked)
        await rotate(running, RotateKey(ROOT))
        for again in (asked, RotateKey(ROOT)):
            answer = await running.operator.ask_any(again)
            assert isinstance(answer, Refusal), answer
            assert answer.code == "already-there"


async def test_a_warden_with_another_databases_root_key_says_what_to_do(
    fresh: Installation,
) -> None:
    async with running_warden(fresh) as running:
        await running.organisation()
    kept = fresh.layout.root_key.rename(fresh.layout.root_key.with_suffix(".kept"))
    make_file(fresh.layout.root_key, Key(bytes(32)))
    with pytest.raises(RootKeyUnavailableError, match="does not open the key of"):
        async with running_warden(fresh):
            pass
    fresh.layout.root_key.unlink()
    with pytest.raises(RootKeyUnavailableError, match="wardkeep key recover"):
        async with running_warden(fresh):
            pass
    assert not fresh.layout.root_key.exists(), "no new one was made in its place"
    kept.rename(fresh.layout.root_key)
    async with running_warden(fresh):
        pass
