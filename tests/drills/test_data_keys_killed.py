# SPDX-License-Identifier: Apache-2.0
"""Drills on patients' data keys: the warden killed, a backup brought back."""

import asyncio
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.rotations import (
    Triple,
    keys_of,
    rotate,
    settle_at_once,
    until_finished,
    wrapped_now,
)
from support.sealed_rows import (
    Row,
    load_records,
    plain_keys,
    rows_of,
    shared_now,
)
from support.warden import Installation, RunningWarden, installation_in, running_warden
from support.warden_process import ask_and_forget, warden_process
from wardkeep.disclosure.keys import PATIENT, RotateKey

PATIENTS, EACH = 60, 20
ROUNDS = 6
EVERYBODY = RotateKey(PATIENT, organisation="fernhill")


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Installation]:
    with installation_in(tmp_path / "data") as made:
        yield made


async def _open_all(running: RunningWarden, number: int) -> tuple[int, list[Row]]:
    """That every row opens by a key that its patient has; how many by the newest."""
    made = running.installation
    rows = await rows_of(made.settings, made.layout, number)
    wrapped = await wrapped_now(made, number)
    shared = await shared_now(made.settings, made.layout, number)
    newest = plain_keys(running.service, number, wrapped, shared=shared)
    behind = plain_keys(running.service, number, wrapped, shared=shared, place=1)
    by_newest = [row for row in rows if row.opens(number, newest)]
    left = [row for row in rows if not row.opens(number, newest)]
    assert all(row.opens(number, behind) for row in left)
    return len(by_newest), rows


async def test_a_warden_that_is_killed_anywhere_loses_no_row_and_goes_on(
    fresh: Installation, tmp_path: Path
) -> None:
    async with running_warden(fresh) as running:
        number = await load_records(running, tmp_path, patients=PATIENTS, each=EACH)
        _, before = await _open_all(running, number)
    told = []
    for _ in range(ROUNDS):
        # It waits for nobody: it is killed while it seals, and while it proves.
        async with warden_process(fresh, is_hasty=True):
            await ask_and_forget(fresh, EVERYBODY)
            await asyncio.sleep(secrets.randbelow(400) / 1000)
        async with running_warden(fresh) as running:
            await running.service.rotator.close()
            told.append((await _open_all(running, number))[0])
    async with running_warden(fresh) as running:
        settle_at_once(running)
        if not (await keys_of(running)).rotations:
            await rotate(running, EVERYBODY)
        assert (await until_finished(running)).unreadable == 0
        count, after = await _open_all(running, number)
        assert count == len(before), "all of them by the newest key"
        assert [row.name for row in after] == [row.name for row in before]
        assert all(
            now.body != then.body for now, then in zip(after, before, strict=True)
        )
        said = [one.reason for one in running.entries() if "end-key" in one.action]
    words = f"data keys: {PATIENTS} patients, {len(before)} versions, 0 open by none"
    assert any(one.startswith(words) for one in said), said


def test_a_backup_from_before_a_rotation_opens_and_its_keys_are_replaced_again(
    tmp_path: Path,
) -> None:
    with installation_in(tmp_path / "data") as fresh:
        number = asyncio.run(_filled(fresh, tmp_path))
    _copy(fresh.layout.database, tmp_path / "backup")
    with installation_in(tmp_path / "data") as fresh:
        wrapped = asyncio.run(_turned(fresh, number))
    shutil.rmtree(fresh.layout.database)
    _copy(tmp_path / "backup", fresh.layout.database)
    with installation_in(tmp_path / "data") as fresh:
        asyncio.run(_turned(fresh, number, before=wrapped))


def _copy(folder: Path, to: Path) -> None:
    """With its owners: the server runs as a user of its own where we are root."""
    subprocess.run(["cp", "-a", str(folder), str(to)], check=True)


async def _filled(fresh: Installation, folder: Path) -> int:
    async with running_warden(fresh) as running:
        return await load_records(running, folder, patients=PATIENTS, each=EACH)


async def _command(fresh: Installation, *words: str) -> str:
    """What `wardkeep key` prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "wardkeep.cli", "key", *words),
        env={**os.environ, "WARDKEEP_DATA": str(fresh.settings.data)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, wrong = await process.communicate()
    assert process.returncode == 0, wrong
    return out.decode()


async def _turned(
    fresh: Installation, number: int, *, before: dict[str, Triple] | None = None
) -> dict[str, Triple]:
    """All opens, all keys are replaced, all opens; the wrapped keys afterwards.

    `before` are those of a time that a restore undid: they open no more.
    """
    async with running_warden(fresh) as running:
        count, rows = await _open_all(running, number)
        assert count == len(rows), "also what a backup brought back"
        is_restored = before is not None
        assert (await keys_of(running)).behind == ("fernhill",) * is_restored
        said = await _command(fresh, "status")
        assert ("destroyed are back" in said) is is_restored
        settle_at_once(running)
        words = ("--level", "patient", "--organisation", "fernhill", "--every-patient")
        said = await _command(fresh, "rotate", *words, "--wait")
        assert f"patient fernhill: finished; {PATIENTS + 1} wrapped anew" in said
        assert (await until_finished(running)).unreadable == 0
        count, _ = await _open_all(running, number)
        assert count == len(rows)
        assert plain_keys(running.service, number, before or {}) == {}
        assert (await keys_of(running)).behind == ()
        return await wrapped_now(fresh, number)
