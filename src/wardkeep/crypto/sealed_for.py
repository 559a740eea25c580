# SPDX-License-Identifier: Apache-2.0
"""Boxes for one reader: who holds the other half of a P-256 key, as browsers make it.

ECDH with a key that is made for the box and forgotten (NIST SP 800-56A, one-pass), then
HKDF-SHA256 (RFC 5869), then AES-256-GCM. A box is `ephemeral key (65) | nonce (12) |
ciphertext | tag (16)`. WebCrypto opens it with a key that cannot be taken from it.
"""

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from wardkeep.crypto.aead import KEY_BYTES, Cipher, Key

POINT_BYTES = 65
_CURVE = ec.SECP256R1()
_LABEL = b"wardkeep/1/sealed-for "


def is_point(raw: bytes) -> bool:
    """Whether these bytes are an uncompressed point of the curve."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, raw)
    except ValueError:
        return False
    return len(raw) == POINT_BYTES


def seal_for(reader: bytes, plaintext: bytes, identity: bytes) -> bytes:
    """A box for the holder of this public key, bound to an identity.

    Raises:
        ValueError: the reader's key is no point of the curve.
    """
    if not is_point(reader):
        message = f"a reader's key is an uncompressed point of {POINT_BYTES} bytes"
        raise ValueError(message)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, reader)
    mine = ec.generate_private_key(_CURVE)
    ephemeral = mine.public_key().public_bytes(
        Encoding.X962, PublicFormat.UncompressedPoint
    )
    hkdf = HKDF(
        algorithm=SHA256(), length=KEY_BYTES, salt=ephemeral, info=_LABEL + identity
    )
    key = Key(hkdf.derive(mine.exchange(ec.ECDH(), theirs)))
    return ephemeral + Cipher(key).seal(plaintext, identity)
