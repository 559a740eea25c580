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
        return self._root.wrap(new_key(), _organisation_identity(organisation))

    def admit(self, organisation: int, wrapped: bytes) -> None:
        """Unwrap an organisation's key and hold it.

        Raises:
            BoxCannotBeOpenedError: the row belongs to another root key.
        """
        key = self._root.unwrap(wrapped, _organisation_identity(organisation))
        self._organisations[organisation] = _OrganisationKeys(
            wrapping=Cipher(derive(key, "wrap-patient-key")),
            tokens=TokenKey(derive(key, "search-tokens")),
        )

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
        try:
            opened = self._organisations[organisation].wrapping.open(wrapped, identity)
        except BoxCannotBeOpenedError:
            return None
        return Key(opened)

    def tokens(self, organisation: int, values: tuple[bytes, ...]) -> tuple[int, ...]:
        token = self._organisations[organisation].tokens.token
        return tuple([token(value) for value in values])

    def __repr__(self) -> str:
        return f"KeyStore({len(self._organisations)} organisations)"


def _organisation_identity(organisation: int) -> bytes:
    return f"organisation-key|1|{organisation}".encode()
