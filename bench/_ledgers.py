# SPDX-License-Identifier: Apache-2.0
"""Ledgers of many millions of entries, written fast: a year of four thousand people.

Every byte is as the warden writes it: segments, tiles, signed checkpoints. Left out are
the fsyncs, the removal of partial tiles, and the bundles where the disk is short.

`python -m bench._ledgers FOLDER ENTRIES bundles|bare` writes one in a process beside.
"""

import sys
from collections.abc import Iterator
from functools import lru_cache
from itertools import cycle
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.ledgers import KEY, ORIGIN
from wardkeep.ledger import segment
from wardkeep.ledger.beginnings import told_of
from wardkeep.ledger.checkpoint import Checkpoint, sign
from wardkeep.ledger.entry import Entry, Subject, encode, pack_id
from wardkeep.ledger.log import SEGMENT_BYTES
from wardkeep.ledger.merkle import MerkleTree, leaf_hash
from wardkeep.ledger.opening import CHECKPOINT_NAME, HISTORY_NAME
from wardkeep.ledger.tiles import tile_path, write_file

ACCOUNTS, PATIENTS, ORGANISATIONS = 4_000, 1_000_000, 4
YEAR = 365 * 24 * 3600 * 1_000_000
BEGAN = 1_764_000_000_000_000
_MIX = 0x9E3779B97F4A7C15
_WORD = (1 << 64) - 1


def id_of(number: int) -> str:
    return str(UUID(int=(number + 1) * _MIX & (1 << 128) - 1, version=4))


@lru_cache(maxsize=PATIENTS)
def _packed(number: int) -> bytes:
    return pack_id(id_of(number))


def account_id(rank: int) -> str:
    return id_of(rank)


def patient_id(number: int) -> str:
    return id_of(ACCOUNTS + number)


def passkey_of(rank: int) -> bytes:
    return UUID(account_id(rank)).bytes


def address_of(rank: int) -> str:
    return f"203.0.{rank % 7}.{rank % 251}"


class Year:
    """Entries in the order of time: openings, lists, refusals, sign-ins, programs."""

    def __init__(self, entries: int) -> None:
        self._entries = entries
        # Zipf: the rank's logarithm is even.
        self._ranks = [int(ACCOUNTS ** (one / 65_536)) - 1 for one in range(65_536)]
        self._seen: dict[int, int] = {}

    def __iter__(self) -> Iterator[Entry]:
        chance = _MIX
        for number in range(self._entries):
            chance = (chance * 6364136223846793005 + 1442695040888963407) & _WORD
            rank = self._ranks[chance >> 48]
            at = BEGAN + number * YEAR // self._entries
            day = (at - BEGAN) // (24 * 3600 * 1_000_000)
            is_new = self._seen.get(rank) != day
            self._seen[rank] = day
            yield self._entry(rank, at, day, (chance >> 20) & 0xFFFFFFF, is_new=is_new)

    def _entry(
        self, rank: int, at: int, day: int, chance: int, *, is_new: bool
    ) -> Entry:
        kind = chance % 100
        session = _packed(10_000_000 + rank * 366 + day)
        is_program = rank % 10 == 3
        outcome = "refusal:reason-needed" if kind < 2 else "grant"
        action, subjects, request = "read", 1, ""
        if is_new:
            action, subjects, outcome = "sign-in", 0, "grant"
            device = f"Chrome on Windows, at {address_of(rank)}"
            request = told_of(passkey=passkey_of(rank), device=device)
        elif 2 <= kind < 10:
            action, subjects = "find", 5
        elif is_program:
            request = "search Observation code date"
        return Entry(
            1,
            at,
            1 + rank % ORGANISATIONS,
            _packed(rank),
            session,
            "service" if is_program else "nurse",
            "" if is_new else "direct-care",
            "rang about results from Tuesday" if kind > 90 else "",
            action,
            request,
            [
                _subject(chance + one, action, kind, is_granted=outcome == "grant")
                for one in range(subjects)
            ],
            outcome,
            "0.1.0",
        )


