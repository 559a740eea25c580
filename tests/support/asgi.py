# SPDX-License-Identifier: Apache-2.0
"""Calls an ASGI application as a server would, one message at a time."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from urllib.parse import unquote, urlsplit

import msgspec
from starlette.types import ASGIApp, Message, Receive, Send

ORIGIN = "http://localhost:8111"
FROM_OUR_PAGE = {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back."""

    status: int
    headers: dict[str, str]
    cookies: tuple[str, ...]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


async def chunks(*parts: bytes, pause_seconds: float = 0.0) -> AsyncIterator[bytes]:
    """A body that arrives in pieces."""
    for part in parts:
        await asyncio.sleep(pause_seconds)
        yield part


async def call(
    app: ASGIApp,
    method: str,
    url: str,
    *,
    headers: Iterable[tuple[str, str]] | dict[str, str] = (),
    body: bytes | AsyncIterator[bytes] = b"",
    client: str = "127.0.0.1",
) -> Answer:
    """One request; `Host` is that of ORIGIN unless it is given."""
    pairs = list(headers.items() if isinstance(headers, dict) else headers)
    if not any(name.lower() == "host" for name, _ in pairs):
        pairs.append(("host", "localhost:8111"))
    parts = urlsplit(url)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(n.lower().encode(), v.encode("latin-1")) for n, v in pairs],
        "client": (client, 50000),
        "server": ("localhost", 8111),
    }
    sent: list[Message] = []
    await app(scope, _receiver(body), _collector(sent))
    return _answer(sent)


def _receiver(body: bytes | AsyncIterator[bytes]) -> Receive:
    source = chunks(body) if isinstance(body, bytes) else body
    is_over = False

    async def receive() -> Message:
        nonlocal is_over
        if is_over:
            await asyncio.sleep(3600)
        try:
            part = await anext(source)
        except StopAsyncIteration:
            is_over = True
            return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.request", "body": part, "more_body": True}

    return receive


def _collector(sent: list[Message]) -> Send:
    async def send(message: Message) -> None:
        sent.append(message)

    return send


def _answer(sent: list[Message]) -> Answer:
    start, *rest = sent
    raw = [(name.decode(), value.decode("latin-1")) for name, value in start["headers"]]
    return Answer(
        status=start["status"],
        headers=dict(raw),
        cookies=tuple(value for name, value in raw if name == "set-cookie"),
        body=b"".join(message.get("body", b"") for message in rest),
    )
