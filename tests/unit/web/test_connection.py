# SPDX-License-Identifier: Apache-2.0
"""A connection is found by its addresses, holds little, and is cut off at once."""

import fcntl
import logging
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from starlette.types import Message, Receive, Scope, Send

from wardkeep.web.connection import (
    UNSENT_BYTES,
    LittleUnsent,
    cut_off,
    keep_little_unsent,
)

TRIES_THE_LOCK = """
import fcntl, sys
with open(sys.argv[1], "w") as file:
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
"""


class Line:
    """A server's socket, and a client that reads nothing for now."""

    def __init__(self, listening: socket.socket, host: str) -> None:
        self.client = socket.socket(
            socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM
        )
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        self.client.settimeout(10)
        self.client.connect((host, listening.getsockname()[1]))
        self.ours, self.peer = listening.accept()

    @property
    def scope(self) -> Scope:
        """As granian tells it: a port is text."""
        port = str(self.ours.getsockname()[1])
        client = (self.peer[0], str(self.peer[1]))
        return {"type": "http", "client": client, "server": ("::", port)}

    def fill(self) -> int:
        """Send until nothing more is taken; how much that was."""
        self.ours.setblocking(False)  # noqa: FBT003 - the socket's own method
        sent = 0
        with suppress(BlockingIOError):
            while True:
                sent += self.ours.send(bytes(16_384))
        return sent

    def read(self) -> tuple[int, bool]:
        """How much comes, and whether a reset is what ends it."""
        read = 0
        with suppress(ConnectionResetError):
            while piece := self.client.recv(65_536):
                read += len(piece)
            return read, False
        return read, True

    def close(self) -> None:
        self.client.close()
        self.ours.close()


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@pytest.fixture
def line(listening: socket.socket) -> Iterator[Line]:
    with closing(Line(listening, "127.0.0.1")) as made:
        yield made


async def nothing() -> Message:
    return {"type": "http.request"}


async def nowhere(message: Message) -> None:
    del message


def lowat(one: socket.socket) -> int:
    return one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT)


def test_what_was_not_read_when_it_was_cut_off_goes_nowhere(line: Line) -> None:
    sent = line.fill()
    held = line.client.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    assert cut_off(line.scope)
    with pytest.raises(BrokenPipeError):
        line.ours.send(b"more")
    line.ours.close()
    assert sent > held
    read, was_reset = line.read()
    assert was_reset
    assert read <= held


def test_a_neighbour_on_the_same_port_goes_on(
    line: Line, listening: socket.socket
) -> None:
    with closing(Line(listening, "127.0.0.1")) as other:
        assert cut_off(line.scope)
        other.ours.sendall(b"theirs")
        other.ours.close()
        assert other.read() == (len(b"theirs"), False)
    with closing(Line(listening, "127.0.0.1")) as later:
        later.ours.sendall(b"theirs")


def test_a_client_of_ipv4_is_found_where_the_server_listens_to_both() -> None:
    with (
        socket.create_server(
            ("::", 0), family=socket.AF_INET6, dualstack_ipv6=True
        ) as both,
        closing(Line(both, "127.0.0.1")) as line,
    ):
        assert line.peer[0] == "::ffff:127.0.0.1"
        scope = {**line.scope, "client": ("::ffff:7f00:1", line.scope["client"][1])}
        assert cut_off(scope)


@pytest.mark.parametrize("lacking", ["client", "server"])
def test_where_the_server_says_no_addresses_nothing_is_cut_off(
    line: Line, lacking: str
) -> None:
    assert not cut_off({**line.scope, lacking: None})
    line.ours.sendall(b"more")


def test_a_client_that_went_away_is_not_found(line: Line) -> None:
    scope = line.scope
    line.close()
    assert not cut_off(scope)


def test_a_client_that_has_no_address_of_the_internet_is_not_found(line: Line) -> None:
    scope = {**line.scope, "client": ("testclient", line.scope["client"][1])}
    assert not cut_off(scope)


def test_locks_on_files_are_kept(line: Line, tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with path.open("w") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        assert cut_off(line.scope)
        tried = subprocess.run(
            [sys.executable, "-c", TRIES_THE_LOCK, str(path)],
            check=False,
            capture_output=True,
        )
    assert b"BlockingIOError" in tried.stderr


async def test_with_the_first_question_what_listens_gives_every_connection_its_bound(
    listening: socket.socket, line: Line
) -> None:
    asked: list[Scope] = []

    async def inside(scope: Scope, receive: Receive, send: Send) -> None:
        del receive, send
        asked.append(scope)

    app = LittleUnsent(inside)
    before = line.fill()
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        await app({**line.scope, "type": "lifespan"}, nothing, nowhere)
        assert lowat(listening) == lowat(elsewhere) != UNSENT_BYTES
        await app(line.scope, nothing, nowhere)
        assert lowat(elsewhere) != UNSENT_BYTES
    assert lowat(listening) == lowat(line.ours) == UNSENT_BYTES
    with closing(Line(listening, "127.0.0.1")) as later:
        assert lowat(later.ours) == UNSENT_BYTES
        assert later.fill() < before / 4
    # Looked for once, not with every question
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, 1)
    await app(line.scope, nothing, nowhere)
    assert lowat(listening) == 1
    assert [one["type"] for one in asked] == ["lifespan", "http", "http"]


def test_a_server_that_is_not_found_is_told_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        assert keep_little_unsent({"type": "http", "server": None}) == 0
    assert "no socket of the server was found" in caplog.text
