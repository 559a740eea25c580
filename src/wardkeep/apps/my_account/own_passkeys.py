# SPDX-License-Identifier: Apache-2.0
"""One's own passkeys, as the pages show and name them."""

import hashlib

import msgspec

from wardkeep.disclosure.answers import Passkey, Passkeys, Refusal
from wardkeep.disclosure.questions import ListPasskeys
from wardkeep.web.visit import Visit

_KEY_LENGTH = 16


class OwnPasskey(msgspec.Struct, frozen=True, kw_only=True):
    """A passkey as its owner reads it."""

    key: str
    """Names the passkey in addresses: the start of its credential's SHA-256."""
    credential: bytes
    label: str
    created_at: int
    last_used_at: int
    """0 where it has not been used to sign in."""
    is_synced: bool
    works_from: int
    """UTC microseconds since 1970: until then it rests. 0: it works."""


async def own_passkeys(visit: Visit) -> tuple[OwnPasskey, ...] | Refusal:
    """The oldest first."""
    given = await visit.warden.ask(ListPasskeys(visit.token), Passkeys)
    if isinstance(given, Refusal):
        return given
    return tuple([_own(passkey) for passkey in given.passkeys])


def _own(passkey: Passkey) -> OwnPasskey:
    return OwnPasskey(
        key=hashlib.sha256(passkey.credential).hexdigest()[:_KEY_LENGTH],
        credential=passkey.credential,
        label=passkey.label,
        created_at=passkey.created_at,
        last_used_at=passkey.last_used_at,
        is_synced=passkey.is_synced,
        works_from=passkey.works_from,
    )
