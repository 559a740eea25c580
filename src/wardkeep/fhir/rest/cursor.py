# SPDX-License-Identifier: Apache-2.0
"""Links to the next page: signed, and good for one session, one query, one moment.

The key comes from the warden: search tokens of the session's own secret under the
organisation's key. So a link that somebody else sends, in another session or another
organisation, has another key and is refused (hapi-fhir #7888, #2853: tenants leaked
through paging links).
"""

import base64
import hmac
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import TypeVar

import msgspec

from wardkeep.base.clock import Clock, from_microseconds, microseconds_since_epoch
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.store.tokens import REMEMBERED_SECONDS, row_tokens_of

PARAMETER = "_cursor"
LASTS_SECONDS = 30 * 60
"""As long as an idle session; history keeps its tokens for longer."""
_SIGNATURE_BYTES = 16
_KEY_PARTS = 4
_MOST_KEYS = 256
_MOST_CHARACTERS = 1_000
_encode = msgspec.msgpack.Encoder().encode
P = TypeVar("P")


class Signer:
    """Makes and reads the cursors of one session."""

    def __init__(self, key: bytes, *others: bytes) -> None:
        """`others`: what cursors of a while ago, or of a while to come, are under."""
        self._key, self._others = key, others

    def write(self, place: object, *, query: bytes, as_of: datetime) -> str:
        body = _encode((microseconds_since_epoch(as_of), place))
        return (
            base64.urlsafe_b64encode(_signature(self._key, query, body) + body)
            .decode()
            .rstrip("=")
        )

    def read(
        self, text: str, kind: type[P], *, query: bytes, now: datetime
    ) -> tuple[datetime, P] | None:
        """The moment and place of a cursor; None where it is not one of ours."""
        if len(text) > _MOST_CHARACTERS:
            return None
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            return None
        signature, body = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not any(
            hmac.compare_digest(signature, _signature(key, query, body))
            for key in (self._key, *self._others)
        ):
            return None
        moment, place = msgspec.msgpack.decode(body, type=tuple[int, kind])  # type: ignore[valid-type]
        as_of = from_microseconds(moment)
        is_over = (now - as_of).total_seconds() > LASTS_SECONDS
        return None if is_over else (as_of, place)


class Signers:
    """The signers of sessions, remembered: a key of these opens nothing."""

    def __init__(self, warden: WardenClient, *, clock: Clock) -> None:
        self._warden = warden
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, Signer]] = OrderedDict()

    async def of(self, session: str, name: str = "") -> Signer | Refusal:
        """For a token; `name` stays the same where the token is a handle of one use."""
        name = name or session
        now = self._clock.monotonic_seconds()
        asked_at, known = self._known.get(name, (now, None))
        if known is not None and now - asked_at <= REMEMBERED_SECONDS:
            self._known.move_to_end(name)
            return known
        secrets = [f"cursor\x1f{part}\x1f{name}".encode() for part in range(_KEY_PARTS)]
        given = await row_tokens_of(self._warden, session, secrets)
        if isinstance(given, Refusal):
            return given
        keys = [_key_of(one) for one in (given.tokens, given.newer) if one]
        signer = Signer(*(reversed(keys) if given.is_switched else keys))
        self._known[name] = (now, signer)
        self._known.move_to_end(name)
        if len(self._known) > _MOST_KEYS:
            self._known.popitem(last=False)
        return signer


def _key_of(tokens: Sequence[int]) -> bytes:
    return b"".join(one.to_bytes(8, "big", signed=True) for one in tokens)


def _signature(key: bytes, query: bytes, body: bytes) -> bytes:
    return hmac.digest(key, query + body, "sha256")[:_SIGNATURE_BYTES]


def digest_of(path: str, pairs: Sequence[tuple[str, str]]) -> bytes:
    """What a cursor is bound to: the address and every parameter but itself."""
    asked = [pair for pair in pairs if pair[0] != PARAMETER]
    return sha256(_encode((path, [[*map(_plain, pair)] for pair in asked]))).digest()


def _plain(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
