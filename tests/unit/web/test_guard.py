# SPDX-License-Identifier: Apache-2.0
"""What the guard turns away, and what every answer carries."""

import asyncio
import json
import logging
import tracemalloc

import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from support.asgi import FROM_OUR_PAGE, ORIGIN, call, chunks
from wardkeep.base.clock import SystemClock
from wardkeep.disclosure.client import WardenBusyError, WardenUnavailableError
from wardkeep.web.answer_log import FLUSH_SECONDS
from wardkeep.web.errors import tell_plainly
from wardkeep.web.exchange import PATTERN
from wardkeep.web.guard import (
    AnswerBrokenError,
    Guard,
    host_check,
    length_check,
    new_reference,
    origin_check,
)
from wardkeep.web.headers import for_pages
from wardkeep.web.logs import JsonLines
from wardkeep.web.metrics import Metrics
from wardkeep.web.site import Limits, Site

SITE = Site(origin=ORIGIN)
SECURE = Site(origin="https://records.example.org")


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    scope[PATTERN] = "/echo/{id}"
    body = await Request(scope, receive).body()
    await PlainTextResponse(body.decode() or "empty")(scope, receive, send)


def guarded(
    inside: ASGIApp, site: Site = SITE, *, metrics: Metrics | None = None
) -> Guard:
    return Guard(
        inside,
        site=site,
        checks=(host_check(site.hosts), origin_check(site), length_check(site)),
        headers=for_pages(site),
        tell=tell_plainly,
        metrics=metrics or Metrics(),
        clock=SystemClock(),
    )


def limited(**limits: float) -> Site:
    return Site(origin=ORIGIN, limits=msgspec.convert(limits, Limits))


async def test_every_answer_has_the_headers_refusals_included() -> None:
    answers = [
        await call(guarded(echo), "GET", "/echo/1"),
        await call(guarded(echo), "POST", "/echo/1"),
        await call(guarded(echo), "GET", "/", headers={"host": "evil.example"}),
    ]
    assert [answer.status for answer in answers] == [200, 403, 421]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "require-trusted-types-for 'script'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        permissions = answer.headers["permissions-policy"]
        assert "publickey-credentials-get=(self)" in permissions
        assert len(answer.headers["x-request-id"]) == 9
        assert "strict-transport-security" not in answer.headers


async def test_https_is_demanded_for_two_years_once_there_is_tls() -> None:
    answer = await call(
        guarded(echo, SECURE), "GET", "/", headers={"host": "records.example.org"}
    )
    assert answer.headers["strict-transport-security"] == "max-age=63072000"


async def test_a_page_may_be_stricter_than_the_guard_but_has_each_header_once() -> None:
    async def strict(scope: Scope, receive: Receive, send: Send) -> None:
        response = PlainTextResponse("x", headers={"Referrer-Policy": "no-referrer"})
        await response(scope, receive, send)

    answer = await call(guarded(strict), "GET", "/")
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1:8111",
        "localhost",
        "localhost:8112",
        "",
        "LOCALHOST.:8111",
    ],
)
async def test_other_hosts_are_refused(host: str) -> None:
    answer = await call(guarded(echo), "GET", "/", headers={"host": host})
    assert answer.status == 421


async def test_our_host_is_known_in_any_case_and_with_its_default_port() -> None:
    for host in ("records.example.org", "Records.Example.ORG:443"):
        answer = await call(guarded(echo, SECURE), "GET", "/", headers={"host": host})
        assert answer.status == 200
    other_port = {"host": "records.example.org:8443"}
    assert (
        await call(guarded(echo, SECURE), "GET", "/", headers=other_port)
    ).status == 421


async def test_probes_may_name_the_machine_by_its_address() -> None:
    headers = {"host": "10.0.0.7:8111"}
    assert (
        await call(guarded(echo), "GET", "/health/live", headers=headers)
    ).status == 200


@pytest.mark.parametrize("name", ["host", "origin", "sec-fetch-site", "content-length"])
async def test_a_header_that_decides_may_come_only_once(name: str) -> None:
    pairs = [("host", "localhost:8111"), (name, "5"), (name, "5")]
    answer = await call(guarded(echo), "GET", "/", headers=pairs)
    assert answer.status == 400


