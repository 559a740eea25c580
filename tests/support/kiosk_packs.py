# SPDX-License-Identifier: Apache-2.0
"""A kiosk's pack in Python: asked for, opened by facts, and guessed at."""

import base64
import time
from datetime import UTC, datetime

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from drills.test_check_in import Kiosk
from wardkeep.crypto.aead import Cipher, Key
from wardkeep.crypto.es256 import base64url
from wardkeep.crypto.guessable import TAG_BYTES, lock_of, stretched
from wardkeep.disclosure.answers import Answer
from wardkeep.disclosure.kiosk_packs import (
    AskKioskPack,
    Content,
    KioskPack,
    box_identity,
    entry_label,
    fact_of,
    pack_audience,
)

CURVE = ec.SECP256R1()
_POINT_BYTES = 65


class Held(msgspec.Struct, frozen=True):
    """A pack, and what opens it."""

    pack: KioskPack
    secret: Key

    def opened(
        self, born: str, family: str, given: str = "", *, secret: Key | None = None
    ) -> Content | None:
        """What the facts open; None where that is nobody's entry."""
        slow = stretched(fact_of(born, family, given), self.pack.salt)
        lock = lock_of(slow, secret or self.secret, entry_label(self.pack.id))
        for one in self.pack.entries:
            if one[:TAG_BYTES] == lock.tag:
                plain = Cipher(lock.key).open(one[TAG_BYTES:], lock.tag)
                return msgspec.json.decode(plain, type=Content)
        return None


class Reader:
    """A key that the device made for one pack."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(CURVE)
        self.point = self._key.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )

    def opens(self, box: bytes, identity: bytes) -> bytes:
        """A box of `seal_for`, as a browser opens it.

        Raises:
            BoxCannotBeOpenedError: it is for another key or identity.
        """
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, box[:_POINT_BYTES])
        info = b"wardkeep/1/sealed-for " + identity
        hkdf = HKDF(algorithm=SHA256(), length=32, salt=box[:_POINT_BYTES], info=info)
        key = Key(hkdf.derive(self._key.exchange(ec.ECDH(), theirs)))
        return Cipher(key).open(box[_POINT_BYTES:], identity)


def signed(mine: Kiosk, point: bytes, **changed: object) -> str:
    """The device's own key says that this one is its, too."""
    now = datetime.fromtimestamp(int(time.time()), UTC)
    told = {"aud": pack_audience(base64url(point)), **changed}
    return mine.key.assertion(mine.client_id, now, **told)


async def ask_pack(mine: Kiosk, reader: Reader, **changed: object) -> Answer:
    asked = AskKioskPack(
        mine.token, reader.point, signed(mine, reader.point, **changed)
    )
    return await mine.warden.door.ask(asked, KioskPack)


def house_of(mine: Kiosk) -> int:
    """The organisation's number, which a program's token begins with."""
    return int(mine.token.partition(".")[0])


async def take_pack(mine: Kiosk) -> Held:
    """A pack that must be given, with what opens it."""
    reader = Reader()
    pack = await ask_pack(mine, reader)
    assert isinstance(pack, KioskPack), pack
    secret = reader.opens(pack.box, box_identity(house_of(mine), pack.id))
    return Held(pack, Key(secret))


def voucher_in(content: Content | None) -> bytes:
    assert content is not None
    return base64.b64decode(content.stops[0].voucher)
