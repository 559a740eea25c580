# SPDX-License-Identifier: Apache-2.0
"""Attacks on real backups, and a real one put back after the database was wrecked."""

import tempfile
import time
from pathlib import Path

from wardkeep.assembly.drills.backups import (
    backed_up,
    ledger_comes_back,
    put_back,
    superuser,
    unpacked,
)
from wardkeep.assembly.drills.by_theft import files_in, searched
from wardkeep.assembly.drills.ground import Ground
from wardkeep.assembly.drills.result import (
    NOBODY,
    SPOILT,
    DrillResult,
    Scenario,
    Scenarios,
)
from wardkeep.crypto.aead import BoxCannotBeOpenedError
from wardkeep.db.connection import connect

WRECKED = 20
"""Patients who are looked at; every row of everybody is overwritten."""
_DIGEST = """
select md5(string_agg(md5(body), '' order by organisation, type, id))
  from record.resource
"""
# The trigger keeps every version from everybody but the owner of the table.
_WRECK = """
alter table record.resource disable trigger user;
update record.resource
   set body = decode(repeat(md5(random()::text), 1 + length(body) / 16), 'hex')
"""
_BACK = (
    "nothing opens wrongly; the backups put back: every row as it was, and the ledger"
    " whole"
)


async def backup_theft(ground: Ground) -> DrillResult:
    """The backups as an operator makes them, unpacked and read."""
    with tempfile.TemporaryDirectory(prefix="wardkeep-stolen-") as folder:
        made = await backed_up(ground, Path(folder))
        await unpacked(made, Path(folder))
        return searched(
            "backup-theft",
            "the backups: a dump of the database, unpacked, and a copy of the ledger",
            files_in((Path(folder),)),
        )


async def ransomware(ground: Ground) -> DrillResult:
    """Every row is overwritten with noise; then the backup is put back."""
    doctor = await ground.person("doctor", expects=WRECKED)
    with tempfile.TemporaryDirectory(prefix="wardkeep-backup-") as folder:
        made = await backed_up(ground, Path(folder))
        before = await _digest(ground)
        began, wrong = time.perf_counter(), 0
        await _wreck(ground)
        for patient in doctor.expected:
            try:
                wrong += not await ground.reads(doctor.token, patient)
            except BoxCannotBeOpenedError:
                continue
        await put_back(ground, made)
        said = [await ground.reads(doctor.token, one) for one in doctor.expected]
        seconds = time.perf_counter() - began
        is_back = await _digest(ground) == before
        is_back &= ledger_comes_back(ground, made, Path(folder))
    spoilt = wrong + len(said) - said.count("")
    return DrillResult(
        scenario="ransomware",
        attacker="the database, overwritten with noise to its last row",
        # What is not as it was is lost, whoever was looked at.
        reached=spoilt if is_back else max(spoilt, 1),
        counts=SPOILT,
        bound=0,
        tried=2 * WRECKED,
        seconds=seconds,
        stopped_by=_BACK if is_back and not spoilt else NOBODY,
    )


async def _wreck(ground: Ground) -> None:
    connection = await connect(superuser(ground))
    await connection.execute_slowly(_WRECK)
    await connection.close()


async def _digest(ground: Ground) -> str:
    """Of every row, whoever's."""
    connection = await connect(superuser(ground))
    found = str(await connection.fetch_value(_DIGEST))
    await connection.close()
    return found


SCENARIOS: Scenarios = (
    Scenario("backup-theft", "The backups, stolen", backup_theft),
    Scenario("ransomware", "The database, overwritten", ransomware, WRECKED),
)