async def test_a_change_from_another_site_never_reaches_the_page() -> None:
    reached: list[str] = []

    async def inside(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["method"])
        await echo(scope, receive, send)

    app = guarded(inside)
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {},
    ):
        assert (await call(app, "POST", "/", headers=headers)).status == 403
    assert reached == []
    assert (await call(app, "POST", "/", headers=FROM_OUR_PAGE)).status == 200
    assert (await call(app, "POST", "/", headers={"origin": ORIGIN})).status == 200
    assert reached == ["POST", "POST"]


async def test_an_announced_body_that_is_too_large_is_refused_unread() -> None:
    app = guarded(echo, limited(body_bytes=100))
    headers = {**FROM_OUR_PAGE, "content-length": "101"}

    answer = await call(app, "POST", "/", headers=headers)
    assert answer.status == 413
    nonsense = {**FROM_OUR_PAGE, "content-length": "-1"}
    assert (await call(app, "POST", "/", headers=nonsense)).status == 400
    huge = {**FROM_OUR_PAGE, "content-length": "9" * 5000}
    assert (await call(app, "POST", "/", headers=huge)).status == 413


async def test_a_body_that_grows_too_large_is_cut_off_and_not_held() -> None:
    app = guarded(echo, limited(body_bytes=1000))
    pieces = chunks(*[b"x" * 400] * 10_000)
    tracemalloc.start()
    answer = await call(app, "POST", "/", headers=FROM_OUR_PAGE, body=pieces)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.status == 413
    assert peak < 2_000_000


async def test_a_body_that_drips_is_cut_off_after_its_time() -> None:
    app = guarded(echo, limited(body_seconds=0.1))
    drip = chunks(*[b"x"] * 100, pause_seconds=0.02)
    started = asyncio.get_running_loop().time()
    answer = await call(app, "POST", "/", headers=FROM_OUR_PAGE, body=drip)
    assert answer.status == 408
    assert asyncio.get_running_loop().time() - started < 1.0


async def test_a_client_that_leaves_while_sending_is_noticed() -> None:
    async def reading(_scope: Scope, receive: Receive, send: Send) -> None:
        kinds = [(await receive())["type"], (await receive())["type"]]
        body = " ".join(kinds).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": [(b"host", b"localhost:8111")],
    }
    await guarded(reading)(scope, receive, send)
    assert sent[1]["body"] == b"http.disconnect http.disconnect"


