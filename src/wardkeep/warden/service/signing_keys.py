# SPDX-License-Identifier: Apache-2.0
"""The keys that sign id_tokens: ES256, sealed by the root key, rotated with overlap.

https://openid.net/specs/openid-connect-core-1_0.html#RotateSigKeys. Access tokens are
no JWTs, so a rotation signs nobody out.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import jwt
import msgspec

from wardkeep.base.clock import Clock
from wardkeep.crypto.aead import Key
from wardkeep.crypto.es256 import new_es256_key, private_jwk, public_jwk
from wardkeep.db.connection import Connection, Database
from wardkeep.identity import app_grants
from wardkeep.warden.root_key import RootKey

SHOWN_AFTER = timedelta(days=1)
"""How long a retired key stays in the key set: far longer than an id_token lives."""


class SigningKeys:
    """The key in use, and those whose signatures may still be looked at."""

    def __init__(self, database: Database, root_key: RootKey, clock: Clock) -> None:
        self._database = database
        self._root_key = root_key
        self._clock = clock
        self._keys: list[Key] = []

    async def load(self) -> None:
        """Read the keys; make the first.

        Raises:
            BoxCannotBeOpenedError: the root key is not the one of this database.
        """
        async with self._database.transaction() as connection:
            since = self._clock.now() - SHOWN_AFTER
            found = await app_grants.signing_keys(connection, shown_since=since)
            if all(one.is_retired for one in found):
                await self._make(connection)
            found = await app_grants.signing_keys(connection, shown_since=since)
        newest_first = sorted(found, key=lambda one: one.is_retired)
        self._keys = [
            await asyncio.to_thread(
                self._root_key.unwrap, one.sealed, _identity(one.id)
            )
            for one in newest_first
        ]

    async def rotate(self) -> str:
        """Sign with a new key from now on; its id."""
        async with self._database.transaction() as connection:
            id_ = await self._make(connection)
        await self.load()
        return id_

    async def _make(self, connection: Connection) -> str:
        key = new_es256_key()
        id_ = public_jwk(key)["kid"]
        # In a thread: the root key may be in a device or a service elsewhere.
        sealed = await asyncio.to_thread(self._root_key.wrap, key, _identity(id_))
        await app_grants.add_signing_key(connection, id_, sealed, clock=self._clock)
        return id_

    def sign(self, claims: Mapping[str, object]) -> str:
        """A JWT (RFC 7519) by the key in use."""
        jwk = private_jwk(self._keys[0])
        key = jwt.PyJWK(dict(jwk), algorithm="ES256").key
        headers = {"kid": jwk["kid"]}
        return jwt.encode(dict(claims), key, algorithm="ES256", headers=headers)

    def key_set(self) -> bytes:
        """RFC 7517, the public halves."""
        return msgspec.json.encode({"keys": [public_jwk(key) for key in self._keys]})


def _identity(id_: str) -> bytes:
    return f"signing-key|1|{id_}".encode()
