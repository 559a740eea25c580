# SPDX-License-Identifier: Apache-2.0
"""A freeze stops an answer whose first byte has left: a thief who reads slowly."""

import asyncio
import base64
import json
import secrets
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from support.program import Program
from support.served import Served, served
from support.smart import App, register
from wardkeep.disclosure.answers import Done, Passkeys, SessionView
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.containment import FreezeNow, ListDevices
from wardkeep.disclosure.questions import CheckSession
from wardkeep.web.connection import UNSENT_BYTES
from wardkeep.web.pieces import PIECE_BYTES

DOCUMENTS, DOCUMENT_BYTES = 20, 600_000
WHOLE = DOCUMENTS * DOCUMENT_BYTES
FIRST_BYTES = 200_000
PATIENCE_SECONDS = 20
SCOPE = "launch/patient patient/*.rs"
HOLDS_WITHIN_SECONDS = 1.0
"""What is promised of a freeze, in every process."""
OUT_OF_HAND = 2 * UNSENT_BYTES + 3 * PIECE_BYTES
"""What kernel and server may hold when the last piece was handed over."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("under-way")) as running:
        yield running


class Trust:
    """An organisation of its own with one patient, whose documents are many MB."""

    def __init__(self, server: Served, folder: Path, *, documents: int) -> None:
        self.name = f"trust-{secrets.token_hex(4)}"
        server.found(self.name)
        self.server = server
        self.officer = server.sign_in(self.name, [], role="privacy_officer")
        self.program = Program(server, folder, organisation=self.name)
        self.patient = f"p-{secrets.token_hex(4)}"
        self.program.put({"resourceType": "Patient", "id": self.patient})
        for _ in range(documents):
            noise = base64.b64encode(secrets.token_bytes(DOCUMENT_BYTES * 3 // 4))
            self.program.create(
                {
                    "resourceType": "DocumentReference",
                    "status": "current",
                    "subject": {"reference": f"Patient/{self.patient}"},
                    "content": [{"attachment": {"data": noise.decode()}}],
                }
            )

    @property
    def path(self) -> str:
        return f"/fhir/DocumentReference?patient={self.patient}&_count=100"

    def stolen(self, kind: str) -> tuple[str, str, str]:
        """A token, and the kind and id of what a freeze of it names."""
        if kind in {"supplier", "organisation"}:
            return self.program.token, kind, ""
        if kind == "program":
            return self.program.token, "account", self.program.id
        doctor = self.server.sign_in(self.name, [self.patient])
        app = App(self.server, register(self.server, self.name, SCOPE), doctor)
        token = app.access(SCOPE, self.patient)["access_token"]
        if kind == "app":
            return token, kind, app.client_id
        return token, kind, asyncio.run(self._account_or_device(kind, doctor))

    async def _account_or_device(self, kind: str, doctor: str) -> str:
        async with self._door() as door:
            session = await door.ask(CheckSession(doctor), SessionView)
            assert isinstance(session, SessionView), session
            if kind == "account":
                return session.account
            asked = ListDevices(self.officer, session.account)
            listed = await door.ask(asked, Passkeys)
            assert isinstance(listed, Passkeys), listed
            return listed.passkeys[0].credential.hex()

    @asynccontextmanager
    async def _door(self) -> AsyncIterator[WardenClient]:
        door = WardenClient(self.server.layout.door_socket, asker="web")
        try:
            yield door
        finally:
            await door.close()

    def freeze(self, kind: str, target: str) -> None:
        asyncio.run(self._freeze(FreezeNow(self.officer, kind, target, "was stolen")))

    async def _freeze(self, asked: FreezeNow) -> None:
        async with self._door() as door:
            assert await door.ask_any(asked) == Done()


class Reader:
    """Somebody who asks for something large and reads it in their own time."""

    def __init__(self, server: Served, question: bytes) -> None:
        self._socket = socket.socket()
        self._socket.settimeout(PATIENCE_SECONDS)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        self.holds = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        """What may lie in the reader's own kernel, unread."""
        self._socket.connect(("127.0.0.1", server.port))
        self._socket.sendall(question)
        self.received = b""
        self.was_reset = False

    def read(self, until: int) -> int:
        """Read to that many bytes, or to the end of what comes; how many more came."""
        before = len(self.received)
        pieces = [self.received]
        read = before
        try:
            while read < until:
                piece = self._socket.recv(65_536)
                if not piece:
                    break
                pieces.append(piece)
                read += len(piece)
        except ConnectionResetError:
            self.was_reset = True
        except TimeoutError:
            pytest.fail(f"nothing comes, and no end: {b''.join(pieces)[-2000:]!r}")
        self.received = b"".join(pieces)
        return read - before

    def close(self) -> None:
        self._socket.close()


