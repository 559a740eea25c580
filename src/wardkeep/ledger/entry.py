# SPDX-License-Identifier: Apache-2.0
"""An entry: who did what to whose record, when and why, with no clinical content.

Encoded as a MessagePack array; docs/formats/ledger.md has every field. Ids that are
canonical UUIDs take 16 bytes, so that an opening of 500 resources is one entry of
about 10 kB.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TypeAlias

import msgspec

from wardkeep.base.ids import UUID_BYTES, uuid_bytes, uuid_text

FORMAT = 1
MAX_ENTRY_BYTES = 60_000
"""Below the 65,535 that an entry bundle's length field can say (C2SP tlog-tiles)."""
_TEXT, _UUID = b"\x00", b"\x01"

PackedId: TypeAlias = bytes
"""`01` and the 16 bytes of a canonical lower-case UUID, else `00` and UTF-8 text."""


class EntryTooLargeError(Exception):
    """The entry does not fit a bundle; name its resources in several entries."""


class EntryDamagedError(Exception):
    """The bytes are no entry."""


class Subject(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One patient at one tier, and what was disclosed of it."""

    packed_patient: PackedId
    """Empty for the organisation's own resources."""
    tier: str
    relationship: str
    packed_resources: dict[str, list[tuple[PackedId, int]]]
    """FHIR type to (id, version) of each resource disclosed."""

    @classmethod
    def about(
        cls,
        *,
        patient: str,
        tier: str,
        relationship: str,
        resources: Sequence[tuple[str, str, int]],
    ) -> "Subject":
        """A subject from plain values; `resources` are (type, id, version)."""
        grouped: dict[str, list[tuple[PackedId, int]]] = {}
        for type_, id_, version in resources:
            grouped.setdefault(type_, []).append((pack_id(id_), version))
        return cls(_known_id(patient), tier, relationship, grouped)

    @property
    def patient(self) -> str:
        return unpack_id(self.packed_patient)

    @property
    def resource_count(self) -> int:
        return sum(map(len, self.packed_resources.values()))

    def resources(self) -> Iterator[tuple[str, str, int]]:
        """Each resource disclosed, as (type, id, version)."""
        for type_, named in self.packed_resources.items():
            for id_, version in named:
                yield type_, unpack_id(id_), version


class Entry(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One entry. Its index is its position and stands nowhere in it."""

    format: int
    at: int
    """UTC microseconds since 1970."""
    organisation: int
    packed_account: PackedId
    packed_session: PackedId
    role: str
    purpose: str
    reason: str
    action: str
    request: str
    """What a program asked for, by names alone: `search Observation code date`."""
    subjects: list[Subject]
    """Whom it is about; none where it is about no patient."""
    outcome: str
    """`grant`, or `refusal:` and its code."""
    software: str

    @classmethod
    def about(  # noqa: PLR0913 - an entry has this many parts, each named
        cls,
        *,
        at: int,
        organisation: int,
        account: str,
        session: str,
        role: str,
        purpose: str,
        reason: str,
        action: str,
        outcome: str,
        software: str,
        subjects: Sequence[Subject] = (),
        request: str = "",
    ) -> "Entry":
        """An entry from plain values."""
        return cls(
            FORMAT,
            at,
            organisation,
            _known_id(account),
            _known_id(session),
            role,
            purpose,
            reason,
            action,
            request,
            list(subjects),
            outcome,
            software,
        )

    @property
    def account(self) -> str:
        return unpack_id(self.packed_account)

    @property
    def session(self) -> str:
        return unpack_id(self.packed_session)

    @property
    def patients(self) -> tuple[str, ...]:
        """Everyone it is about, in its order; nobody twice."""
        named = dict.fromkeys(one.packed_patient for one in self.subjects)
        return tuple(unpack_id(one) for one in named if one)

    def subjects_about(self, patient: str) -> tuple[Subject, ...]:
        packed = pack_id(patient)
        return tuple(one for one in self.subjects if one.packed_patient == packed)

    @property
    def resource_count(self) -> int:
        return sum(one.resource_count for one in self.subjects)

    def resources(self) -> Iterator[tuple[str, str, int]]:
        """Each resource disclosed, as (type, id, version)."""
        for subject in self.subjects:
            yield from subject.resources()


def pack_id(text: str) -> PackedId:
    packed = uuid_bytes(text)
    if packed:
        return _UUID + packed
    return _TEXT + text.encode() if text else b""


_known_id = lru_cache(maxsize=4096)(pack_id)
"""The same accounts and sessions stand in thousands of entries, and each page of a
record asks for its patient several times."""


def unpack_id(packed: PackedId) -> str:
    """Undo `pack_id`.

    Raises:
        EntryDamagedError: the bytes are no packed id.
    """
    if packed[:1] == _UUID:
        if len(packed) != 1 + UUID_BYTES:
            raise EntryDamagedError
        return uuid_text(packed[1:])
    try:
        return packed[1:].decode()
    except ValueError:
        raise EntryDamagedError from None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Entry)


def encode(entry: Entry) -> bytes:
    """The entry's bytes.

    Raises:
        EntryTooLargeError: more than 60,000 bytes.
    """
    encoded = _encoder.encode(entry)
    if len(encoded) > MAX_ENTRY_BYTES:
        raise EntryTooLargeError
    return encoded


def decode(encoded: bytes) -> Entry:
    """Undo `encode`.

    Raises:
        EntryDamagedError: the bytes are no entry, or of a format not known here.
    """
    try:
        entry = _decoder.decode(encoded)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise EntryDamagedError from None
    if entry.format != FORMAT:
        raise EntryDamagedError
    return entry
