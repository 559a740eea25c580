# SPDX-License-Identifier: Apache-2.0
"""Attacks on the ledger, by whoever owns the machine that it is on."""

import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from wardkeep.assembly.drills.by_session import EXPECTED
from wardkeep.assembly.drills.ground import Ground
from wardkeep.assembly.drills.result import (
    CHANGES,
    DrillResult,
    Scenario,
    Scenarios,
    unless_any,
)
from wardkeep.assembly.proof import ledger_name, signing_key
from wardkeep.base.clock import SystemClock
from wardkeep.base.note_keys import LOG, NoteKey
from wardkeep.ledger.log import Ledger
from wardkeep.ledger.opening import CHECKPOINT_NAME, COSIGNED_NAME, HISTORY_NAME
from wardkeep.ledger.segment import (
    Frame,
    frame_bytes,
    header_bytes,
    next_chain,
    read_frames,
    read_header,
    segments_in,
)
from wardkeep.ledger.verify import verify
from wardkeep.ledger.witness import Witness, log_id, request

_DAYS = 5
_OK = 200


async def ledger_edited(ground: Ground) -> DrillResult:
    """Root on the warden's disk takes one entry's traces away, byte by byte."""
    nurse = await ground.person("ward_nurse", expects=EXPECTED)
    await ground.reads(nurse.token, nurse.expected[0])
    ground.service.ledger.publish()
    began, unnoticed, tried = time.perf_counter(), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "ledger"
        shutil.copytree(ground.layout.ledger, copy)
        if not is_whole(ground, copy):
            message = "the true ledger is not whole: what is found says nothing"
            raise AssertionError(message)
        _, path = segments_in(copy)[-1]
        whole = path.read_bytes()
        for place in range(60, len(whole), max(1, len(whole) // 24)):
            path.write_bytes(
                whole[:place] + bytes((whole[place] ^ 1,)) + whole[place + 1 :]
            )
            tried += 1
            unnoticed += is_whole(ground, copy)
        path.write_bytes(whole[:-50])
        tried += 1
        unnoticed += is_whole(ground, copy)
        path.write_bytes(whole)
        write_anew(copy)
        tried += 1
        unnoticed += is_whole(ground, copy)
    return DrillResult(
        scenario="ledger-edited",
        attacker="root on the warden's disk, who edits or cuts off the ledger",
        reached=unnoticed,
        counts=CHANGES,
        bound=0,
        tried=tried,
        seconds=time.perf_counter() - began,
        stopped_by=unless_any(unnoticed, "the verifier names the place of each change"),
    )


def write_anew(copy: Path) -> None:
    """Entries gone, their chain worked out anew, and all that is signed taken away.

    As root without the signing key, in the last segment of a ledger's folder.
    """
    _, path = segments_in(copy)[-1]
    whole = path.read_bytes()
    header = read_header(whole)
    if header is None:
        raise AssertionError(path)
    chain, made = header.chain_before, header_bytes(header)
    for place, frame in enumerate(read_frames(whole)):
        if place % 2 and isinstance(frame, Frame):
            chain = next_chain(chain, frame.entry)
            made += frame_bytes(chain, frame.entry)
    path.write_bytes(made)
    for signed in (copy / CHECKPOINT_NAME, copy / HISTORY_NAME, copy / COSIGNED_NAME):
        signed.unlink(missing_ok=True)
    shutil.rmtree(copy / "tile")


def is_whole(
    ground: Ground,
    folder: Path,
    *,
    seen: str = "",
    witnesses: Sequence[NoteKey] = (),
) -> bool:
    """Whether the verifier finds nothing wrong with a copy of the ledger."""
    key, name = signing_key(ground.layout).verify_key, ledger_name(ground.settings)
    return verify(folder, key, origin=name, witnesses=witnesses, seen=seen).is_whole


async def ledger_rolled_back(ground: Ground) -> DrillResult:
    """Root puts yesterday's ledger back, with all keys, so that today never was."""
    nurse = await ground.person("ward_nurse", expects=EXPECTED)
    ledger, began = ground.service.ledger, time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        witness = witness_of(ground, Path(folder) / "witness")
        copies, size = [], 0
        for day, patient in enumerate(nurse.expected[:_DAYS]):
            await ground.reads(nurse.token, patient)
            ledger.publish()
            copies.append(Path(folder) / str(day))
            shutil.copytree(ground.layout.ledger, copies[-1])
            size = cosigned(ledger, witness, size)
        watched = witness.watched(log_id(ledger_name(ground.settings)))
        seen = watched.note if watched is not None else ""
        unnoticed = sum(
            is_whole(ground, copy, seen=seen, witnesses=[witness.key])
            for copy in copies[:-1]
        )
        if not is_whole(ground, copies[-1], seen=seen, witnesses=[witness.key]):
            message = "the true ledger does not fit what the witness saw"
            raise AssertionError(message)
    return DrillResult(
        scenario="ledger-rolled-back",
        attacker="root and every key, who puts an older ledger back",
        reached=unnoticed,
        counts=CHANGES,
        bound=0,
        tried=_DAYS - 1,
        seconds=time.perf_counter() - began,
        stopped_by=unless_any(unnoticed, "a witness elsewhere saw the newer one"),
    )


def witness_of(ground: Ground, folder: Path) -> Witness:
    """A witness elsewhere, which watches the ground's ledger."""
    public = signing_key(ground.layout).verify_key.public_bytes
    name = ledger_name(ground.settings)
    found = Witness.begin(folder, "witness.example.net/w1", SystemClock())
    found.watch(NoteKey(name=name, kind=LOG, public_bytes=public))
    return found


def cosigned(ledger: Ledger, witness: Witness, old: int) -> int:
    """The size that the witness signed."""
    found = ledger.continued(old)
    if found is None:
        message = "the ledger has no checkpoint"
        raise AssertionError(message)
    told = witness.add_checkpoint(request(old, found.proof, found.note))
    if told.status != _OK:
        raise AssertionError(told.body)
    return found.checkpoint.size


SCENARIOS: Scenarios = (
    Scenario("ledger-edited", "The ledger, edited", ledger_edited, EXPECTED),
    Scenario(
        "ledger-rolled-back", "An older ledger put back", ledger_rolled_back, EXPECTED
    ),
)
