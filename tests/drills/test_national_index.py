# SPDX-License-Identifier: Apache-2.0
"""A national index by the shapes of the PDS FHIR API: right, slow, broken and hostile.

The client asks over real HTTP: the demonstration's own index, and servers that behave
as none should.
"""

import asyncio
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from support.asgi import call
from support.house import free_port
from wardkeep.assembly.synthetic_pds import application_of
from wardkeep.fhir.urgent.outside import LARGEST_BYTES
from wardkeep.fhir.urgent.pds import PdsTracer
from wardkeep.fhir.urgent.tracing import (
    NOT_FOUND,
    NOT_REACHED,
    NOT_TRACED,
    PARTIAL,
    SECONDS,
    VERIFIED,
    Asked,
    Traced,
    TracesNobody,
    Tracing,
)

ANN = {
    "resourceType": "Patient",
    "id": "a",
    "identifier": [
        {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000042"}
    ],
    "name": [{"use": "official", "family": "O'Brien", "given": ["Ann", "May"]}],
    "birthDate": "1950-01-02",
    "gender": "female",
    "address": [{"use": "home", "postalCode": "ZZ91 1AA"}],
}
TWIN = ANN | {
    "id": "b",
    "identifier": [
        {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000069"}
    ],
    "name": [{"use": "official", "family": "O'Brien", "given": ["Bea"]}],
}
Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


class _Handler(http.server.BaseHTTPRequestHandler):
    def __init__(self, answer: Answer, *args: object) -> None:
        self.answer = answer
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self.answer(self)

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    port = free_port()
    handler = partial(_Handler, answer)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        server.server_close()


def send(handler: http.server.BaseHTTPRequestHandler, status: int, body: bytes) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture(scope="module")
def index() -> Iterator[str]:
    """The demonstration's own, with two people, behind real sockets."""
    own = application_of([ANN, TWIN])

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        headers = dict(handler.headers)
        got = asyncio.run(call(own, "GET", handler.path, headers=headers))
        send(handler, got.status, got.body)

    with serving(answer) as address:
        yield address


def trace(address: str, **asked: str) -> Traced:
    return asyncio.run(PdsTracer(address).trace(Asked(**asked)))


def test_by_number_and_birth_somebody_is_verified(index: str) -> None:
    found = trace(index, number="9990000042", born="1950-01-02")
    assert found.status == VERIFIED
    assert (found.name, found.postcode) == ("Ann O'Brien", "ZZ91 1AA")


def test_a_name_is_the_same_however_its_apostrophe_is_typed(index: str) -> None:
    assert trace(index, number="9990000042", family="o’brien").status == VERIFIED


@pytest.mark.parametrize("asked", [{"born": "1951-01-02"}, {"family": "Smith"}, {}])
def test_by_number_with_other_details_nothing_is_told(
    index: str, asked: dict[str, str]
) -> None:
    found = trace(index, number="9990000042", **asked)
    assert found.status == PARTIAL
    assert not found.name
    assert not found.born


def test_a_number_that_nobody_has_is_not_found(index: str) -> None:
    assert trace(index, number="9990000077").status == NOT_FOUND


def test_by_facts_one_person_is_verified_and_two_are_not(index: str) -> None:
    facts = {"family": "O'Brien", "born": "1950-01-02"}
    found = trace(index, **facts, given="Ann")
    assert (found.status, found.number) == (VERIFIED, "9990000042")
    assert trace(index, **facts).status == PARTIAL
    assert trace(index, **facts, given="Ann", gender="male").status == NOT_FOUND
    assert trace(index, **facts, given="Ann", postcode="zz911aa").status == VERIFIED
    assert trace(index, family="O'Brien", born="1999-01-02").status == NOT_FOUND


def test_what_the_demonstrations_index_answers_is_as_the_api_says() -> None:
    own = application_of([ANN, TWIN])
    asks = {"X-Request-ID": "60E0B220-8136-4CA5-AE46-1D97EF59D068"}

    def got(path: str, headers: dict[str, str]) -> tuple[int, Any]:
        answer = asyncio.run(call(own, "GET", path, headers=headers))
        return answer.status, json.loads(answer.body)

    assert got("/Patient/9990000042", {})[0] == 400
    assert got("/Patient/9990000043", asks)[0] == 400
    status, missing = got("/Patient/9990000077", asks)
    assert status == 404
    coding = missing["issue"][0]["details"]["coding"][0]
    assert coding["code"] == "RESOURCE_NOT_FOUND"
    assert got("/Patient?family=x", asks)[0] == 400
    query = "/Patient?family=O'Brien&birthdate=eq1950-01-02"
    assert got(query, asks)[1]["resourceType"] == "OperationOutcome"
    _, one = got(f"{query}&given=Bea", asks)
    assert (one["total"], one["entry"][0]["search"]) == (1, {"score": 1})


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (200, b'{"birthDate": 7}'),
        (200, b"[" * 2000),
        (200, b" " * (LARGEST_BYTES + 1)),
        (302, b""),
        (401, b"{}"),
        (429, b"{}"),
        (503, b"{}"),
    ],
)
def test_what_cannot_be_used_is_nobody_reached(status: int, body: bytes) -> None:
    with serving(lambda handler: send(handler, status, body)) as address:
        assert trace(address, number="9990000042").status == NOT_REACHED


def test_another_person_than_was_asked_for_is_not_verified() -> None:
    """An index that is wrong, or was taken over, verifies nobody by itself."""
    body = json.dumps({**ANN, "id": "no-number"}).encode()
    with serving(lambda handler: send(handler, 200, body)) as address:
        found = trace(address, number="9990000042", born="1950-01-02")
        assert found.status == PARTIAL
    body = json.dumps({**TWIN, "id": "9990000069"}).encode()
    with serving(lambda handler: send(handler, 200, body)) as address:
        found = trace(address, number="9990000042", born="1950-01-02")
        assert found.status == PARTIAL


def drip(handler: http.server.BaseHTTPRequestHandler) -> None:
    """A byte now and then, so that no single wait is long."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(40):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.2)


def sleeps(handler: http.server.BaseHTTPRequestHandler) -> None:
    time.sleep(5)
    send(handler, 200, b"{}")


@pytest.mark.parametrize("answer", [drip, sleeps])
def test_whoever_is_slow_is_not_waited_for(answer: Answer) -> None:
    with serving(answer) as address:
        began = time.monotonic()
        asked = Tracing(PdsTracer(address)).trace(Asked(number="9990000042"))

        async def ask() -> tuple[Traced, float]:
            return await asked, time.monotonic() - began

        found, took = asyncio.run(ask())
        assert found.status == NOT_REACHED
        assert took < SECONDS + 1


def test_nobody_listens_there() -> None:
    assert trace(f"http://127.0.0.1:{free_port()}", number="9990000042").status == (
        NOT_REACHED
    )


def test_where_no_index_is_set_up_nobody_is_asked() -> None:
    found = asyncio.run(Tracing(TracesNobody()).trace(Asked(number="9990000042")))
    assert found == Traced(status=NOT_TRACED, number="9990000042")
