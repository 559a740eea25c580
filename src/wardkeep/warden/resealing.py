# SPDX-License-Identifier: Apache-2.0
"""Rows from one data key to the next, in the warden, and never decompressed.

What is opened here goes nowhere: from one box into another. Nobody is shown it, so it
is no disclosure, and there is no grant.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence

from wardkeep.base.stored_id import id_of
from wardkeep.crypto.aead import BoxCannotBeOpenedError, Cipher, Key, new_key
from wardkeep.disclosure.purpose import Tier
from wardkeep.disclosure.sealed import ROW_KEY_BYTES, row_identity, row_key_identity
from wardkeep.warden.data_keys import Body, BoxBeside

TypeName = Callable[[int], str]
"""The name of a resource type by its number in the database."""
Turn = Callable[[Cipher, bytes, bytes], bytes]
"""Opens or seals by a tier's key, for an identity."""


class SealedRows:
    """Opens and seals one owner's rows by the newest key and the one before."""

    def __init__(
        self,
        organisation: int,
        patient: str,
        keys: Mapping[Tier, Sequence[Key]],
        *,
        type_name: TypeName,
    ) -> None:
        """`patient` is empty for what belongs to nobody.

        `keys` are the newest first; a tier whose key opens by nothing has none.
        """
        self._organisation = organisation
        self._patient = patient
        self._type_name = type_name
        self._ciphers: dict[int, list[Cipher]] = {
            tier: [Cipher(one) for one in of_tier] for tier, of_tier in keys.items()
        }

    def resealed(self, row: Body) -> bytes | None:
        """Its body under the newest key; None where it is so already, or has none.

        Raises:
            BoxCannotBeOpenedError: no key opens it.
        """
        if not row.body:
            return None
        tier, identity = self._named(row)
        if tier is Tier.SEALED:
            return self._moved(
                tier, row.body, identity, open_=_open_own, seal=_seal_own
            )
        return self._moved(tier, row.body, identity)

    def resealed_beside(self, beside: BoxBeside) -> bytes | None:
        """The same for what lies in another table.

        Raises:
            BoxCannotBeOpenedError: no key opens it.
        """
        return self._moved(beside.tier, beside.box, beside.identity.encode())

    def _moved(
        self,
        tier: int,
        box: bytes,
        identity: bytes,
        *,
        open_: Turn = Cipher.open,
        seal: Turn = Cipher.seal,
    ) -> bytes | None:
        ciphers = self._ciphers.get(tier, [])
        for place, cipher in enumerate(ciphers):
            try:
                plain = open_(cipher, box, identity)
            except BoxCannotBeOpenedError:
                continue
            return seal(ciphers[0], plain, identity) if place else None
        raise BoxCannotBeOpenedError

    def _named(self, row: Body) -> tuple[Tier, bytes]:
        type_, id_, version = row.name
        try:
            tier = Tier(row.tier)
            identity = row_identity(
                self._organisation,
                self._type_name(type_),
                id_of(id_),
                version,
                patient=self._patient,
                tier=tier,
            )
        except (LookupError, ValueError):
            # Nobody of ours wrote a row with such a name.
            raise BoxCannotBeOpenedError from None
        return tier, identity


def _open_own(cipher: Cipher, body: bytes, identity: bytes) -> bytes:
    """What is sealed has a key of its own before it."""
    key = cipher.open(body[:ROW_KEY_BYTES], row_key_identity(identity))
    return Cipher(Key(key)).open(body[ROW_KEY_BYTES:], identity)


def _seal_own(cipher: Cipher, plain: bytes, identity: bytes) -> bytes:
    """By a new key of its own, as who had the tier's had that too."""
    key = new_key()
    wrapped = cipher.seal(key, row_key_identity(identity))
    return wrapped + Cipher(key).seal(plain, identity)


class Digest:
    """What a proof says of one owner's rows: docs/formats/database.md."""

    def __init__(self, patient: str) -> None:
        self._made = hashlib.sha256(f"{patient}\n".encode())

    def add(self, rows: Iterable[Body]) -> None:
        """The next ones, in order of type, id and version."""
        for row in rows:
            type_, id_, version = row.name
            body = hashlib.sha256(row.body).hexdigest()
            self._made.update(f"{type_}|{id_.hex()}|{version}|{body}\n".encode())

    def behind(self, before: bytes) -> bytes:
        """The digest of all patients so far, this one the last of them."""
        return hashlib.sha256(before + self._made.digest()).digest()
