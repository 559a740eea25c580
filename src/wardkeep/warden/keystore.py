# SPDX-License-Identifier: Apache-2.0
"""Keys below the root: an organisation's, and through it each patient's.

Only the warden's service imports this module (import-linter holds it). Organisation
keys stay here; patients' keys pass through on their way to a grant.
"""

import msgspec

from wardkeep.crypto.aead import BoxCannotBeOpenedError, Cipher, Key, new_key
from wardkeep.crypto.derive import derive
from wardkeep.crypto.tokens import TokenKey
from wardkeep.warden.root_key import RootKey


class _OrganisationKeys(msgspec.Struct, frozen=True):
    wrapping: Cipher
    tokens: TokenKey
    older: Cipher | None
    """The wrapping key before, while rows may still be wrapped by it."""


class KeyStore:
    """Every organisation's key, unwrapped and ready, for as long as we run."""

    __slots__ = ("_organisations", "_root")

    def __init__(self, root: RootKey) -> None:
        self._root = root
        self._organisations: dict[int, _OrganisationKeys] = {}

    def make_organisation_key(self, organisation: int) -> bytes:
        """A new key, wrapped by the root key for the organisation's row.

        It is not used before `admit`: that is for when the row is stored.
        """
        return self._root.wrap(new_key(), organisation_identity(organisation))

    def admit(
        self,
        organisation: int,
        wrapped: bytes,
        *,
        older: bytes | None = None,
        token_key: bytes | None = None,
    ) -> None:
        """Unwrap an organisation's key and hold it, and the one before it.

        Raises:
            BoxCannotBeOpenedError: the row belongs to another root key.
        """
        identity = organisation_identity(organisation)
        key = self._root.unwrap(wrapped, identity)
        tokens = (
            token_key_of(key)
            if token_key is None
            else self._root.unwrap(token_key, token_key_identity(organisation))
        )
        before = None if older is None else self._root.unwrap(older, identity)
        self._organisations[organisation] = _OrganisationKeys(
            wrapping=_wrapping(key),
            tokens=TokenKey(tokens),
            older=None if before is None else _wrapping(before),
        )

    def forget_older(self, organisation: int) -> None:
        """Nothing is wrapped by the key before any more."""
        held = self._organisations[organisation]
        self._organisations[organisation] = msgspec.structs.replace(held, older=None)

    @property
    def organisations(self) -> tuple[int, ...]:
        """The numbers of all organisations."""
        return tuple(self._organisations)

    def __len__(self) -> int:
        return len(self._organisations)

    def make_key(self, organisation: int, identity: bytes) -> tuple[bytes, Key]:
        """A new data key: (wrapped for its row, plain for its writer)."""
        key = new_key()
        wrapping = self._organisations[organisation].wrapping
        return wrapping.seal(key, identity), key

    def unwrap(self, organisation: int, wrapped: bytes, identity: bytes) -> Key | None:
        """The data key; None where it is not this organisation's and identity's."""
        held = self._organisations[organisation]
        try:
            return Key(held.wrapping.open(wrapped, identity))
        except BoxCannotBeOpenedError:
            return _opened_by(held.older, wrapped, identity)

    def rewrapped(
        self, organisation: int, wrapped: bytes, identity: bytes
    ) -> bytes | None:
        """The same data key by the newest key; None where it is so already.

        Raises:
            BoxCannotBeOpenedError: neither key opens it.
        """
        held = self._organisations[organisation]
        try:
            held.wrapping.open(wrapped, identity)
        except BoxCannotBeOpenedError:
            opened = _opened_by(held.older, wrapped, identity)
            if opened is None:
                raise
            return held.wrapping.seal(opened, identity)
        return None

    def tokens(self, organisation: int, values: tuple[bytes, ...]) -> tuple[int, ...]:
        token = self._organisations[organisation].tokens.token
        return tuple([token(value) for value in values])

    def __repr__(self) -> str:
        return f"KeyStore({len(self._organisations)} organisations)"


def token_key_of(key: Key) -> Key:
    """An organisation's first search-token key; a rotation of `key` keeps it."""
    return derive(key, "search-tokens")


def organisation_identity(organisation: int) -> bytes:
    return f"organisation-key|1|{organisation}".encode()


def token_key_identity(organisation: int) -> bytes:
    return f"search-token-key|1|{organisation}".encode()


def _wrapping(key: Key) -> Cipher:
    return Cipher(derive(key, "wrap-patient-key"))


def _opened_by(cipher: Cipher | None, wrapped: bytes, identity: bytes) -> Key | None:
    if cipher is None:
        return None
    try:
        return Key(cipher.open(wrapped, identity))
    except BoxCannotBeOpenedError:
        return None
