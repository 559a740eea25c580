# SPDX-License-Identifier: Apache-2.0
"""Which entries are about a patient, an account, a session: positions by key.

Each segment has an index of its own: in memory while it grows (here), in a file once it
is closed (segment_index.py). Both file an entry under the same keys of 64 bits. Two ids
may share one, if hardly ever: whoever reads an entry looks whether it is meant.
"""

import hashlib
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Protocol, overload

from wardkeep.ledger.entry import Entry, PackedId, pack_id

ERASE = "erase"
"""The action of an entry that says: this patient's record was destroyed."""
INCIDENT_STEPS = ("declare-incident", "revise-incident", "withdraw-incident")
"""The actions of the entries that say what was declared to be an incident."""
GRANTED = "grant"
SEALED_TIER = "sealed"
_PATIENT, _ACCOUNT, _SESSION, _REFUSED = b"p", b"a", b"s", b"r"
_SEALED, _INCIDENT = b"x", b"i"
_KEY_BYTES = 8
_NONE: Sequence[int] = array("I")


class SegmentPositions(Protocol):
    """Where one segment's entries are filed."""

    @property
    def erased(self) -> Sequence[tuple[int, str]]:
        """(organisation, patient) of every record that was destroyed."""

    def find(self, key: int) -> Sequence[int]:
        """Places within the segment, ascending."""


@lru_cache(maxsize=65_536)
def _key(kind: bytes, packed: PackedId) -> int:
    made = hashlib.blake2b(packed, digest_size=_KEY_BYTES, person=kind)
    return int.from_bytes(made.digest(), "big")


def key_of_patient(organisation: int, packed: PackedId) -> int:
    # By organisation too: an id of ours that another one uses hides nothing here.
    return _key(_PATIENT, b"%d|" % organisation + packed)


def keys_of(entry: Entry) -> list[int]:
    """Everything that an entry is found by; nothing twice."""
    organisation = entry.organisation
    # Plain lists: each entry comes by here before its answer leaves.
    subjects = entry.subjects
    if len(subjects) == 1:
        # What is asked nearly always: one part of one record.
        packed_ids: Iterable[PackedId] = (subjects[0].packed_patient,)
        is_sealed = subjects[0].tier == SEALED_TIER
    else:
        packed_ids = {one.packed_patient for one in subjects}
        is_sealed = SEALED_TIER in {one.tier for one in subjects}
    found = [key_of_patient(organisation, packed) for packed in packed_ids if packed]
    if entry.packed_account:
        found.append(_key(_ACCOUNT, entry.packed_account))
    if entry.packed_session:
        found.append(_key(_SESSION, entry.packed_session))
    if entry.outcome != GRANTED:
        found.append(_key(_REFUSED, b"%d" % organisation))
    if is_sealed:
        found.append(_key(_SEALED, b"%d" % organisation))
    if entry.action in INCIDENT_STEPS:
        found.append(_key(_INCIDENT, b""))
    return found


class GrowingIndex:
    """The index of a segment that is written or was just read."""

    def __init__(self) -> None:
        self.postings: dict[int, array[int]] = {}
        self.erased: list[tuple[int, str]] = []
        self.latest = 0
        """The latest time of an entry."""

    def add(self, place: int, entry: Entry) -> None:
        for key in keys_of(entry):
            known = self.postings.get(key)
            if known is None:
                self.postings[key] = array("I", (place,))
            else:
                known.append(place)
        if entry.action == ERASE:
            self.erased += [(entry.organisation, one) for one in entry.patients]
        if entry.at > self.latest:  # noqa: PLR1730 - a call for each entry
            self.latest = entry.at

    def find(self, key: int) -> Sequence[int]:
        return self.postings.get(key, _NONE)


class Positions(Sequence[int]):
    """Positions in all segments, ascending; read where they lie, and not copied."""

    def __init__(self, found: Sequence[tuple[int, Sequence[int]]]) -> None:
        """`found`: the first position of each segment, and places within it."""
        self._found = found
        self._ends = list(accumulate(len(places) for _, places in found))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, at: int) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[int]: ...
    def __getitem__(self, at: int | slice) -> int | Sequence[int]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        place = at + len(self) if at < 0 else at
        if not 0 <= place < len(self):
            raise IndexError(at)
        part = bisect_right(self._ends, place)
        first, places = self._found[part]
        before = self._ends[part - 1] if part else 0
        return first + places[place - before]


class EntryIndex:
    """The indexes of all segments, one behind the other."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._parts: list[SegmentPositions] = []

    def add_segment(self, first: int, part: SegmentPositions) -> None:
        self._firsts.append(first)
        self._parts.append(part)

    def replace(self, place: int, part: SegmentPositions) -> None:
        self._parts[place] = part

    @property
    def erased(self) -> set[tuple[int, str]]:
        """(organisation, patient) of every record that was destroyed."""
        return {one for part in self._parts for one in part.erased}

    def about_patient(self, patient: str, *, organisation: int) -> Sequence[int]:
        return self._find(key_of_patient(organisation, pack_id(patient)))

    def by_account(self, account: str) -> Sequence[int]:
        return self._find(_key(_ACCOUNT, pack_id(account)))

    def by_session(self, session: str) -> Sequence[int]:
        return self._find(_key(_SESSION, pack_id(session)))

    def refused(self, organisation: int) -> Sequence[int]:
        """Entries of an organisation that are refusals."""
        return self._find(_key(_REFUSED, b"%d" % organisation))

    def sealed(self, organisation: int) -> Sequence[int]:
        """Entries of an organisation that are about something sealed."""
        return self._find(_key(_SEALED, b"%d" % organisation))

    def incidents(self) -> Sequence[int]:
        """Entries of any organisation that are the register of incidents."""
        return self._find(_key(_INCIDENT, b""))

    def _find(self, key: int) -> Sequence[int]:
        found = [
            (first, places)
            for first, part in zip(self._firsts, self._parts, strict=True)
            if len(places := part.find(key))
        ]
        return Positions(found)
