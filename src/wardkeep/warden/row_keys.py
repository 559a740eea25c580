# SPDX-License-Identifier: Apache-2.0
"""Keys of single rows in the sealed tier, each under the patient's key of that tier.

So the door can give one way in and no other, also to a web process that was taken over
and keeps what it gets; and whoever writes one gets a key that opens nothing else.
"""

from wardkeep.crypto.aead import BoxCannotBeOpenedError, Cipher, Key, new_key
from wardkeep.disclosure.purpose import Tier
from wardkeep.disclosure.questions import ResourceRef
from wardkeep.disclosure.sealed import row_identity, row_key_identity


def new_row_key(sealed: Key, identity: bytes) -> tuple[bytes, Key]:
    """A key for one row: (wrapped, to go before the body; plain, for its writer)."""
    key = new_key()
    return Cipher(sealed).seal(key, identity), key


def open_row_key(sealed: Key, wrapped: bytes, identity: bytes) -> Key | None:
    """Undo it; None where it is another row's, or was changed."""
    try:
        return Key(Cipher(sealed).open(wrapped, identity))
    except BoxCannotBeOpenedError:
        return None


def identity_of(organisation: int, patient: str, ref: ResourceRef) -> bytes:
    """What a row's key is bound to."""
    type_, id_, version = ref
    row = row_identity(
        organisation, type_, id_, version, patient=patient, tier=Tier.SEALED
    )
    return row_key_identity(row)
