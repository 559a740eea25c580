# SPDX-License-Identifier: Apache-2.0
"""A freeze stops an answer whose first byte has left: a thief who reads slowly."""

import asyncio
import base64
import json
import secrets
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from support.program import Program
from support.served import Served, served
from support.warden import RunningWarden
from wardkeep.disclosure.answers import Done
from wardkeep.disclosure.containment import FreezeNow

DOCUMENTS, DOCUMENT_BYTES = 60, 600_000
FIRST_BYTES = 200_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("under-way")) as running:
        running.found("fernhill")
        yield running


@pytest.fixture
def program(
    server: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    keys = tmp_path_factory.mktemp("keys")
    with closing(Program(server, keys, organisation="fernhill")) as made:
        yield made


def fill(program: Program) -> str:
    """A patient with many megabytes of documents; where they are asked for."""
    patient = f"p-{secrets.token_hex(4)}"
    program.put({"resourceType": "Patient", "id": patient})
    for _ in range(DOCUMENTS):
        noise = base64.b64encode(secrets.token_bytes(DOCUMENT_BYTES * 3 // 4))
        made = program.ask(
            "POST",
            "DocumentReference",
            {
                "resourceType": "DocumentReference",
                "status": "current",
                "subject": {"reference": f"Patient/{patient}"},
                "content": [{"attachment": {"data": noise.decode()}}],
            },
        )
        assert made.status == 201, made
    return f"DocumentReference?patient={patient}&_count=100"


class Reader:
    """Somebody who asks for something large and reads it in their own time."""

    def __init__(self, server: Served, path: str, token: str) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        self._socket.connect(("127.0.0.1", server.port))
        asked = (
            f"GET /fhir/{path} HTTP/1.1\r\nHost: localhost:{server.port}\r\n"
            f"Authorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        )
        self._socket.sendall(asked.encode())
        self.received = b""

    def read(self, until: int) -> bytes:
        while len(self.received) < until:
            piece = self._socket.recv(65_536)
            if not piece:
                break
            self.received += piece
        return self.received

    def close(self) -> None:
        self._socket.close()


def freeze_programs(server: Served, token: str) -> None:
    async def tell() -> None:
        warden = RunningWarden(server, None)  # type: ignore[arg-type]
        asked = FreezeNow(token, "supplier", "", "a program's key was stolen")
        assert await warden.door.ask_any(asked) == Done()
        await warden.door.close()
        await warden.operator.close()

    asyncio.run(tell())


def test_who_reads_slowly_gets_all_of_it_while_nothing_happens_and_no_more_once_frozen(
    server: Served, program: Program
) -> None:
    officer = server.sign_in("fernhill", [], role="privacy_officer")
    path = fill(program)
    whole = len(program.get(path).raw)
    assert whole > DOCUMENTS * DOCUMENT_BYTES
    with closing(Reader(server, path, program.token)) as patient_one:
        patient_one.read(FIRST_BYTES)
        head, _, body = patient_one.read(whole * 2).partition(b"\r\n\r\n")
        assert b" 200 " in head
        assert len(json.loads(body)["entry"]) == DOCUMENTS
    with closing(Reader(server, path, program.token)) as thief:
        thief.read(FIRST_BYTES)
        freeze_programs(server, officer)
        # What server and kernel hold already goes on: 10 to 15 MB on one machine.
        assert len(thief.read(whole * 2)) < whole
    log = (server.layout.log / "web.log").read_text()
    assert "an answer was ended" in log