def question(server: Served, path: str, token: str) -> bytes:
    asked = (
        f"GET {path} HTTP/1.1\r\nHost: localhost:{server.port}\r\n"
        f"Authorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    )
    return asked.encode()


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """RFC 9113, 4.1."""
    length = len(payload).to_bytes(3, "big")
    return length + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def literal(text: str) -> bytes:
    """RFC 7541, 5.2, of fewer than 254 bytes, without Huffman's code."""
    length = len(text)
    start = bytes([length]) if length < 127 else bytes([127, length - 127])
    return start + text.encode()


def question_over_http_2(server: Served, path: str, token: str) -> bytes:
    """The same by somebody who lets the server send as much at once as there is."""
    fields = {
        ":method": "GET",
        ":scheme": "http",
        ":path": path,
        ":authority": f"localhost:{server.port}",
        "authorization": f"Bearer {token}",
    }
    # Never-indexed literals: RFC 7541, 6.2.3.
    block = b"".join(
        b"\x10" + literal(name) + literal(said) for name, said in fields.items()
    )
    most = (2**31 - 1).to_bytes(4, "big")
    return b"".join(
        [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            frame(4, 0, 0, b"\x00\x04" + most),
            frame(8, 0, 0, (2**31 - 1 - 65_535).to_bytes(4, "big")),
            frame(1, 5, 1, block),
        ]
    )


ASKED_BY = {"http/1.1": question, "http/2": question_over_http_2}


@pytest.fixture
def trust(server: Served, tmp_path: Path) -> Iterator[Trust]:
    made = Trust(server, tmp_path, documents=DOCUMENTS)
    with closing(made.program):
        yield made


def test_who_reads_slowly_gets_all_of_it_while_nothing_happens(trust: Trust) -> None:
    asked = question(trust.server, trust.path, trust.program.token)
    with closing(Reader(trust.server, asked)) as reader:
        reader.read(FIRST_BYTES)
        # Longer than it takes to be asked whether it may go on.
        time.sleep(HOLDS_WITHIN_SECONDS)
        reader.read(WHOLE * 2)
        head, _, body = reader.received.partition(b"\r\n\r\n")
        assert b" 200 " in head
        assert b"x-accel-buffering: no" in head.lower()
        assert len(json.loads(body)["entry"]) == DOCUMENTS
        assert not reader.was_reset


@pytest.mark.parametrize(
    ("kind", "protocol"),
    [
        ("account", "http/1.1"),
        ("account", "http/2"),
        ("device", "http/1.1"),
        ("app", "http/1.1"),
        ("program", "http/1.1"),
        ("supplier", "http/1.1"),
        ("organisation", "http/2"),
    ],
)
def test_who_reads_nothing_has_what_their_own_machine_held_when_it_was_frozen(
    trust: Trust, kind: str, protocol: str
) -> None:
    token, *frozen = trust.stolen(kind)
    asked = ASKED_BY[protocol](trust.server, trust.path, token)
    with closing(Reader(trust.server, asked)) as thief:
        assert thief.read(FIRST_BYTES) >= FIRST_BYTES, thief.received
        trust.freeze(*frozen)
        time.sleep(HOLDS_WITHIN_SECONDS)
        assert thief.read(WHOLE * 2) <= thief.holds
        assert thief.was_reset
    log = (trust.server.layout.log / "web.log").read_text()
    assert "an answer was ended" in log
    assert "was gone" not in log


def test_who_reads_on_is_cut_off_within_a_second(trust: Trust) -> None:
    token, *frozen = trust.stolen("account")
    asked = question(trust.server, trust.path, token)
    with closing(Reader(trust.server, asked)) as thief:
        assert thief.read(FIRST_BYTES) >= FIRST_BYTES, thief.received
        trust.freeze(*frozen)
        ends = time.monotonic() + HOLDS_WITHIN_SECONDS
        read = 0
        while time.monotonic() < ends:
            read += thief.read(len(thief.received) + 20_000)
            time.sleep(0.01)
        assert thief.read(WHOLE * 2) == 0
        assert thief.was_reset
        # Two megabytes a second, and what lay in the thief's own kernel.
        assert read < WHOLE // 4


def test_the_last_pieces_alone_are_out_of_hand(server: Served, tmp_path: Path) -> None:
    trust = Trust(server, tmp_path, documents=2)
    with closing(trust.program):
        token, *frozen = trust.stolen("account")
        asked = question(server, trust.path, token)
        with closing(Reader(server, asked)) as thief:
            thief.read(1)
            trust.freeze(*frozen)
            time.sleep(HOLDS_WITHIN_SECONDS)
            assert thief.read(WHOLE) <= thief.holds
            assert thief.was_reset
        # It is the kernel that held less: the answer is longer than all may hold.
        assert OUT_OF_HAND + thief.holds < 2 * DOCUMENT_BYTES
