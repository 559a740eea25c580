# SPDX-License-Identifier: Apache-2.0
"""Live streams attacked: they end with their session, and nobody hears another's."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest

from support.boards import put
from support.live_site import LiveSite, live_site
from support.served import Served, Visitor, served
from support.warden import RunningWarden
from wardkeep.assembly.database import WEB, address_for
from wardkeep.db.connection import connect
from wardkeep.disclosure.answers import Done, SessionView
from wardkeep.disclosure.containment import FreezeNow
from wardkeep.disclosure.questions import CheckSession

FERNHILL, LARKSPUR = 1, 2
BOARDS = "/live?of=/boards/a/live&seen=&of=/screens/a/live&seen="


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    folder = tmp_path_factory.mktemp("streams")
    with served(folder, WARDKEEP_WEB_WORKERS="1") as server:
        server.found("fernhill")
        server.found("larkspur")
        with live_site(server) as running:
            yield running


class Listening:
    """Somebody who reads a stream, and when it ended."""

    def __init__(self, site: LiveSite, token: str, path: str = BOARDS) -> None:
        self._socket = socket.create_connection(("localhost", site.port))
        asked = (
            f"GET {path} HTTP/1.1\r\nHost: localhost:{site.port}\r\n"
            f"Cookie: wardkeep={token}\r\nSec-Fetch-Site: same-origin\r\n\r\n"
        )
        self._socket.sendall(asked.encode())
        self.text = ""
        self.ended_at = 0.0
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        self.until(lambda: "\r\n\r\n" in self.text)
        self.status = int(self.text.split()[1])

    def _read(self) -> None:
        # The last chunk of an answer (RFC 9112, 7.1), or the connection's end.
        while not self.text.endswith("0\r\n\r\n"):
            received = self._socket.recv(65_536)
            if not received:
                break
            self.text += received.decode()
        self.ended_at = time.monotonic()

    def until(self, holds: Callable[[], bool], seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, self.text
            time.sleep(0.005)

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reading.join()
        self._socket.close()


def write(site: LiveSite, organisation: int, words: str) -> None:
    async def write_once() -> None:
        server = site.server
        connection = await connect(address_for(server.settings, server.layout, WEB))
        await put(connection, organisation, "a", "A42", words)
        await connection.close()

    asyncio.run(write_once())


def freeze(server: Served, officer: str, stolen: str) -> None:
    async def tell() -> None:
        warden = RunningWarden(server, None)  # type: ignore[arg-type]
        whose = await warden.door.ask(CheckSession(stolen), SessionView)
        assert isinstance(whose, SessionView)
        asked = FreezeNow(officer, "account", whose.account, "the session was stolen")
        assert await warden.door.ask_any(asked) == Done()
        await warden.door.close()
        await warden.operator.close()

    asyncio.run(tell())


def test_a_stolen_session_hears_no_more_within_a_second_of_the_freeze(
    site: LiveSite,
) -> None:
    officer = site.server.sign_in("fernhill", [], role="privacy_officer")
    token = site.server.sign_in("fernhill", [])
    other = site.server.sign_in("fernhill", [])
    with (
        closing(Listening(site, token)) as thief,
        closing(Listening(site, other)) as colleague,
    ):
        thief.until(lambda: "event: part" in thief.text)
        begun = time.monotonic()
        freeze(site.server, officer, token)
        thief.until(lambda: thief.ended_at > 0, seconds=5)
        assert thief.ended_at - begun < 1.5, "the freeze itself is asked for in it"
        before = thief.text
        write(site, FERNHILL, "after the freeze")
        colleague.until(lambda: "after the freeze" in colleague.text)
        assert thief.text == before
        with closing(Listening(site, token)) as again:
            assert again.status == 401


def test_who_signs_out_hears_no_more(site: LiveSite) -> None:
    token = site.server.sign_in("fernhill", [])
    with closing(Listening(site, token)) as mine:
        mine.until(lambda: "event: part" in mine.text)
        with closing(Visitor(site.port, token)) as visitor:
            visitor.ask("POST", "/sign-out")
        mine.until(lambda: mine.ended_at > 0, seconds=5)


def test_another_organisation_is_never_heard(site: LiveSite) -> None:
    ours = site.server.sign_in("fernhill", [])
    theirs = site.server.sign_in("larkspur", [])
    with (
        closing(Listening(site, ours)) as here,
        closing(Listening(site, theirs)) as there,
    ):
        here.until(lambda: "event: part" in here.text)
        there.until(lambda: "event: changed" in there.text)
        write(site, FERNHILL, "of Fernhill")
        here.until(lambda: "of Fernhill" in here.text)
        write(site, LARKSPUR, "of Larkspur")
        there.until(lambda: "of Larkspur" in there.text)
        assert "of Fernhill" not in there.text
        assert "of Larkspur" not in here.text
        there.until(lambda: there.text.count("event: changed") > 1)
        assert there.text.count("event: changed") == 1 + 1


def test_neither_a_program_nor_anybody_outside_the_gate_hears_anything(
    site: LiveSite,
) -> None:
    for token in ("", "x" * 43, "~" + "x" * 43):
        with closing(Listening(site, token)) as nobody:
            assert nobody.status == 401
    doctor = site.server.sign_in("fernhill", [])
    path = "/live?of=/pharmacy/a/live&seen=&of=/screens/a/live&seen="
    with closing(Listening(site, doctor, path)) as outside:
        outside.until(lambda: "event: part" in outside.text)
        write(site, FERNHILL, "for the pharmacy")
        outside.until(lambda: "for the pharmacy" in outside.text)
        assert 'event: refused\ndata: {"of":"/pharmacy/a/live"}' in outside.text
        assert outside.text.count("/pharmacy/") == 1


def test_streams_that_nobody_reads_any_more_take_no_place(site: LiveSite) -> None:
    token = site.server.sign_in("fernhill", [])
    for _ in range(40):
        with closing(Listening(site, token)) as one:
            assert one.status == 200
    with closing(Visitor(site.port, token)) as visitor:
        assert visitor.ask("GET", "/boards/a")[0] == 200
