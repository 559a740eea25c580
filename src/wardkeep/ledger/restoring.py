# SPDX-License-Identifier: Apache-2.0
"""Putting a copy of the ledger onto a machine that has none, and verifying it.

It is fetched beside first and takes its place whole: a kill leaves no half a ledger,
and the next run goes on with what is there.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from wardkeep.base.note_keys import NoteKey
from wardkeep.crypto.signing import VerifyKey
from wardkeep.ledger.backup import Manifest, Piece, Progress, newest_manifest
from wardkeep.ledger.depot import Depot, DepotError
from wardkeep.ledger.notes import last_note
from wardkeep.ledger.opening import CHECKPOINT_NAME, HISTORY_NAME, open_folder
from wardkeep.ledger.tiles import sync_folder, write_file
from wardkeep.ledger.verify import VerifyReport, verify_copy


class Against(msgspec.Struct, frozen=True, kw_only=True):
    """What a copy is held against."""

    key: VerifyKey
    origin: str
    witnesses: Sequence[NoteKey] = ()
    seen: str = ""
    """A checkpoint as a witness has it: a copy that is older is told of."""
    is_loss_accepted: bool = False
    """Whether a copy that lacks something takes its place all the same."""


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What was put back, as the verifier sees it."""

    report: VerifyReport
    is_in_place: bool
    """False: it was not whole, and lies beside in `.restoring`."""


def restore(
    folder: Path,
    depot: Depot,
    against: Against,
    *,
    progress: Progress = lambda _name: None,
) -> Restored:
    """Put the newest copy onto a machine that has no ledger, and verify it.

    Tiles, bundles and indexes are made anew. A copy that is not whole, or older than
    what a witness saw, stays beside, unless its loss is accepted.

    Raises:
        DepotError: there is no copy, or it cannot be read.
        LedgerDamagedError: what was copied is not a whole ledger.
        FileExistsError: there is a ledger in the folder already.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty: a ledger is never overwritten")
    manifest = newest_manifest(depot)
    if manifest is None:
        raise DepotError("there is no whole copy: no manifest was found")
    beside = folder.with_name(f".{folder.name}.restoring")
    beside.mkdir(mode=0o700, parents=True, exist_ok=True)
    _fetch_all(manifest, depot, beside, progress)
    key, origin = against.key, against.origin
    open_folder(beside, origin=origin, key=key).parts.close()
    report = verify_copy(
        beside, key, origin=origin, witnesses=against.witnesses, seen=against.seen
    )
    if not (report.is_whole or against.is_loss_accepted):
        return Restored(report=report, is_in_place=False)
    if folder.exists():
        folder.rmdir()
    beside.rename(folder)
    sync_folder(folder.parent)
    return Restored(report=report, is_in_place=True)


def _fetch_all(
    manifest: Manifest, depot: Depot, into: Path, progress: Progress
) -> None:
    pieces: dict[str, list[Piece]] = {}
    for piece in manifest.pieces:
        pieces.setdefault(piece.file, []).append(piece)
    for file, stretches in pieces.items():
        _fetch(file, stretches, depot, into)
        progress(file)
    last = last_note(into / HISTORY_NAME).note
    if last is None:
        raise DepotError("the newest copy has no checkpoint: it is no ledger's")
    write_file(into / CHECKPOINT_NAME, last)


def _fetch(file: str, stretches: Sequence[Piece], depot: Depot, into: Path) -> None:
    """One file, from its stretches in order; what is there already is kept."""
    path = into / file
    if path.name != file or file.startswith("."):
        raise DepotError(f"the manifest names {file!r}, which is no file of a ledger")
    if len(stretches) == 1 and path.exists() and _has(path, stretches[0]):
        return
    beside, part = into / f".{file}.new", into / f".{file}.part"
    # A stretch at a time: a history of years is larger than a memory.
    with beside.open("wb") as whole:
        beside.chmod(0o600)
        for one in stretches:
            depot.fetch(one.name, part)
            raw = part.read_bytes()
            part.unlink()
            if hashlib.sha256(raw).hexdigest() != one.sha256:
                raise DepotError(f"{one.name} is not what its manifest says")
            whole.write(raw)
        whole.flush()
        os.fsync(whole.fileno())
    beside.replace(path)


def _has(path: Path, piece: Piece) -> bool:
    return hashlib.sha256(path.read_bytes()).hexdigest() == piece.sha256
