# SPDX-License-Identifier: Apache-2.0
"""Scope: exactly what an account or session was given, and proof that it is all.

Needs the files and the public key, and nothing of the server. Every entry is read and
hashed: where the root is that of the signed checkpoint, nothing was left out, and
whoever is not named here was not disclosed in this scope.
"""

import base64
import mmap
import struct
from collections.abc import Callable, Iterable, Iterator, Set as AbstractSet
from pathlib import Path
from typing import TypeAlias

import msgspec

from wardkeep.crypto.signing import VerifyKey
from wardkeep.ledger import segment
from wardkeep.ledger.beginnings import phone_until_in
from wardkeep.ledger.checkpoint import (
    Checkpoint,
    CheckpointRefusedError,
    open_checkpoint,
)
from wardkeep.ledger.entry import Entry, EntryDamagedError
from wardkeep.ledger.known import Unknown
from wardkeep.ledger.looks import is_by_number, is_look
from wardkeep.ledger.merkle import MerkleTree, Prover, leaf_hash
from wardkeep.ledger.onward import (
    MOST_NAMED,
    SEND,
    Messages,
    Onward,
    OnwardSum,
    sent_to,
    sum_up,
    way_of,
)
from wardkeep.ledger.opening import CHECKPOINT_NAME
from wardkeep.ledger.succession import follow
from wardkeep.ledger.tiles import tile_path
from wardkeep.ledger.wanted import GRANTED, Selection, Wanted

SHOWN_IN_LIST = "find"
_CARRIED, _DELETED = "carry", "delete"
ALL, NONE = "all", "none"
TIERS = ("banner", "record", "sealed")
"""The parts of a patient's record, each under a key of its own."""
_FRAME = struct.Struct(">I32s")
_EACH = 50_000
Progress = Callable[[int], None]
_People: TypeAlias = "dict[tuple[int, str], PersonReached]"
"""By organisation and patient."""


