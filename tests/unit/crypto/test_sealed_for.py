# SPDX-License-Identifier: Apache-2.0
"""Boxes for one reader: opened as WebCrypto opens them, and by nobody else."""

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from wardkeep.crypto.sealed_for import is_point, seal_for

WORDS, BOUND = b"Ada", b"clinic label 1 7"


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def opened(key: ec.EllipticCurvePrivateKey, box: bytes, identity: bytes) -> bytes:
    """As screen.js does it."""
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), box[:65])
    info = b"wardkeep/1/sealed-for " + identity
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=box[:65], info=info)
    aead = AESGCM(hkdf.derive(key.exchange(ec.ECDH(), theirs)))
    return aead.decrypt(box[65:77], box[77:], identity)


def test_the_reader_opens_it_and_nothing_of_it_shows() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    box = seal_for(point(key), WORDS, BOUND)
    assert opened(key, box, BOUND) == WORDS
    assert WORDS not in box
    assert seal_for(point(key), WORDS, BOUND) != box


def test_another_reader_another_entry_and_a_changed_byte_open_nothing() -> None:
    key, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    box = seal_for(point(key), WORDS, BOUND)
    changed = box[:-1] + bytes([box[-1] ^ 1])
    for reader, tried, identity in (
        (other, box, BOUND),
        (key, box, b"clinic label 1 8"),
        (key, changed, BOUND),
    ):
        with pytest.raises(InvalidTag):
            opened(reader, tried, identity)


@pytest.mark.parametrize("raw", [b"", b"\4" + b"\1" * 64, b"\0" * 65, b"\2" * 33])
def test_what_is_no_point_of_the_curve_is_no_key(raw: bytes) -> None:
    assert not is_point(raw)
    with pytest.raises(ValueError, match=r".+"):
        seal_for(raw, WORDS, BOUND)
