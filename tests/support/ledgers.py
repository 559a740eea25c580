# SPDX-License-Identifier: Apache-2.0
"""Ledgers for tests: entries about nobody, in folders that go away."""

import contextlib
import resource
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from wardkeep.base.clock import FrozenClock
from wardkeep.crypto.signing import SigningKey
from wardkeep.ledger import segment
from wardkeep.ledger.entry import Entry, Subject, decode
from wardkeep.ledger.log import SEGMENT_BYTES, Ledger

KEY = SigningKey(bytes(range(32)))
ORIGIN = "localhost:8111/wardkeep-ledger"
CLOCK = FrozenClock(datetime(2026, 11, 23, 9, 41, tzinfo=UTC))
ACCOUNT = "0b0b0b0b-0000-4000-8000-000000000001"
OPENER = "0b0b0b0b-0000-4000-8000-00000000000a"


def entries_in(folder: Path) -> list[Entry]:
    """All of a ledger's, as its segments have them."""
    return [
        decode(frame.entry)
        for _, path in segment.segments_in(folder)
        for frame in segment.read_frames(path.read_bytes())
        if isinstance(frame, segment.Frame)
    ]


def entry_about(patient: str, *, number: int = 0, resources: int = 1) -> Entry:
    return Entry.about(
        at=1_764_000_000_000_000 + number,
        organisation=1,
        account=ACCOUNT,
        session="5e5510f0-0000-4000-8000-000000000001",
        role="doctor",
        purpose="direct-care",
        reason="",
        action="read",
        subjects=[
            Subject.about(
                patient=patient,
                tier="record",
                relationship="ward",
                resources=[("Observation", f"o-{n}", 1) for n in range(resources)],
            )
        ],
        outcome="grant",
        software="0",
    )


def opening(at: float, patient: str, relationship: str = "", **more: str) -> Entry:
    """What a nurse opened, at so many seconds since 1970; a stranger's record."""
    told = {"role": "ward_nurse", "action": "read", "outcome": "grant", **more}
    return Entry.about(
        at=int(at * 1_000_000),
        organisation=1,
        account=OPENER,
        session="s",
        purpose="direct-care",
        reason="",
        subjects=[
            Subject.about(
                patient=patient, tier="record", relationship=relationship, resources=()
            )
        ],
        software="0",
        **told,
    )


def open_ledger(folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> Ledger:
    return Ledger.open(
        folder,
        origin=ORIGIN,
        signing_key=KEY,
        clock=CLOCK,
        segment_bytes=segment_bytes,
    )


def fill(folder: Path, entries: int, *, segment_bytes: int = SEGMENT_BYTES) -> None:
    """A published ledger of so many entries, one commit each."""
    ledger = open_ledger(folder, segment_bytes=segment_bytes)
    for number in range(entries):
        ledger.append(entry_about(f"p-{number % 3}", number=number))
        ledger.commit()
    ledger.publish()
    ledger.close()


@contextlib.contextmanager
def full_at(size: int) -> Iterator[None]:
    """No file grows beyond so many bytes; the last write is taken in part."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def no_room_in(ledger: Path) -> Iterator[None]:
    """Files may grow as far as the segment is now; a small one is written yet."""
    with full_at(max(one.stat().st_size for one in ledger.glob("segment-*.ledger"))):
        yield


def chained_anew(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change a segment's entries and make its chain fit, as only a signature tells."""
    raw = path.read_bytes()
    header = segment.read_header(raw)
    assert header is not None
    chain, pieces = header.chain_before, [segment.header_bytes(header)]
    for frame in segment.read_frames(raw):
        assert isinstance(frame, segment.Frame)
        entry = change(frame.entry)
        chain = segment.next_chain(chain, entry)
        pieces.append(segment.frame_bytes(chain, entry))
    path.write_bytes(b"".join(pieces))