class Disclosed(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One version of one resource."""

    type: str
    id: str
    version: int
    first: int
    last: int
    """UTC microseconds since 1970."""
    onward: tuple[str, ...] = ()
    """Where it went on to: the `word` of its person's `onward`."""
    tier: str = ""
    """The part of the record whose key it is sealed under."""
    elements: str = ALL
    """Which of its elements the key could read; `none` of what was deleted alone."""


class PersonReached(msgspec.Struct, kw_only=True):
    """One patient, and what of theirs left the store."""

    patient: str
    organisation: int
    first: int
    last: int
    openings: int = 0
    """Times that the record was opened, searched, written or its keys given."""
    listed: int = 0
    """Times that the person was shown in a list."""
    looked_at: list[int] = msgspec.field(default_factory=list)
    """Entries by which the list of who opened the record was read: these are among
    `entries`, and no openings."""
    on_phone_until: int = 0
    """Until when what was given lay on a phone at the longest, sealed, UTC
    microseconds since 1970; 0: it lay on none."""
    tiers: list[str] = msgspec.field(default_factory=list)
    purposes: list[str] = msgspec.field(default_factory=list)
    reasons: list[str] = msgspec.field(default_factory=list)
    resources: list[Disclosed] = msgspec.field(default_factory=list)
    entries: list[int] = msgspec.field(default_factory=list)
    onward: list[Onward] = msgspec.field(default_factory=list)
    """Where something of it went on to, beyond the screen of who asked."""

    @property
    def is_looked_at_only(self) -> bool:
        """Whether nothing was seen but who opened the record."""
        return bool(self.looked_at) and not (self.openings or self.listed)


class Proof(msgspec.Struct, kw_only=True):
    """That an entry is in the tree of the checkpoint (RFC 9162, 2.1.3)."""

    entry: int
    content: str
    """The entry's bytes in base64; its leaf is SHA-256(0x00, bytes)."""
    path: list[str]
    """Hashes in hexadecimal, from the leaf up."""


class Scope(msgspec.Struct, kw_only=True):
    """What was disclosed, and whether that is surely all."""

    is_whole: bool = False
    """Whether all entries were read, and hash to the signed checkpoint."""
    faults: list[str] = msgspec.field(default_factory=list)
    entries_read: int = 0
    entries_covered: int = 0
    """Those that the checkpoint vouches for; the rest came in the last second."""
    entries_matching: int = 0
    refusals: int = 0
    """Questions that were answered with nothing."""
    root: str = ""
    checkpoint: str = ""
    """The signed note."""
    unknown: list[str] = msgspec.field(default_factory=list)
    """Of what was asked for, as `account`, that of which no entry tells at any time, of
    the organisation if one was named: so nothing is proven about it."""
    sessions: list[str] = msgspec.field(default_factory=list)
    """Those that a passkey or an address was followed through."""
    looked_at: list[PersonReached] = msgspec.field(default_factory=list)
    """Whose records stood, under a number, in lists of openings that were read. Nothing
    was opened by it; who is among `people` besides was reached otherwise."""
    people: list[PersonReached] = msgspec.field(default_factory=list)
    certainly_not: list[str] = msgspec.field(default_factory=list)
    """What was not disclosed in this scope; empty where that cannot be said."""
    proofs: list[Proof] = msgspec.field(default_factory=list)
    canaries: list[PersonReached] = msgspec.field(default_factory=list)
    """What was reached of patients who do not exist: there is nobody to tell."""
    is_known_who_exists: bool = False
    """Whether the canaries are no more among the people."""

    def set_apart(self, canaries: AbstractSet[tuple[int, str]]) -> None:
        """Take canaries, as (organisation, patient), out of the people."""
        people, self.people = self.people, []
        for one in people:
            is_nobody = (one.organisation, one.patient) in canaries
            (self.canaries if is_nobody else self.people).append(one)
        self.looked_at = [
            one
            for one in self.looked_at
            if (one.organisation, one.patient) not in canaries
        ]
        self.is_known_who_exists = True

    @property
    def opened(self) -> int:
        return sum(1 for one in self.people if one.openings)

    @property
    def listed_only(self) -> int:
        unopened = sum(1 for one in self.people if not one.openings)
        return unopened - self.looked_at_only

    @property
    def looked_at_only(self) -> int:
        return sum(1 for one in self.people if one.is_looked_at_only)

    @property
    def resources(self) -> int:
        return sum(len(one.resources) for one in self.people)

    @property
    def onward(self) -> tuple[OnwardSum, ...]:
        """Where what was given went on to, each with of how many people."""
        return onward_of(self.people)


def scope_of(
    folder: Path,
    key: VerifyKey,
    wanted: Wanted,
    *,
    origin: str,
    with_proofs: bool = False,
    progress: Progress = lambda _done: None,
) -> Scope:
    """Read a ledger's folder; what cannot be read or proven is a fault, by name."""
    found = _Reading(folder, wanted, progress)
    checkpoint = found.read_checkpoint(key, origin)
    found.read_segments(checkpoint)
    if with_proofs and checkpoint is not None:
        found.prove(checkpoint.size)
    return found.finish()


def onward_of(people: Iterable[PersonReached]) -> tuple[OnwardSum, ...]:
    """Where something of all these people went on to, the most people first."""
    return sum_up(
        (one.onward, (found.onward for found in one.resources)) for one in people
    )


class _Reading:
    def __init__(self, folder: Path, wanted: Wanted, progress: Progress) -> None:
        self._folder = folder
        self._selection = Selection(wanted)
        self._unknown = Unknown(wanted)
        self._progress = progress
        self._tree = MerkleTree(lambda _level, _index, _hashes: None)
        self._people: _People = {}
        self._by_number: _People = {}
        self._resources: dict[tuple[int, str, str, str, int], Disclosed] = {}
        self._onward: dict[tuple[int, str, str, str], Onward] = {}
        self._messages = Messages()
        self._matching: list[tuple[int, bytes]] = []
        self._covered = -1
        self._root = b""
        self.scope = Scope()
        self._tile = (-1, -1, b"")

    def read_checkpoint(self, key: VerifyKey, origin: str) -> Checkpoint | None:
        path = self._folder / CHECKPOINT_NAME
        try:
            note = path.read_bytes().decode()
            keys = follow(self._folder, key, origin=origin)
            found = open_checkpoint(note, origin=origin, key=keys)
        except (OSError, UnicodeDecodeError, CheckpointRefusedError) as error:
            self.scope.faults.append(f"{CHECKPOINT_NAME}: {error}")
            return None
        self.scope.checkpoint, self.scope.entries_covered = note, found.size
        return found

    def read_segments(self, checkpoint: Checkpoint | None) -> None:
        size = 0 if checkpoint is None else checkpoint.size
        tree = self._tree
        root = tree.root() if size == 0 else b""
        for raw in self._entries():
            tree.append(leaf_hash(raw))
            if tree.size == size:
                root = tree.root()
            self._weigh(tree.size - 1, raw)
            if tree.size % _EACH == 0:
                self._progress(tree.size)
        self.scope.entries_read = tree.size
        self.scope.root = root.hex()
        if checkpoint is None:
            return
        if tree.size < size:
            wrong = f"it vouches for {size} entries, and there are {tree.size}"
            self.scope.faults.append(f"{CHECKPOINT_NAME}: {wrong}")
        elif root != checkpoint.root:
            wrong = "the entries do not have its root: something was changed"
            self.scope.faults.append(f"{CHECKPOINT_NAME}: {wrong}")

    def _entries(self) -> Iterator[bytes]:
        """Every entry's bytes, in order, straight from the mapped files."""
        for first, path in segment.segments_in(self._folder):
            if first != self._tree.size:
                wrong = f"it begins at entry {first}, not {self._tree.size}"
                self.scope.faults.append(f"{path.name}: {wrong}")
            with path.open("rb") as file:
                if path.stat().st_size <= segment.HEADER_BYTES:
                    continue
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                    yield from self._in(path, mapped)

    def _in(self, path: Path, mapped: mmap.mmap) -> Iterator[bytes]:
        place, end = segment.HEADER_BYTES, len(mapped)
        overhead, unpack = _FRAME.size, _FRAME.unpack_from
        while place + overhead <= end:
            length, _ = unpack(mapped, place)
            start = place + overhead
            place = start + length
            if place > end:
                break
            yield mapped[start:place]
        if place != end:
            self.scope.faults.append(f"{path.name}: it ends inside an entry")

    def _weigh(self, position: int, raw: bytes) -> None:
        self._unknown.weigh(raw)
        try:
            entry = self._selection.take(raw)
            later = self._messages.sent_by(raw) if entry is None else None
        except EntryDamagedError:
            self.scope.faults.append(f"entry {position}: it cannot be read")
            return
        if later is not None:
            self._matching.append((position, raw))
            self._add_sent(position, later)
        if entry is None:
            return
        self.scope.entries_matching += 1
        self._matching.append((position, raw))
        if entry.outcome != GRANTED:
            self.scope.refusals += 1
            return
        if entry.purpose:
            self._messages.note(entry)
            self._add(position, entry)

    def _add(self, position: int, entry: Entry) -> None:
        if is_by_number(entry):
            way, people = None, self._by_number
        else:
            way, people = way_of(entry), self._people
        for subject in entry.subjects:
            if not subject.packed_patient:
                continue
            person = _person(people, entry, subject.patient)
            if not person.entries or person.entries[-1] != position:
                _count(person, position, entry)
            _note(person.tiers, subject.tier)
            _note(person.purposes, entry.purpose)
            _note(person.reasons, entry.reason)
            person.last = max(person.last, entry.at)
            if entry.action == _CARRIED:
                until = phone_until_in(entry.request)
                person.on_phone_until = max(person.on_phone_until, until)
            onward = way and self._went(entry, person, way, position)
            for type_, id_, version in subject.resources():
                found = self._resource(entry, person, (type_, id_, version))
                found.tier = found.tier or subject.tier
                if onward:
                    _mark(found, onward)

    def _resource(
        self, entry: Entry, person: PersonReached, ref: tuple[str, str, int]
    ) -> Disclosed:
        key = (person.organisation, person.patient, *ref)
        known = self._resources.get(key)
        if known is None:
            type_, id_, version = ref
            known = self._resources[key] = Disclosed(
                type=type_,
                id=id_,
                version=version,
                first=entry.at,
                last=entry.at,
                elements=NONE,
            )
            person.resources.append(known)
        else:
            known.last = max(known.last, entry.at)
        if entry.action != _DELETED:
            known.elements = ALL
        return known

    def _add_sent(self, position: int, entry: Entry) -> None:
        """A program sent what was written in this scope: its entry is none of it."""
        way = (SEND, sent_to(entry))
        for subject in entry.subjects:
            person = self._people.get((entry.organisation, subject.patient))
            if person is None:
                continue
            onward = self._went(entry, person, way, position)
            for ref in subject.resources():
                key = (person.organisation, person.patient, *ref)
                if key in self._resources:
                    _mark(self._resources[key], onward)

    def _went(
        self, entry: Entry, person: PersonReached, way: tuple[str, str], position: int
    ) -> Onward:
        """Where something of a person went; of too many names the rest as one."""
        how, to = way
        whose = (person.organisation, person.patient)
        known = self._onward.get((*whose, how, to))
        if known is None and len(person.onward) >= MOST_NAMED:
            to = ""
            known = self._onward.get((*whose, how, to))
        if known is None:
            known = self._onward[(*whose, how, to)] = Onward(
                way=how, to=to, first=entry.at, last=entry.at
            )
            person.onward.append(known)
        known.first, known.last = min(known.first, entry.at), max(known.last, entry.at)
        if position not in known.entries[-1:]:
            known.entries.append(position)
        return known

    def prove(self, size: int) -> None:
        """A path for each entry that the checkpoint covers."""
        if self.scope.faults or self._tree.size != size:
            self._rebuild_to(size)
        prover = Prover(self._tree, self._load)
        for position, raw in self._matching:
            if position < size and not self.scope.faults:
                path = prover.inclusion(position, size)
                self.scope.proofs.append(
                    Proof(
                        entry=position,
                        content=base64.b64encode(raw).decode(),
                        path=[one.hex() for one in path],
                    )
                )

    def _rebuild_to(self, size: int) -> None:
        """The tree as the checkpoint has it: without what came after."""
        tree = self._tree = MerkleTree(lambda _level, _index, _hashes: None)
        for raw in self._entries():
            if tree.size >= size:
                break
            tree.append(leaf_hash(raw))

    def _load(self, level: int, index: int) -> bytes:
        """A tile; the same one is asked for several times in a proof."""
        if self._tile[:2] != (level, index):
            content = tile_path(self._folder, level, index).read_bytes()
            self._tile = (level, index, content)
        return self._tile[2]

    def finish(self) -> Scope:
        scope = self.scope
        scope.is_whole = not scope.faults
        scope.people, scope.looked_at = (
            sorted(one.values(), key=lambda one: one.first)
            for one in (self._people, self._by_number)
        )
        scope.sessions = self._selection.sessions
        # A session that began elsewhere may have gone on here.
        scope.unknown = [] if scope.entries_matching else self._unknown.names
        if scope.is_whole:
            scope.certainly_not = _certainly_not(scope)
        return scope


def _certainly_not(scope: Scope) -> list[str]:
    """All entries were read: what none of them names did not leave the store."""
    given = {tier for person in scope.people for tier in person.tiers}
    never = [
        f"No {tier} part of anybody's record." for tier in TIERS if tier not in given
    ]
    return [
        "Any part of the record of anybody who is not among the people named here.",
        "Any resource, or version of one, that is not listed with its person.",
        *never,
    ]


def _person(people: _People, entry: Entry, patient: str) -> PersonReached:
    key = (entry.organisation, patient)
    person = people.get(key)
    if person is None:
        person = people[key] = PersonReached(
            patient=patient,
            organisation=entry.organisation,
            first=entry.at,
            last=entry.at,
        )
    return person


def _count(person: PersonReached, position: int, entry: Entry) -> None:
    person.entries.append(position)
    if is_look(entry):
        person.looked_at.append(position)
    elif entry.action == SHOWN_IN_LIST:
        person.listed += 1
    else:
        person.openings += 1


def _mark(found: Disclosed, onward: Onward) -> None:
    if onward.word not in found.onward:
        found.onward = (*found.onward, onward.word)


def _note(known: list[str], word: str) -> None:
    if word and word not in known:
        known.append(word)
