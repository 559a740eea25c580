# SPDX-License-Identifier: Apache-2.0
"""The stream of events: whose it is, what it is let hear, and how it ends."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response
from starlette.types import Message

from support.asgi import FROM_OUR_PAGE, ORIGIN, call
from support.pages import COOKIE
from support.scripted_warden import ScriptedWarden, scripted_warden
from support.waiting import until
from wardkeep.base.clock import SystemClock
from wardkeep.db.changes import Changed, Topic
from wardkeep.disclosure.questions import CheckSession
from wardkeep.web.application import application
from wardkeep.web.apps import App, FoundApp
from wardkeep.web.gates import Gate
from wardkeep.web.hub import Hub
from wardkeep.web.live import Signal
from wardkeep.web.metrics import Metrics
from wardkeep.web.pages import page
from wardkeep.web.services import Services
from wardkeep.web.site import Site
from wardkeep.web.streams import MOST_PARTS, wanted_of
from wardkeep.web.visit import PublicVisit, Visit

HEADERS = {**COOKIE, **FROM_OUR_PAGE}


def hears(visit: Visit) -> Signal:
    day = visit.query("day") or "today"
    return Signal((Topic("clinic", f"{visit.path('clinic')}-{day}"),))


@page("/clinics/{clinic}/live", gate=Gate.SIGNED_IN, hears=hears)
async def clinic_part(visit: Visit) -> Response:
    live = visit.live(clinic_part, **dict(visit.request.query_params))
    assert visit.token.startswith("~")
    return visit.part(live, "clinics/part.html", name=visit.path("clinic"))


@page("/pharmacy/{clinic}/live", gate=Gate.SIGNED_IN.only("pharmacist"), hears=hears)
async def pharmacy_part(_visit: Visit) -> Response:
    return Response("pharmacy")


@page("/still", gate=Gate.SIGNED_IN)
async def still(visit: Visit) -> Response:
    return visit.render("clinics/part.html", live=visit.live(still), name="")


@page("/live/screen", gate=Gate.SCREEN, methods=("POST",))
async def of_a_device(visit: PublicVisit) -> Response:
    return Response(await visit.request.body())


@page("/live/people", gate=Gate.SIGNED_IN, methods=("POST",))
async def of_people(_visit: Visit) -> Response:
    return Response("people")


PAGES = (clinic_part, pharmacy_part, still, of_a_device, of_people)


class Reader:
    """A browser that reads a stream until it has had enough."""

    def __init__(self, app: Any, url: str) -> None:
        self.sent: list[Message] = []
        self.gone = asyncio.Event()
        self.task = asyncio.create_task(self._read(app, url))

    async def _read(self, app: Any, url: str) -> None:
        path, _, query = url.partition("?")
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": query.encode(),
            "headers": [
                (name.encode(), value.encode())
                for name, value in {**HEADERS, "host": "localhost:8111"}.items()
            ],
            "client": ("127.0.0.1", 5000),
        }
        await app(scope, self._receive, self._send)

    async def _receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def text(self) -> str:
        return b"".join(one.get("body", b"") for one in self.sent).decode()

    async def leave(self) -> None:
        self.gone.set()
        await asyncio.wait_for(self.task, 5)


class Ward:
    """The application, its hub and the warden behind it."""

    def __init__(self, app: Any, hub: Hub, warden: ScriptedWarden) -> None:
        self.app = app
        self.hub = hub
        self.warden = warden


@pytest.fixture
async def ward(tmp_path: Path) -> AsyncIterator[Ward]:
    folder = tmp_path / "clinics"
    (folder / "templates").mkdir(parents=True)
    (folder / "templates" / "part.html").write_text("<p>{{ name }}</p>")
    hub = Hub(SystemClock())
    hub.listen(is_listening=True)
    async with scripted_warden(tmp_path) as (warden, client):
        app = application(
            [FoundApp(app=App(name="clinics", title="C", pages=PAGES), folder=folder)],
            Services(client, hub),
            Site(origin=ORIGIN),
            clock=SystemClock(),
            metrics=Metrics(),
        )
        yield Ward(app, hub, warden)
        hub.close_all()


async def test_a_change_goes_to_the_stream_of_its_page(ward: Ward) -> None:
    reader = Reader(ward.app, "/live?of=/clinics/3/live&seen=")
    await until(lambda: "event: changed" in reader.text)
    assert reader.text.startswith("retry: 3600000\nevent: begun\n")
    headers = dict(reader.sent[0]["headers"])
    assert headers[b"content-type"].startswith(b"text/event-stream")
    assert headers[b"x-accel-buffering"] == b"no"
    assert headers[b"cache-control"] == b"no-store"
    ward.hub.hear(Changed(1, Topic("clinic", "3-today"), "m1"))
    await until(lambda: reader.text.count("event: changed") == 2)
    await reader.leave()
    assert ward.hub.streams == 0


async def test_to_look_is_no_use_of_the_session(ward: Ward) -> None:
    reader = Reader(ward.app, "/live?of=/clinics/3/live&seen=")
    await until(lambda: bool(reader.text))
    await call(ward.app, "GET", "/clinics/3/live", headers=HEADERS)
    assert all(one.is_glance for one in ward.warden.questions(CheckSession))
    await reader.leave()


async def test_a_device_has_a_stream_of_its_own_and_people_have_none_there(
    ward: Ward,
) -> None:
    given = await call(
        ward.app, "POST", "/live/screen", headers=FROM_OUR_PAGE, body=b"a secret"
    )
    assert (given.status, given.text) == (200, "a secret")
    for path in ("/live/people", "/live/nothing"):
        given = await call(ward.app, "POST", path, headers=HEADERS)
        assert given.status == 404, path
    assert (await call(ward.app, "GET", "/live/screen", headers=HEADERS)).status == 404
    elsewhere = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}
    given = await call(ward.app, "POST", "/live/screen", headers=elsewhere)
    assert given.status == 403


async def test_a_part_says_what_it_has_seen_and_whose_it_is(ward: Ward) -> None:
    answer = await call(ward.app, "GET", "/clinics/3/live?day=x", headers=HEADERS)
    assert answer.status == 200
    assert '"parts":[["p",{},"3"]]' in answer.text
    assert '"whose":"s-1"' in answer.text
    ward.hub.hear(Changed(1, Topic("clinic", "3-x"), "m7"))
    after = await call(ward.app, "GET", "/clinics/3/live?day=x", headers=HEADERS)
    assert ":m7" in after.text


async def test_another_query_is_another_part(ward: Ward) -> None:
    reader = Reader(ward.app, "/live?of=/clinics/3/live%3Fday%3Dx&seen=")
    await until(lambda: "event: changed" in reader.text)
    ward.hub.hear(Changed(1, Topic("clinic", "3-x"), "m1"))
    await until(lambda: reader.text.count("event: changed") == 2)
    assert '{"of":"/clinics/3/live?day=x"}' in reader.text
    await reader.leave()


@pytest.mark.parametrize("of", ["/pharmacy/3/live", "/still", "/nothing", "x"])
async def test_what_a_gate_does_not_let_in_is_refused_and_the_rest_goes_on(
    ward: Ward, of: str
) -> None:
    reader = Reader(ward.app, f"/live?of={of}&seen=&of=/clinics/3/live&seen=")
    await until(lambda: "event: changed" in reader.text)
    assert f'event: refused\ndata: {{"of":"{of}"}}' in reader.text
    await reader.leave()


async def test_a_stream_ends_with_its_session(ward: Ward) -> None:
    reader = Reader(ward.app, "/live?of=/clinics/3/live&seen=")
    await until(lambda: bool(reader.text))
    ward.hub.close_all()
    await asyncio.wait_for(reader.task, 5)
    assert reader.sent[-1]["more_body"] is False


async def test_a_beat_tells_that_the_server_lives(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wardkeep.web.hub.BEAT_SECONDS", 0.02)
    monkeypatch.setattr("wardkeep.web.streams.BEAT_SECONDS", 0.02)
    reader = Reader(ward.app, "/live?of=/clinics/3/live&seen=")
    await until(lambda: reader.text.count("event: beat") > 1)
    await reader.leave()


async def test_nobody_hears_anything_without_a_session(ward: Ward) -> None:
    ward.warden.sessions.clear()
    answer = await call(
        ward.app, "GET", "/live?of=/clinics/3/live&seen=", headers=HEADERS
    )
    assert answer.status == 401
    assert ward.hub.streams == 0


@pytest.mark.parametrize(
    ("method", "url", "status"),
    [
        ("GET", "/live", 404),
        ("GET", "/live?of=/clinics/3/live", 404),
        ("GET", "/live/x?of=/clinics/3/live&seen=", 404),
        ("HEAD", "/live?of=/clinics/3/live&seen=", 404),
    ],
)
async def test_what_is_no_question_for_a_stream_is_no_page(
    ward: Ward, method: str, url: str, status: int
) -> None:
    answer = await call(ward.app, method, url, headers=HEADERS)
    assert answer.status == status


async def test_other_sites_open_no_stream(ward: Ward) -> None:
    headers = {**COOKIE, "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}
    answer = await call(
        ward.app, "GET", "/live?of=/clinics/3/live&seen=", headers=headers
    )
    assert answer.status == 403


def test_a_browser_asks_for_so_many_parts_and_for_each_once() -> None:
    assert [one.seen for one in wanted_of(b"of=/a&seen=1&of=/a&seen=2")] == ["2"]
    assert wanted_of(b"&".join([b"of=/a&seen=1"] * (MOST_PARTS + 1))) == []


async def test_a_page_without_topics_cannot_be_called_live(ward: Ward) -> None:
    answer = await call(ward.app, "GET", "/still", headers=HEADERS)
    assert answer.status == 500
