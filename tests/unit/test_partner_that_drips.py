# SPDX-License-Identifier: Apache-2.0
"""A partner's server that sends byte after byte ends by our clock, not by its own."""

import socket
import threading
import time
from contextlib import closing, suppress

import pytest

from wardkeep.assembly import partners
from wardkeep.fhir.bars.tokens import Post, Reply


def test_an_answer_that_drips_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partners, "WHOLE_ANSWER_SECONDS", 0.3)
    ended = threading.Event()

    def drip(server: socket.socket) -> None:
        connection, _ = server.accept()
        with closing(connection), suppress(OSError):
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while not ended.wait(0.05):
                connection.sendall(b"x")

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        dripping = threading.Thread(target=drip, args=(server,))
        dripping.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        began = time.monotonic()
        assert partners.ask_partner(Post(url=url, headers={})) == Reply(0)
        assert time.monotonic() - began < partners.ANSWER_SECONDS
        ended.set()
        dripping.join()
