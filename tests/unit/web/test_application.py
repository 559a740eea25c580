# SPDX-License-Identifier: Apache-2.0
"""The application as a whole: prefixes, static files, and what holds everywhere."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from support.asgi import FROM_OUR_PAGE, ORIGIN, call
from support.scripted_warden import scripted_warden
from wardkeep.base.clock import SystemClock
from wardkeep.web.application import Mount, application
from wardkeep.web.look import STATIC_PREFIX, look_of
from wardkeep.web.metrics import Metrics
from wardkeep.web.services import Services
from wardkeep.web.site import Limits, Site
from wardkeep.web.static import FOR_EVER


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    response = PlainTextResponse(f"bare {scope['path']} {len(body)}")
    await response(scope, receive, send)


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[ASGIApp]:
    mount = Mount(prefix="/fhir", application=bare, limits=Limits(body_bytes=1000))
    async with scripted_warden(tmp_path) as (_, client):
        yield application(
            [],
            Services(client),
            Site(origin=ORIGIN),
            clock=SystemClock(),
            metrics=Metrics(),
            mounts=[mount],
        )


async def test_a_prefix_goes_to_its_bare_application_alone(app: ASGIApp) -> None:
    assert (await call(app, "GET", "/fhir")).text == "bare /fhir 0"
    assert (await call(app, "GET", "/fhir/Patient")).text == "bare /fhir/Patient 0"
    assert (await call(app, "GET", "/fhirs")).status == 404


async def test_a_bare_application_needs_no_page_of_ours_to_ask(app: ASGIApp) -> None:
    answer = await call(app, "POST", "/fhir/Patient", body=b"12345")
    assert answer.text == "bare /fhir/Patient 5"
    assert "content-security-policy" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


async def test_host_and_limits_hold_for_it_too(app: ASGIApp) -> None:
    other = {"host": "evil.example"}
    refused = await call(app, "GET", "/fhir/Patient", headers=other)
    assert refused.status == 421
    assert refused.headers["x-request-id"] in refused.text
    large = {"content-length": "1001"}
    assert (await call(app, "POST", "/fhir", headers=large)).status == 413


async def test_static_files_come_with_the_headers_of_pages(app: ASGIApp) -> None:
    path = next(iter(look_of([]).files))
    answer = await call(app, "GET", path, headers=FROM_OUR_PAGE)
    assert answer.status == 200
    assert answer.headers["cache-control"] == FOR_EVER
    assert "content-security-policy" in answer.headers
    missing = await call(app, "GET", f"{STATIC_PREFIX}missing.css")
    assert missing.status == 404
    assert missing.headers["cache-control"] == "no-store"


async def test_no_static_file_asks_another_host_for_anything() -> None:
    elsewhere = re.compile(rb"url\(['\"]?(?:https?:|//)|@import|@font-face")
    for path, content in look_of([]).files.items():
        if path.endswith((".css", ".js")):
            assert not elsewhere.search(content), path
