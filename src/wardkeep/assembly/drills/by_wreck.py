# SPDX-License-Identifier: Apache-2.0
"""Attacks with stolen passwords and disks, and by the database's owner."""

import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from wardkeep.assembly.database import address_for
from wardkeep.assembly.drills.by_ledger import cosigned, is_whole, witness_of
from wardkeep.assembly.drills.by_session import EXPECTED
from wardkeep.assembly.drills.by_theft import files_in, searched
from wardkeep.assembly.drills.ground import HOME, DrillBrokenError, Ground
from wardkeep.assembly.drills.result import (
    CHANGES,
    DrillResult,
    Scenario,
    Scenarios,
    unless_any,
)
from wardkeep.assembly.proof import ledger_name
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection, connect
from wardkeep.db.roles import OWNER
from wardkeep.disclosure.answers import Refusal, SignedIn
from wardkeep.disclosure.questions import FinishSignIn
from wardkeep.ledger.witness import Watched, log_id

GUESSES = 50
_SECRETS = """
select count(*) from information_schema.columns
 where table_schema in ('warden', 'record', 'jobs', 'public')
   and column_name ~* '(password|passwort|passcode|security_question)'
"""


async def stolen_password(ground: Ground) -> DrillResult:
    """Everything that people remember and type; the warden takes none of it."""
    owner = await _owner(ground)
    kept = await owner.fetch_value(_SECRETS)
    await owner.close()
    if kept:
        message = f"{kept} columns could hold a password"
        raise AssertionError(message)
    began, reached = time.perf_counter(), 0
    for guess in range(GUESSES):
        typed = msgspec.json.encode(
            {"username": "nurse", "password": f"Winter{guess}!"}
        )
        answer = await ground.door.ask(FinishSignIn(typed, "drill"), SignedIn)
        reached += not isinstance(answer, Refusal)
    return DrillResult(
        scenario="stolen-password",
        attacker="everything that a person remembers or types",
        reached=reached,
        bound=0,
        tried=GUESSES,
        seconds=time.perf_counter() - began,
        stopped_by=unless_any(
            reached, "there is no password: only a passkey's signature signs in"
        ),
    )


async def disk_theft(ground: Ground) -> DrillResult:
    """The disk of the machine that serves pages: all but the warden's own folder."""
    everything = files_in((ground.layout.data,))
    return searched(
        "disk-theft",
        "the disk that the web process and the database are on",
        (one for one in everything if ground.layout.warden not in one.parents),
    )


async def ledger_and_the_owner(ground: Ground) -> DrillResult:
    """The database's owner looks for the traces of an opening, to take them away."""
    nurse = await ground.person("ward_nurse", expects=EXPECTED)
    began, found, tried = time.perf_counter(), 0, 0
    owner = await _owner(ground)
    for table in await owner.fetch(
        "select quote_ident(table_schema) || '.' || quote_ident(table_name) as name"
        "  from information_schema.tables where table_schema in ('warden', 'record')"
    ):
        tried += 1
        before = await _rows(owner, table["name"])
        await ground.reads(nurse.token, nurse.expected[tried % EXPECTED])
        found += await _rows(owner, table["name"]) != before
    # What the owner can take away: who is told of it. The ledger has it all the same.
    await owner.execute("delete from warden.alarm")
    await owner.close()
    ground.service.ledger.publish()
    if not is_whole(ground, ground.layout.ledger):
        found += 1
    return DrillResult(
        scenario="ledger-and-the-owner",
        attacker="the database's owner, who takes traces of an opening away",
        reached=found,
        counts=CHANGES,
        bound=0,
        tried=tried,
        seconds=time.perf_counter() - began,
        stopped_by=unless_any(
            found, "no table has a trace: the ledger is the warden's own files"
        ),
    )


async def _rows(owner: Connection, table: str) -> int:
    """How many rows a table of the catalogue has now."""
    counted = await owner.fetch_value(f"select count(*) from {table}")  # noqa: S608
    return int(counted)


async def witness_offline(ground: Ground) -> DrillResult:
    """The witness is cut off, and an older ledger put back while it does not look."""
    nurse = await ground.person("ward_nurse", expects=EXPECTED)
    ledger, began = ground.service.ledger, time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        witness = witness_of(ground, Path(folder) / "witness")
        older = await _days(ground, nurse.token, nurse.expected[:2], Path(folder))
        size = cosigned(ledger, witness, 0)
        # Cut off: care goes on, and what it signed before cannot be taken back.
        newer = await _days(ground, nurse.token, nurse.expected[2:4], Path(folder))
        seen = _note(witness.watched(log_id(ledger_name(ground.settings))))
        unnoticed = sum(
            is_whole(ground, one, seen=seen, witnesses=[witness.key])
            for one in older[:-1]
        )
        if not is_whole(ground, newer[-1], seen=seen, witnesses=[witness.key]):
            message = "care did not go on without the witness"
            raise DrillBrokenError(message)
        # Back: it signs what it missed.
        if cosigned(ledger, witness, size) <= size:
            message = "the witness did not catch up"
            raise DrillBrokenError(message)
    return DrillResult(
        scenario="witness-offline",
        attacker="root, who cuts the witness off and puts an older ledger back",
        reached=unnoticed,
        counts=CHANGES,
        bound=0,
        tried=len(older) - 1,
        seconds=time.perf_counter() - began,
        stopped_by=unless_any(
            unnoticed,
            "what it signed before stays; it signs the rest when it is back",
        ),
    )


async def _days(
    ground: Ground, token: str, patients: Sequence[str], folder: Path
) -> list[Path]:
    """A day for each patient: opened, published, and the ledger copied."""
    copies = []
    for patient in patients:
        await ground.reads(token, patient)
        ground.service.ledger.publish()
        copies.append(folder / f"day-{patient}")
        shutil.copytree(ground.layout.ledger, copies[-1])
    return copies


def _note(watched: Watched | None) -> str:
    return "" if watched is None else watched.note


async def _owner(ground: Ground) -> Connection:
    owner = await connect(address_for(ground.settings, ground.layout, OWNER))
    await owner.serve(OrganisationId(ground.numbers[HOME]))
    return owner


SCENARIOS: Scenarios = (
    Scenario("stolen-password", "What people remember", stolen_password),
    Scenario("disk-theft", "The disk, stolen", disk_theft),
    Scenario(
        "ledger-and-the-owner", "The database's owner", ledger_and_the_owner, EXPECTED
    ),
    Scenario("witness-offline", "The witness, cut off", witness_offline, EXPECTED),
)
