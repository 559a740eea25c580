# SPDX-License-Identifier: Apache-2.0
"""Signing in at a partner's server, and the one request that is made there."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, Protocol

import msgspec

from wardkeep.base.ids import OrganisationId

Json = dict[str, Any]
_TOKEN = re.compile(r"[!-~]{1,8192}")
"""Characters of an access token (RFC 6749, A.12), and as many as a header takes: one
with the end of a line in it would begin a header of its own."""


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """One request to somebody else's server."""

    url: str
    body: bytes = b""
    headers: dict[str, str]
    method: str = "POST"


class Reply(msgspec.Struct, frozen=True):
    """What came back; status 0: nothing did."""

    status: int
    body: bytes = b""


class Keys(Protocol):
    """Signs as the organisation's own sending program."""

    def own(self, organisation: OrganisationId) -> str | None:
        """An assertion for our own door; None where nothing is set up."""

    def at(self, organisation: OrganisationId, *, client: str, url: str) -> str | None:
        """An assertion for a partner's token endpoint."""


Ask = Callable[[Post], Reply]
"""Asks a server and waits; never raises."""
AskBeside = Callable[[Post], Awaitable[Reply]]


def beside(ask: Ask, *, at_once: int, name: str) -> AskBeside:
    """The same in threads of its own: a server that hangs holds up no other work."""
    threads = ThreadPoolExecutor(at_once, thread_name_prefix=name)

    async def asked(post: Post) -> Reply:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(threads, ask, post)

    return asked


async def token_at(
    keys: Keys, ask: AskBeside, organisation: OrganisationId, *, client: str, url: str
) -> str:
    """For a partner's server; empty where it gives none."""
    assertion = keys.at(organisation, client=client, url=url)
    if assertion is None:
        return ""
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    fields = f"grant_type=client_credentials&client_assertion_type={kind}"
    post = Post(
        url=url,
        body=f"{fields}&client_assertion={assertion}".encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    reply = await ask(post)
    if reply.status != HTTPStatus.OK:
        return ""
    try:
        token = msgspec.json.decode(reply.body, type=Json).get("access_token")
    except (msgspec.DecodeError, RecursionError):
        return ""
    return token if isinstance(token, str) and _TOKEN.fullmatch(token) else ""