async def test_a_page_that_takes_too_long_becomes_a_503() -> None:
    async def slow(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.sleep(60)

    answer = await call(guarded(slow, limited(answer_seconds=0.05)), "GET", "/")
    assert answer.status == 503
    assert answer.headers["retry-after"] == "2"


async def test_a_long_answer_is_not_cut_off_once_it_has_begun() -> None:
    async def stream(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(0.1)
        await send({"type": "http.response.body", "body": b"late"})

    answer = await call(guarded(stream, limited(answer_seconds=0.05)), "GET", "/")
    assert (answer.status, answer.body) == (200, b"late")


async def test_overload_is_answered_at_once_and_passes() -> None:
    gate = asyncio.Event()

    async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
        await gate.wait()
        await echo(scope, receive, send)

    app = guarded(waiting, limited(at_once=3))
    inside = [asyncio.create_task(call(app, "GET", "/")) for _ in range(3)]
    await asyncio.sleep(0)
    turned_away = await asyncio.wait_for(call(app, "GET", "/"), 1)
    assert turned_away.status == 503
    assert turned_away.headers["retry-after"] == "2"
    gate.set()
    assert [answer.status for answer in await asyncio.gather(*inside)] == [200] * 3
    assert (await call(app, "GET", "/")).status == 200


@pytest.mark.parametrize("error", [WardenUnavailableError(), WardenBusyError()])
async def test_an_absent_or_busy_warden_is_a_503_with_a_pause(error: Exception) -> None:
    async def asking(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise error

    answer = await call(guarded(asking), "GET", "/")
    assert answer.status == 503
    assert "retry-after" in answer.headers


async def test_what_breaks_is_logged_by_type_and_place_and_told_by_reference(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
        message = "Mistletoe Pemberton 999 000 0018"
        raise ValueError(message)

    with caplog.at_level(logging.INFO, logger="wardkeep.web"):
        answer = await call(guarded(broken), "GET", "/patients/99?q=Pemberton")
    assert answer.status == 500
    assert "Pemberton" not in answer.text
    assert "ValueError" not in answer.text
    reference = answer.headers["x-request-id"]
    assert reference in answer.text
    lines = [JsonLines("web").format(record) for record in caplog.records]
    assert any(reference in line and "ValueError" in line for line in lines)
    assert not any("Pemberton" in line or "999" in line for line in lines)


async def test_half_an_answer_is_broken_off_without_the_cause() -> None:
    async def half(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        message = "Pemberton"
        raise ValueError(message)

    with pytest.raises(AnswerBrokenError) as caught:
        await call(guarded(half), "GET", "/")
    assert caught.value.__suppress_context__
    assert "Pemberton" not in str(caught.value)


async def test_a_client_that_stops_reading_frees_its_place() -> None:
    metrics = Metrics()
    app = guarded(echo, limited(send_seconds=0.05), metrics=metrics)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def stuck(_message: Message) -> None:
        await asyncio.sleep(60)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": [(b"host", b"localhost:8111")],
    }
    with pytest.raises(AnswerBrokenError):
        await asyncio.wait_for(app(scope, receive, stuck), 1)
    assert metrics.registry.get_sample_value("wardkeep_requests_under_way") == 0


async def test_a_client_that_does_not_even_read_the_error_is_given_up() -> None:
    app = guarded(echo, limited(send_seconds=0.05))

    async def stuck(_message: Message) -> None:
        await asyncio.sleep(60)

    async def receive() -> Message:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    await asyncio.wait_for(app(scope, receive, stuck), 1)


async def test_a_client_that_hangs_up_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def gone(_message: Message) -> None:
        raise BrokenPipeError

    async def receive() -> Message:
        return {"type": "http.request"}

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": [(b"host", b"localhost:8111")],
    }
    with caplog.at_level(logging.INFO, logger="wardkeep.web"):
        await guarded(echo)(scope, receive, gone)
    assert {record.levelname for record in caplog.records} == {"INFO"}


async def test_the_log_has_the_pattern_and_never_the_address(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO, logger="wardkeep.web"):
        await call(guarded(echo), "GET", "/echo/9990000018?name=Pemberton")
    await asyncio.sleep(2 * FLUSH_SECONDS)
    line = json.loads(capsys.readouterr().err)
    assert (line["message"], line["process"], line["level"]) == (
        "answered",
        "web",
        "info",
    )
    assert line["pattern"] == "/echo/{id}"
    assert (line["method"], line["status"]) == ("GET", 200)
    assert line["milliseconds"] >= 0
    assert "9990000018" not in json.dumps(line)
    assert "Pemberton" not in json.dumps(line)


async def test_metrics_count_by_pattern_and_a_made_up_method_is_no_label() -> None:
    metrics = Metrics()
    app = guarded(echo, metrics=metrics)
    await call(app, "GET", "/echo/1")
    await call(app, "PEMBERTON", "/echo/1", headers=FROM_OUR_PAGE)
    for method in ("GET", "OTHER"):
        labels = {"method": method, "pattern": "/echo/{id}", "status": "2xx"}
        name = "wardkeep_request_seconds_count"
        assert metrics.registry.get_sample_value(name, labels) == 1


async def test_a_websocket_is_closed_politely() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await guarded(echo)({"type": "websocket"}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_references_are_short_distinct_and_easy_to_read_out() -> None:
    made = {new_reference() for _ in range(500)}
    assert len(made) == 500
    assert all(len(one) == 9 and not set("AEIOU01OIL") & set(one) for one in made)
