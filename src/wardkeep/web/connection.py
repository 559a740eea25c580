# SPDX-License-Identifier: Apache-2.0
"""The connections that answers leave by: how little they hold, and how one is cut off.

The server shows ASGI none of its sockets. So they are found among the process's own, by
their addresses, and shared with it for as long as an option is set.
"""

import contextlib
import ipaddress
import logging
import os
import socket
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

UNSENT_BYTES = 128 * 1024
"""What kernel and server each hold of an answer that is not on its way yet.

It bounds nothing that is on its way, so a line's speed has no part in it. Left to
itself the kernel holds as much as `tcp_wmem` allows: 4 MB.
"""
_DESCRIPTORS = Path("/dev/fd")
_KEEPS_NOTHING = struct.pack("ii", 1, 0)
"""SO_LINGER, for no seconds: close(2) throws away what is unsent, and resets."""

log = logging.getLogger("wardkeep.web")


class LittleUnsent:
    """An ASGI application whose connections hold little that is not on its way."""

    def __init__(self, inside: ASGIApp) -> None:
        self._inside = inside
        self._is_kept = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # With the first question the server has begun to listen. What it takes from
        # then on has the option from the socket that it listens on.
        if not self._is_kept and scope["type"] == "http":
            self._is_kept = True
            keep_little_unsent(scope)
        await self._inside(scope, receive, send)


def keep_little_unsent(scope: Scope) -> int:
    """Bound what the kernel holds for whatever came by the port of `scope`, and will.

    Returns:
        How many sockets were found, the listening ones among them.
    """
    found = 0
    for shared in _came_by(scope):
        with contextlib.suppress(OSError):
            shared.setsockopt(
                socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES
            )
            found += 1
    if not found:
        log.warning("no socket of the server was found: answers fill whole buffers")
    return found


def cut_off(scope: Scope) -> bool:
    """Reset the connection of `scope`: what it holds unsent is thrown away.

    Over HTTP/2 other answers leave by the same connection, and end with it.

    Returns:
        Whether it was there; the client may have gone.
    """
    client = scope.get("client")
    if client is None:
        return False
    is_cut = False
    for shared in _came_by(scope):
        with contextlib.suppress(OSError, ValueError):
            if _is_same(shared.getpeername(), client):
                shared.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _KEEPS_NOTHING)
                # The server's next read and write fail, and it closes what is its own.
                shared.shutdown(socket.SHUT_RDWR)
                is_cut = True
    return is_cut


def _came_by(scope: Scope) -> Iterator[socket.socket]:
    """This process's sockets that have the server's port on our side."""
    server = scope.get("server")
    if server is None:
        return
    try:
        names = [one.name for one in _DESCRIPTORS.iterdir()]
    except OSError as error:
        # No descriptor may be left to look with: then it ends as the server ends it.
        log.warning("the server's sockets cannot be looked for: %s", error)
        return
    for name in names:
        # Some are closed meanwhile, and the list's own always is.
        with contextlib.suppress(OSError):
            # To close a copy of a file's would give up the locks on that file.
            if not stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                continue
            # Of this family there is room for addresses of IPv4 as well.
            with socket.fromfd(
                int(name), socket.AF_INET6, socket.SOCK_STREAM
            ) as shared:
                if _port_of(shared.getsockname()) == int(server[1]):
                    yield shared


def _port_of(address: Any) -> int:
    """The port of an internet address; 0 for those of other kinds."""
    return address[1] if isinstance(address, tuple) else 0


def _is_same(address: tuple[Any, ...], said: tuple[str, int | str]) -> bool:
    """Whether both are one; granian says ports as text, and the kernel names scopes."""
    host, port = address[:2]
    return port == int(said[1]) and _ip(host) == _ip(said[0])


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(host.partition("%")[0])
