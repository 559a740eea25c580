# SPDX-License-Identifier: Apache-2.0
"""Reach: whom an incident reached of one organisation, read by a process beside.

Run as `python -m wardkeep.ledger.reaching` by the warden, of the lowest priority, with
a `Job` as JSON on its standard input: its own interpreter, so that the door never waits
for it. Who is a canary comes in by that pipe and goes onto no disk. It tells how many
entries it has read, a number a line, and at last a `Reach` as JSON.
"""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from wardkeep.crypto.signing import VerifyKey
from wardkeep.ledger.onward import MOST_NAMED, OnwardSum
from wardkeep.ledger.scope import PersonReached, Scope, scope_of
from wardkeep.ledger.together import together
from wardkeep.ledger.wanted import Wanted
from wardkeep.ledger.whole_files import put

PEOPLE, SUMMARY = "people.jsonl", "reach.json"
IDLE = 19
MOST_FAULTS = 20
_SEALED = "sealed"
Progress = Callable[[int], None]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be read, and where the answer goes."""

    ledger: str
    """The ledger's folder."""
    origin: str
    key: str
    """The ledger's public key, in hexadecimal."""
    organisation: int
    selectors: tuple[Wanted, ...]
    at: int
    """When it was asked for (UTC microseconds since 1970): later ones do not count."""
    canaries: tuple[str, ...]
    """Patients of the organisation who do not exist."""
    folder: str
    """Where the people are written to."""


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """What the people come to; the people themselves are in the file beside."""

    at: int
    people: int
    opened: int
    """Whose record was opened; the rest were shown in lists, or `looked_only`."""
    records: int
    """Resources, each version counted."""
    sealed: int
    """People of whom something that is kept apart was seen."""
    first: int
    """UTC microseconds since 1970; 0 where nobody was reached."""
    last: int
    types: tuple[tuple[str, int], ...]
    """FHIR types, each with of how many people."""
    is_whole: bool
    faults: tuple[str, ...]
    entries_read: int
    root: str
    checkpoint: str
    certainly_not: tuple[str, ...]
    canaries: int
    sessions: tuple[tuple[str, ...], ...]
    """For each selector those that a passkey or an address was followed to."""
    onward: tuple[OnwardSum, ...] = ()
    """Where what was seen went on to: `MOST_NAMED` at most, the most people first."""
    onward_more: int = 0
    """How many more destinations there were."""
    looked: int = 0
    """People whose list of who opened their record was read."""
    looked_only: int = 0
    """Of these whose nothing else was seen."""
    unknown: tuple[tuple[str, str], ...] = ()
    """Of the selectors what no entry tells of, as `device` and its id."""
    looked_at: int = 0
    """Records under a number in other lists of openings that were read: not reached."""


class Found(NamedTuple):
    """One portion of the people, and where the next begins; -1: there are no more."""

    people: list[PersonReached]
    next: int


def reach(job: Job, *, progress: Progress = lambda _done: None) -> Reach:
    """Read the ledger for each selector, and write whom they reached."""
    scopes = []
    for wanted in job.selectors:
        scope = scope_of(
            Path(job.ledger),
            VerifyKey(bytes.fromhex(job.key)),
            bounded(wanted, organisation=job.organisation, at=job.at),
            origin=job.origin,
            progress=progress,
        )
        scopes.append(scope)
    sessions = tuple(tuple(one.sessions) for one in scopes)
    unknown = tuple(
        (name, str(getattr(wanted, name)))
        for wanted, one in zip(job.selectors, scopes, strict=True)
        for name in one.unknown
    )
    whole = together(scopes)
    whole.set_apart({(job.organisation, one) for one in job.canaries})
    folder = Path(job.folder)
    put(folder / PEOPLE, b"".join(map(_line, whole.people)))
    made = msgspec.structs.replace(_sum(whole, job.at, sessions), unknown=unknown)
    put(folder / SUMMARY, msgspec.json.encode(made))
    return made


def bounded(wanted: Wanted, *, organisation: int, at: int) -> Wanted:
    """Within the organisation and up to when it was asked for, whatever was typed."""
    until = min(wanted.until or at, at)
    return msgspec.structs.replace(wanted, organisation=organisation, until=until)


def _line(person: PersonReached) -> bytes:
    return msgspec.json.encode(person) + b"\n"


def _sum(scope: Scope, at: int, sessions: tuple[tuple[str, ...], ...]) -> Reach:
    types: Counter[str] = Counter()
    for one in scope.people:
        types.update({found.type for found in one.resources})
    onward = scope.onward
    return Reach(
        at=at,
        people=len(scope.people),
        opened=scope.opened,
        records=scope.resources,
        sealed=sum(1 for one in scope.people if _SEALED in one.tiers),
        first=min((one.first for one in scope.people), default=0),
        last=max((one.last for one in scope.people), default=0),
        types=tuple(types.most_common()),
        is_whole=scope.is_whole,
        faults=tuple(scope.faults[:MOST_FAULTS]),
        entries_read=scope.entries_read,
        root=scope.root,
        checkpoint=scope.checkpoint,
        certainly_not=tuple(scope.certainly_not),
        canaries=len(scope.canaries),
        sessions=sessions,
        onward=onward[:MOST_NAMED],
        onward_more=max(0, len(onward) - MOST_NAMED),
        looked=sum(1 for one in scope.people if one.looked_at),
        looked_only=scope.looked_at_only,
        looked_at=len(scope.looked_at),
    )


def read_reach(folder: Path) -> Reach | None:
    """What was found; None where nothing was, or its file cannot be read."""
    try:
        return msgspec.json.decode((folder / SUMMARY).read_bytes(), type=Reach)
    except (OSError, msgspec.DecodeError):
        return None


def people_in(folder: Path, place: int, *, most: int, bytes_at_most: int) -> Found:
    """Some of the people, from a byte of the file on; one at least, if there are any.

    Raises:
        OSError: the file cannot be read.
        msgspec.DecodeError: no line begins there, or it is damaged.
    """
    people: list[PersonReached] = []
    read = 0
    with (folder / PEOPLE).open("rb") as file:
        file.seek(max(place, 0))
        for line in file:
            if people and (len(people) >= most or read + len(line) > bytes_at_most):
                return Found(people, max(place, 0) + read)
            people.append(msgspec.json.decode(line, type=PersonReached))
            read += len(line)
    return Found(people, -1)


def everybody_in(folder: Path) -> Iterator[PersonReached]:
    """All the people, one by one. Raises as `people_in`."""
    with (folder / PEOPLE).open("rb") as file:
        for line in file:
            yield msgspec.json.decode(line, type=PersonReached)


def main() -> int:
    """One job; what it came to is the last line."""
    os.nice(IDLE)
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)

    def tell(done: int) -> None:
        sys.stdout.write(f"{done}\n")
        sys.stdout.flush()

    made = reach(job, progress=tell)
    sys.stdout.write(msgspec.json.encode(made).decode() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