def _subject(chance: int, action: str, kind: int, *, is_granted: bool) -> Subject:
    patient = chance * 7919 % PATIENTS
    packed = _packed(ACCOUNTS + patient)
    if action == "find":
        return Subject(packed, "banner", "", {"Patient": [(packed, 1)]})
    resources = {
        "Observation": [(packed, 1 + one) for one in range(1 + kind % 4)],
        "Condition": [(packed, 1)],
    }
    return Subject(packed, "record", "ward team", resources if is_granted else {})


def write_year(folder: Path, entries: int, *, with_bundles: bool = True) -> None:
    """A ledger of so many entries, published at every segment's end and at its own."""
    folder.mkdir(mode=0o700, parents=True)
    writer = _Writer(folder, with_bundles=with_bundles)
    for entry in Year(entries):
        writer.add(encode(entry))
    writer.finish()


class _Writer:
    def __init__(self, folder: Path, *, with_bundles: bool) -> None:
        self._folder = folder
        self._tree = MerkleTree(self._tile)
        self._chain = segment.FIRST_CHAIN
        self._pieces: list[bytes] = []
        self._size = 0
        self._bundle: list[bytes] | None = [] if with_bundles else None
        self._made: set[Path] = set()
        self._published = 0
        self._begin()

    def _begin(self) -> None:
        self._path = segment.segment_path(self._folder, self._tree.size)
        header = segment.Header(first_index=self._tree.size, chain_before=self._chain)
        self._pieces = [segment.header_bytes(header)]
        self._size = len(self._pieces[0])

    def add(self, raw: bytes) -> None:
        if self._size >= SEGMENT_BYTES:
            self._publish()
            self._begin()
        self._chain = segment.next_chain(self._chain, raw)
        frame = segment.frame_bytes(self._chain, raw)
        self._pieces.append(frame)
        self._size += len(frame)
        self._tree.append(leaf_hash(raw))
        if self._bundle is not None:
            self._keep(raw)

    def _keep(self, raw: bytes) -> None:
        bundle = self._bundle
        if bundle is None:
            return
        bundle.append(len(raw).to_bytes(2, "big") + raw)
        if len(bundle) == 256:
            self._file("entries", self._tree.size // 256 - 1, 0, b"".join(bundle))
            bundle.clear()

    def _tile(self, level: int, index: int, hashes: bytes) -> None:
        self._file(level, index, 0, hashes)

    def _file(self, level: int | str, index: int, width: int, content: bytes) -> None:
        path = tile_path(self._folder, level, index, width)
        if path.parent not in self._made:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(path.parent)
        path.write_bytes(content)

    def finish(self) -> None:
        if self._bundle:
            width = len(self._bundle)
            self._file("entries", self._tree.size // 256, width, b"".join(self._bundle))
        self._publish()

    def _publish(self) -> None:
        """The segment so far, and a checkpoint over all that there is."""
        self._path.write_bytes(b"".join(self._pieces))
        for level, index, hashes in self._tree.partial_tiles():
            self._file(level, index, len(hashes) // 32, hashes)
        checkpoint = Checkpoint(
            origin=ORIGIN,
            size=self._tree.size,
            root=self._tree.root(),
            number=self._published,
        )
        note = sign(checkpoint, KEY)
        write_file(self._folder / CHECKPOINT_NAME, note.encode())
        with (self._folder / HISTORY_NAME).open("a", encoding="utf-8") as history:
            history.write(f"{note}\n")
        self._published += 1


def busiest(count: int) -> list[str]:
    """Accounts of every kind of work: the busiest, the middle, the rare."""
    ranks = cycle((0, 1, 3, 10, 40, 200, 1_000, 3_500))
    return [account_id(next(ranks) + one // 8) for one in range(count)]


if __name__ == "__main__":
    _where, _entries, _bundles = sys.argv[1:]
    write_year(Path(_where), int(_entries), with_bundles=_bundles == "bundles")
