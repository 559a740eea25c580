# SPDX-License-Identifier: Apache-2.0
"""Sealed resources: they hold no plaintext, and only a grant that names them opens one.

The identity of the row (organisation, type, id, version, patient, tier) is the
associated data of its encryption, so a body moved to another row does not open.
"""

from collections.abc import Sequence

import msgspec

from wardkeep.crypto.aead import KEY_BYTES, OVERHEAD_BYTES, Cipher, cipher_of
from wardkeep.disclosure.answers import Grant
from wardkeep.disclosure.compression import compress, decompress
from wardkeep.disclosure.purpose import Tier
from wardkeep.disclosure.questions import Item, ResourceRef

ROW_KEY_BYTES = KEY_BYTES + OVERHEAD_BYTES
"""Of the wrapped key before the body of a row in the sealed tier."""


class NotInGrantError(Exception):
    """The resource is not one of those that the grant names. Ask the door for it."""


class SealedResource(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A row as it lies in the store."""

    organisation: int
    type: str
    id: str
    version: int
    patient: str
    """FHIR id of the patient whose key seals it; empty in the shared tier."""
    tier: Tier
    body: bytes

    @property
    def ref(self) -> ResourceRef:
        return (self.type, self.id, self.version)

    @property
    def row_key(self) -> bytes:
        """Its own wrapped key; empty outside the sealed tier."""
        return self.body[:ROW_KEY_BYTES] if self.tier is Tier.SEALED else b""

    @property
    def identity(self) -> bytes:
        """What its encryption is bound to."""
        return row_identity(
            self.organisation,
            self.type,
            self.id,
            self.version,
            patient=self.patient,
            tier=self.tier,
        )


def row_identity(
    organisation: int, type_: str, id_: str, version: int, *, patient: str, tier: Tier
) -> bytes:
    """The associated data of a row; docs/formats/sealed-row.md."""
    return f"1|{organisation}|{type_}|{id_}|{version}|{patient}|{tier._value_}".encode()


def row_key_identity(identity: bytes) -> bytes:
    """The associated data of a row's own wrapped key; `identity` is the row's."""
    return b"row-key|" + identity


def key_identity(*, organisation: int, patient: str, tier: Tier) -> bytes:
    """The associated data of a wrapped key: whose it is and how far it reaches."""
    return f"key|1|{organisation}|{patient}|{tier._value_}".encode()


class OpenGrant:
    """A grant made ready: opens what it names and nothing else."""

    __slots__ = ("_ciphers", "_named", "entry", "granted_at", "relationships")

    def __init__(self, grant: Grant, items: tuple[Item, ...]) -> None:
        self.entry = grant.entry
        self.granted_at = grant.granted_at
        self.relationships = grant.relationships
        self._ciphers = {
            (item.patient, item.tier): cipher_of(key)
            for item, key in zip(items, grant.keys, strict=True)
            if key  # a deletion is written down, and its key stays
        }
        self._named = frozenset(ref for item in items for ref in item.resources)

    def open(self, sealed: SealedResource) -> bytes:
        """The resource's JSON.

        Raises:
            NotInGrantError: the door was not asked for this one.
            BoxCannotBeOpenedError: the row was changed, moved or damaged.
        """
        return self.open_all((sealed,))[0]

    def open_all(self, rows: Sequence[SealedResource]) -> list[bytes]:
        """The same for many, in their order; all of them or none.

        Raises:
            NotInGrantError, BoxCannotBeOpenedError: as `open` does.
        """
        texts: list[bytes] = []
        patient, tier, cipher = "", None, None
        for row in rows:
            if row.tier is not tier or row.patient != patient:
                patient, tier = row.patient, row.tier
                cipher = self._ciphers.get((patient, tier))
            if cipher is None or (row.type, row.id, row.version) not in self._named:
                raise NotInGrantError
            texts.append(open_row(cipher, row))
        return texts

    def cipher_for_writing(self, patient: str, tier: Tier) -> Cipher:
        """The key under which a new version is sealed.

        Raises:
            NotInGrantError: the door was not asked for this patient and tier.
        """
        cipher = self._ciphers.get((patient, tier))
        if cipher is None:
            raise NotInGrantError
        return cipher


def open_row(cipher: Cipher, sealed: SealedResource) -> bytes:
    """Decrypt and decompress one row with its key."""
    box = sealed.body[ROW_KEY_BYTES:] if sealed.tier is Tier.SEALED else sealed.body
    return decompress(cipher.open(box, sealed.identity))


def seal_row(cipher: Cipher, text: bytes, identity: bytes) -> bytes:
    """Compress and encrypt one resource's JSON; the body of its row."""
    return cipher.seal(compress(text), identity)
