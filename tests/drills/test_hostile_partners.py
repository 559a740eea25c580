# SPDX-License-Identifier: Apache-2.0
"""A partner's server that means harm, or something between us that answers for it.

It is signed in to and sent to as the worker does it, over HTTP. Whatever it answers:
nobody else gets the message or the token, nothing waits for it for ever, and a patient
is thought referred only where it says so.
"""

import asyncio
import gzip
import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from wardkeep.assembly.partners import LARGEST_BYTES, ask_partner
from wardkeep.base.ids import OrganisationId
from wardkeep.fhir.bars.judging import Judged, Verdict, judged
from wardkeep.fhir.bars.tokens import Post, beside, token_at

Json = dict[str, Any]
FATAL = {"resourceType": "MessageHeader", "response": {"code": "fatal-error"}}


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Whoever has read enough hangs up; that is no fault to be told of."""


class Hostile:
    """Answers everything with one answer, and remembers what it was asked."""

    def __init__(self) -> None:
        self.status, self.body = 200, b""
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        hostile = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                hostile.asked.append((self.path, dict(self.headers)))
                self.send_response(hostile.status)
                self.send_header("Content-Length", str(len(hostile.body)))
                for name, value in hostile.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(hostile.body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = _Server(("127.0.0.1", 0), Handler)
        serving = threading.Thread(
            target=self.server.serve_forever, args=(0.02,), daemon=True
        )
        serving.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def partner() -> Iterator[Hostile]:
    made = Hostile()
    yield made
    made.close()


@pytest.fixture
def elsewhere() -> Iterator[Hostile]:
    made = Hostile()
    yield made
    made.close()


class OwnKeys:
    """Signs with a word: who checks it is the partner, who means harm."""

    def own(self, organisation: OrganisationId) -> str | None:
        raise NotImplementedError

    def at(self, organisation: OrganisationId, *, client: str, url: str) -> str | None:
        return f"{organisation} {client} {url}"


def token_of(partner: Hostile) -> str:
    ask = beside(ask_partner, at_once=1, name="drill")
    return asyncio.run(
        token_at(OwnKeys(), ask, OrganisationId(1), client="c", url=partner.url)
    )


def sent(partner: Hostile, token: str = "ours") -> Judged:  # noqa: S107 - no secret
    headers = {"Authorization": f"Bearer {token}"}
    reply = ask_partner(
        Post(url=f"{partner.url}/$process-message", body=b"{}", headers=headers)
    )
    return judged(reply.status, reply.body)


def bundle(*resources: object) -> bytes:
    entries = [{"resource": one} for one in resources]
    return json.dumps({"resourceType": "Bundle", "entry": entries}).encode()


@pytest.mark.parametrize(
    "token",
    [
        "t\r\nX-Own: 1",
        "t\nHost: elsewhere",
        "t\x00",
        "two words",
        "tök€n",
        "",
        "t" * 100_000,
        7,
        None,
        ["t"],
    ],
)
def test_a_token_that_would_begin_another_header_is_none(
    partner: Hostile, token: object
) -> None:
    partner.body = json.dumps({"access_token": token}).encode()
    assert token_of(partner) == ""


def test_a_token_answer_without_an_end_to_its_brackets_is_none(
    partner: Hostile,
) -> None:
    partner.body = b'{"a":' + b"[" * 200_000
    assert token_of(partner) == ""
    partner.body = b'{"access_token":"t-1._~+/="}'
    assert token_of(partner) == "t-1._~+/="


@pytest.mark.parametrize("token", ["t\r\nX-Own: 1", "t\nX: 1", "€"])
def test_what_may_not_stand_in_a_header_is_not_sent_and_breaks_nothing(
    partner: Hostile, token: str
) -> None:
    assert sent(partner, token) == Judged(Verdict.AGAIN, "0")
    assert partner.asked == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nobody_is_led_elsewhere_with_a_message_or_its_token(
    partner: Hostile, elsewhere: Hostile, status: int
) -> None:
    partner.status, partner.headers = status, {"Location": f"{elsewhere.url}/take"}
    assert sent(partner).verdict is Verdict.AGAIN
    assert token_of(partner) == ""
    assert len(partner.asked) == 2
    assert elsewhere.asked == []


@pytest.mark.parametrize("filler", [b" ", b"<p>blocked</p>", b"\x00"])
def test_a_page_too_long_to_be_read_is_no_receipt(
    partner: Hostile, filler: bytes
) -> None:
    """It was one: what is not read was taken for an answer without words."""
    partner.body = filler * (LARGEST_BYTES // len(filler) + 1)
    assert sent(partner) == Judged(Verdict.AGAIN, "200 not FHIR")
    assert token_of(partner) == ""


def test_a_small_answer_that_unpacks_to_a_huge_one_is_put_down(
    partner: Hostile,
) -> None:
    partner.body = gzip.compress(b" " * (128 * LARGEST_BYTES), compresslevel=1)
    partner.headers = {"Content-Encoding": "gzip"}
    began = time.monotonic()
    assert sent(partner).verdict is Verdict.AGAIN
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("place", ["code", "details"])
def test_a_code_without_an_end_holds_up_no_other_organisation(
    partner: Hostile, place: str
) -> None:
    """Looked at for hours, in the turn of all that is sent, ambulances among it."""
    endless = "a" * (LARGEST_BYTES - 1_000)
    codes: Json = {"code": "invalid", "details": {"coding": [{"code": "REC"}]}}
    codes[place] = endless if place == "code" else {"coding": [{"code": endless}]}
    issue = {"severity": "error", **codes}
    outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
    partner.body = json.dumps(outcome).encode()
    began = time.monotonic()
    found = sent(partner)
    assert time.monotonic() - began < 2
    assert found.verdict is Verdict.NEVER
    assert "aa" not in found.code


@pytest.mark.parametrize(
    "odd",
    [
        None,
        [],
        "text",
        {"resourceType": "Patient", "id": 7},
        {"resourceType": ["Patient"]},
        {"resourceType": "Appointment", "response": None},
    ],
)
def test_what_cannot_be_read_hides_no_refusal_beside_it(
    partner: Hostile, odd: object
) -> None:
    """One odd entry, and a message that was refused was thought taken."""
    for resources in ((FATAL, odd), (odd, FATAL)):
        partner.body = bundle(*resources)
        assert sent(partner) == Judged(Verdict.NEVER, "200 fatal-error")
    partner.body = bundle({**FATAL, "id": 7})
    assert sent(partner) == Judged(Verdict.NEVER, "200 fatal-error")
    partner.body = bundle(odd, {"resourceType": "ServiceRequest", "id": "r1"})
    assert sent(partner) == Judged(Verdict.DONE, there="r1")


@pytest.mark.parametrize(
    "body",
    [
        b'{"resourceType":"Bundle","entry":7}',
        b'{"resourceType":"Bundle","entry":[[],7,null,{}]}',
        b'{"resourceType":"OperationOutcome","issue":[7]}',
        b'{"resourceType":"OperationOutcome","issue":{"severity":"error"}}',
        b'{"resourceType":"Bundle","entry":[{"resource":{"id":"../../etc"}}]}',
    ],
)
def test_nothing_that_it_says_breaks_who_reads_it(
    partner: Hostile, body: bytes
) -> None:
    partner.body = body
    found = sent(partner)
    assert found.verdict in (Verdict.DONE, Verdict.AGAIN, Verdict.NEVER)
    assert found.there == ""
