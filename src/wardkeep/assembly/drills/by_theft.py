# SPDX-License-Identifier: Apache-2.0
"""Attacks with what was copied or forged: keys, databases, relationships."""

import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from wardkeep.assembly.database import WEB, address_for
from wardkeep.assembly.drills.by_session import WORDS, Haul
from wardkeep.assembly.drills.ground import HOME, NHS_NUMBERS, SURNAME, Ground
from wardkeep.assembly.drills.programs import stolen_program
from wardkeep.assembly.drills.result import (
    IN_COPIES,
    NOBODY,
    DrillResult,
    Scenario,
    Scenarios,
    after,
    unless_any,
)
from wardkeep.db.connection import connect
from wardkeep.db.errors import DatabaseRefusedError
from wardkeep.disclosure.answers import Done
from wardkeep.disclosure.questions import (
    AddRelationships,
)
from wardkeep.identity.roles import REACH, Role
from wardkeep.warden.budgets import TRIES

CONTRACT = 60
_LOOKED_FOR = 50


async def stolen_program_key(ground: Ground) -> DrillResult:
    """A program's private key, used for an hour as fast as it goes."""
    token = await stolen_program(
        ground, scope="system/Patient.rs", patients_per_hour=CONTRACT
    )
    began, reached, tried, said = time.perf_counter(), 0, 0, ""
    for patient in ground.patients[HOME][: CONTRACT * 3]:
        tried += 1
        said = await ground.reads(token, patient)
        reached += not said
    return DrillResult(
        scenario="stolen-program-key",
        attacker=f"a program's private key, with a contract of {CONTRACT} an hour",
        reached=reached,
        bound=CONTRACT,
        tried=tried,
        seconds=time.perf_counter() - began,
        stopped_by=WORDS.get(said, said),
    )


async def database_dump(ground: Ground) -> DrillResult:
    """Every byte of the database's folder, searched for what was planted."""
    return searched(
        "database-dump",
        "a copy of the whole database, as from its backup or its disk",
        files_in((ground.layout.database,)),
    )


def files_in(folders: Iterable[Path]) -> Iterator[Path]:
    """Every file below some folders."""
    for folder in folders:
        yield from (one for one in sorted(folder.rglob("*")) if one.is_file())


def searched(scenario: str, attacker: str, files: Iterable[Path]) -> DrillResult:
    """What of names, addresses and NHS numbers can be read in the files as they lie.

    Where no row of the ground's lies in them, nothing was tried.
    """
    began, fields, rows, tried = time.perf_counter(), 0, 0, 0
    words = (SURNAME.encode(), b"Nowhere Lane")
    numbers = re.compile("|".join(NHS_NUMBERS).encode())
    for path in files:
        raw = path.read_bytes()
        tried += 1
        rows += raw.count(HOME.encode() + b"-0")
        fields += sum(raw.count(one) for one in words) + len(numbers.findall(raw))
    # Ids tell nothing of anybody: they lie open, and so tell that the rows are there.
    sealed = "rows are sealed under keys that are not there" if rows else NOBODY
    return DrillResult(
        scenario=scenario,
        attacker=attacker,
        reached=fields,
        counts=IN_COPIES,
        bound=0,
        tried=tried if rows else 0,
        seconds=time.perf_counter() - began,
        stopped_by=unless_any(fields, sealed),
    )


async def forged_relationships(ground: Ground) -> DrillResult:
    """An account is made to expect everybody: by the web's password, then for true."""
    nurse = await ground.person("ward_nurse")
    await _try_to_write(ground, nurse.account)
    pairs = tuple((nurse.account, one, "ward") for one in ground.patients[HOME])
    await ground.operator.ask(AddRelationships(HOME, pairs), Done)
    haul = Haul(ground, nurse)
    for patient in ground.patients[HOME]:
        if not await haul.take(patient):
            break
    budget = Role.WARD_NURSE.budget
    return DrillResult(
        scenario="forged-relationships",
        attacker="relationships of one account with every patient there is",
        reached=len(haul.reached),
        bound=budget.expected + REACH,
        tried=haul.tried,
        seconds=haul.seconds,
        stopped_by=after("a role can expect so many; then ", haul.stop),
    )


async def _try_to_write(ground: Ground, account: str) -> None:
    """With the web role's own password: its role may not even look there."""
    connection = await connect(address_for(ground.settings, ground.layout, WEB))
    try:
        await connection.execute(
            "insert into warden.relationship"
            " (organisation, account, patient, kind, valid_from)"
            " select 1, $1::uuid, id, 'ward', now() from record.patient",
            account,
        )
    except DatabaseRefusedError:
        return
    finally:
        await connection.close()
    message = "the web role wrote a relationship"
    raise AssertionError(message)


async def supplier(ground: Ground) -> DrillResult:
    """A supporter's account with its passkey, and no organisation's grant."""
    supporter = (await ground.person("support", organisation="support")).token
    began, tried, reached, said = time.perf_counter(), 0, 0, ""
    for patient in ground.patients[HOME][:_LOOKED_FOR]:
        tried += 1
        said = await ground.reads(supporter, patient)
        reached += not said
    return DrillResult(
        scenario="supplier",
        attacker="the operator's support account and its passkey, without a grant",
        reached=reached,
        bound=0,
        tried=tried,
        seconds=time.perf_counter() - began,
        stopped_by=WORDS.get(said, said),
    )


SCENARIOS: Scenarios = (
    Scenario(
        "stolen-program-key",
        "A program's stolen key",
        stolen_program_key,
        3 * CONTRACT,
    ),
    Scenario("supplier", "The supplier's account", supplier, _LOOKED_FOR),
    Scenario("database-dump", "The database, copied", database_dump),
    Scenario(
        "forged-relationships",
        "Forged relationships",
        forged_relationships,
        Role.WARD_NURSE.budget.expected + REACH + TRIES + 1,
    ),
)
