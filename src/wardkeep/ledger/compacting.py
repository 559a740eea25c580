# SPDX-License-Identifier: Apache-2.0
"""Compaction: each closed segment gets its index and its Parquet, and is checked.

Run as `python -m wardkeep.ledger.compacting FOLDER ORIGIN KEY` by the warden, as a
process of the lowest priority: its own interpreter, so that the door never waits for
it. It has no secret: the public key is all that checking needs.
"""

import contextlib
import fcntl
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from wardkeep.crypto.signing import VerifyKey
from wardkeep.ledger.closed import (
    Closed,
    check_segment,
    closed_segments,
    index_of,
    leaves_now,
)
from wardkeep.ledger.leaves import Leaves, TilesDifferError
from wardkeep.ledger.opening import LedgerDamagedError
from wardkeep.ledger.parquet import (
    FOLDER,
    MAKING,
    parquet_path,
    told_segment,
    write_parquet,
)

Progress = Callable[[Closed], None]
IDLE = 19
LOCK = ".lock"


class Compacted(msgspec.Struct, kw_only=True):
    """What a turn did; `fault` names the place where the ledger is not as written."""

    segments: int = 0
    """Closed segments that there are."""
    checked: int = 0
    indexed: int = 0
    written: int = 0
    """Parquet files made."""
    fault: str = ""


def compact(
    folder: Path,
    key: VerifyKey,
    *,
    origin: str,
    check_all: bool = False,
    progress: Progress = lambda _one: None,
) -> Compacted:
    """See that every closed segment is checked once, and has its index and Parquet.

    With `check_all` those are read again that were checked before, and their indexes
    held against them. Nothing is done
    while another process does it.
    """
    done = Compacted()
    try:
        with _alone(folder) as is_alone:
            for one, leaves in _closed(folder, key, origin) if is_alone else ():
                done.segments += 1
                _do(folder, one, leaves, done, check_all=check_all)
                progress(one)
    except (LedgerDamagedError, TilesDifferError) as error:
        done.fault = str(error)
    return done


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Whether nobody else compacts; what a kill left half made is removed first."""
    if not folder.is_dir():
        yield False
        return
    beside = folder / FOLDER
    beside.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(beside / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        for half in beside.glob(f"{MAKING}*"):
            shutil.rmtree(half, ignore_errors=True)
        yield True
    finally:
        os.close(descriptor)


def _closed(
    folder: Path, key: VerifyKey, origin: str
) -> Iterator[tuple[Closed, Leaves]]:
    leaves = leaves_now(folder, key, origin=origin)
    if leaves is not None:
        for one in closed_segments(folder, covered=leaves.size):
            yield one, leaves


def _do(
    folder: Path, one: Closed, leaves: Leaves, done: Compacted, *, check_all: bool
) -> None:
    index = index_of(one)
    if index is None or check_all:
        check_segment(one, leaves, with_index=check_all)
        done.checked += 1
        done.indexed += index is None
        index = index_of(one)
    if index is None:
        return
    path = parquet_path(folder, one.path)
    if not path.exists() or (check_all and told_segment(path) != index.sha256.hex()):
        write_parquet(folder, one.path, sha256=index.sha256)
        done.written += 1


def main(arguments: list[str]) -> int:
    """One turn; what it did is one line of JSON."""
    folder, origin, key, *rest = arguments
    os.nice(IDLE)
    done = compact(
        Path(folder),
        VerifyKey(bytes.fromhex(key)),
        origin=origin,
        check_all="all" in rest,
    )
    sys.stdout.write(msgspec.json.encode(done).decode() + "\n")
    return 1 if done.fault else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
