# SPDX-License-Identifier: Apache-2.0
"""Keys made from keys: HKDF-SHA256 (RFC 5869), one label a use."""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from wardkeep.crypto.aead import KEY_BYTES, Key


def derive(key: Key, label: str) -> Key:
    """A key for one use; different labels give unrelated keys."""
    info = f"wardkeep/1/{label}".encode()
    hkdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info)
    return Key(hkdf.derive(key))
