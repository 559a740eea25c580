# SPDX-License-Identifier: Apache-2.0
"""Pages and their gates: who is let in, who is sent where."""

from collections.abc import AsyncIterator
from pathlib import Path

import jinja2
import msgspec
import pytest
from starlette.responses import PlainTextResponse, Response

from support.asgi import FROM_OUR_PAGE, ORIGIN, call
from support.scripted_warden import NOBODY, ROWAN, ScriptedWarden, scripted_warden
from wardkeep.base.clock import SystemClock
from wardkeep.disclosure.answers import Health, Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.questions import AskHealth, CheckSession
from wardkeep.disclosure.who_i_am import AskWhoIAm, WhoIAm
from wardkeep.web.errors import telling_by_page
from wardkeep.web.gatekeeper import Gatekeeper
from wardkeep.web.gates import PUBLIC_GATES, Gate, PublicGate
from wardkeep.web.guard import Guard, host_check, origin_check
from wardkeep.web.headers import for_pages
from wardkeep.web.health import HEALTH_PAGES
from wardkeep.web.metrics import Metrics
from wardkeep.web.navigation import Link, links_for
from wardkeep.web.pages import Page, page
from wardkeep.web.rendering import TROUBLE_TEMPLATE, Rendering
from wardkeep.web.routes import OtherMethods, Routes, TwoPagesError
from wardkeep.web.services import MissingServiceError, Services
from wardkeep.web.site import Site
from wardkeep.web.visit import PublicVisit, Visit

SITE = Site(origin=ORIGIN)
COOKIE = {"cookie": "wardkeep=rowan-token"}
TEMPLATES = {
    TROUBLE_TEMPLATE: "{{ trouble.title }}|{{ trouble.mend }}|{{ reference }}"
    "|{{ surroundings.session.display_name if surroundings.session else 'nobody' }}",
    "test/hello.html": "Hello {{ name }} at {{ surroundings.path }}",
    "test/wrong.html": "{{ misspelt }}",
}


@page("/hello/{name}", gate=Gate.SIGNED_IN)
async def hello(visit: Visit) -> Response:
    return visit.render("test/hello.html", name=visit.path("name"))


@page("/whoami", gate=Gate.SIGNED_IN, methods=("GET", "POST"))
async def whoami(visit: Visit) -> Response:
    return PlainTextResponse(
        f"{visit.session.display_name} {visit.query('q')} {visit.first_place}"
    )


@page("/pharmacy", gate=Gate.SIGNED_IN.only("pharmacist"))
async def pharmacy(_visit: Visit) -> Response:
    return PlainTextResponse("pharmacy")


@page("/wrong", gate=Gate.SIGNED_IN)
async def wrong(visit: Visit) -> Response:
    return visit.render("test/wrong.html")


@page("/open", gate=Gate.SIGN_IN)
async def open_to_all(visit: PublicVisit) -> Response:
    visit.services[Site]
    return visit.go_to(f"/next-{visit.address}")


@page("/work", gate=Gate.SIGNED_IN)
async def work(visit: Visit) -> Response:
    first, again = await visit.work(), await visit.work()
    return PlainTextResponse(f"{first.places if first else None} {first == again}")


PAGES: tuple[Page, ...] = (
    *(hello, whoami, pharmacy, wrong, work, open_to_all),
    *HEALTH_PAGES,
)


class Stage(msgspec.Struct):
    """The site under test and the warden behind it."""

    warden: ScriptedWarden
    app: Guard


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Stage]:
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
    )
    clock = SystemClock()
    rendering = Rendering(environment, site=SITE, clock=clock)
    async with scripted_warden(tmp_path) as (warden, client):
        gatekeeper = Gatekeeper(
            Routes(PAGES),
            services=Services(client, SITE),
            rendering=rendering,
            clock=clock,
            navigation=[
                Link(words="Hello", path="/hello/you", position=2),
                Link(words="Who", path="/whoami", position=1),
                Link(
                    words="Pharmacy",
                    path="/pharmacy",
                    gate=Gate.SIGNED_IN.only("pharmacist"),
                    position=0,
                ),
            ],
        )
        yield Stage(
            warden,
            Guard(
                gatekeeper,
                site=SITE,
                checks=(host_check(SITE.hosts), origin_check(SITE)),
                headers=for_pages(SITE),
                tell=telling_by_page(rendering),
                metrics=Metrics(),
                clock=clock,
            ),
        )


async def test_where_one_works_is_asked_once_a_request_and_kept_no_longer(
    site: Stage,
) -> None:
    site.warden.when(AskWhoIAm, WhoIAm((), ("Location/a",)))
    first = await call(site.app, "GET", "/work", headers=COOKIE)
    assert first.text == "('Location/a',) True"
    assert len(site.warden.questions(AskWhoIAm)) == 1
    # Another place since: the next request knows
    site.warden.when(AskWhoIAm, WhoIAm((), ("Location/b",)))
    assert (await call(site.app, "GET", "/work", headers=COOKIE)).text == (
        "('Location/b',) True"
    )
    site.warden.when(AskWhoIAm, NOBODY)
    refused = await call(site.app, "GET", "/work", headers=COOKIE)
    assert refused.text == "None True"


def test_a_page_without_a_gate_is_not_made() -> None:
    with pytest.raises(TypeError, match="gate"):
        page("/ungated")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="needs a gate"):
        page("/ungated", gate=None)  # type: ignore[call-overload]


def test_a_module_with_a_page_without_a_gate_does_not_import(tmp_path: Path) -> None:
    text = (
        "from wardkeep.web.pages import page\n"
        "@page('/open-door')\n"
        "async def open_door(visit): ...\n"
    )
    path = tmp_path / "ungated.py"
    path.write_text(text)
    with pytest.raises(TypeError, match="gate"):
        exec(compile(text, str(path), "exec"), {})  # noqa: S102 - what an import does


def test_a_public_gate_made_up_elsewhere_is_not_taken() -> None:
    own = PublicGate(name="mine", why="because")
    with pytest.raises(TypeError, match="needs a gate"):
        page("/open-door", gate=own)


def test_every_public_gate_says_why_it_is_safe() -> None:
    assert len(PUBLIC_GATES) <= 8
    assert all(len(gate.why) > 40 for gate in PUBLIC_GATES)


def test_pages_have_plain_paths_and_the_methods_of_forms() -> None:
    with pytest.raises(TypeError, match="starts with"):
        page("relative", gate=Gate.SIGNED_IN)
    for methods in (("DELETE",), ()):
        with pytest.raises(TypeError, match="methods"):
            page("/x", gate=Gate.SIGNED_IN, methods=methods)
    assert hello.methods == {"GET", "HEAD"}
    assert hello.name == "hello"


def test_two_pages_cannot_claim_one_path_and_method() -> None:
    with pytest.raises(TwoPagesError, match="/hello"):
        Routes([hello, hello])


def test_routes_prefer_fixed_paths_and_know_their_methods() -> None:
    routes = Routes(PAGES)
    assert routes.find("/hello/a%2Fb", "GET") is not None
    assert routes.find("/hello/a/b", "GET") is None
    assert routes.find("/hello/", "GET") is None
    assert routes.find("/open", "POST") == OtherMethods(frozenset({"GET", "HEAD"}))


def test_links_stand_in_order_and_only_for_those_who_may_follow_them() -> None:
    links = (
        Link(words="B", path="/b"),
        Link(words="A", path="/a"),
        Link(words="First", path="/f", position=1),
        Link(words="Secret", path="/s", gate=Gate.SIGNED_IN.only("auditor")),
    )
    assert [link.words for link in links_for("doctor", links)] == ["First", "A", "B"]
    assert "Secret" in [link.words for link in links_for("auditor", links)]


def test_services_are_found_by_type_and_a_missing_one_is_named() -> None:
    services = Services(SITE)
    assert services[Site] is SITE
    clock = SystemClock()
    assert services.with_these(clock)[SystemClock] is clock
    with pytest.raises(MissingServiceError, match="WardenClient"):
        services[WardenClient]


def test_a_service_is_found_by_the_class_that_it_refines() -> None:
    class SlowClock(SystemClock):
        pass

    clock = SlowClock()
    assert Services(clock)[SystemClock] is clock


async def test_who_is_signed_in_is_asked_for_every_request(site: Stage) -> None:
    answer = await call(site.app, "GET", "/whoami?q=1", headers=COOKIE)
    assert answer.text == "Rowan Ash 1 /whoami"
    del site.warden.sessions["rowan-token"]
    answer = await call(site.app, "GET", "/whoami", headers=COOKIE)
    assert answer.status == 303
    assert len(site.warden.questions(CheckSession)) == 2


async def test_a_page_is_rendered_within_its_surroundings(site: Stage) -> None:
    answer = await call(site.app, "GET", "/hello/R%C3%A9my%20%3Cb%3E", headers=COOKIE)
    assert answer.text == "Hello Rémy &lt;b&gt; at /hello/{name}"


async def test_nobody_is_sent_to_sign_in_and_back(site: Stage) -> None:
    answer = await call(site.app, "GET", "/hello/a?b=1&c=2")
    assert answer.status == 303
    assert answer.headers["location"] == "/sign-in?next=/hello/a%3Fb%3D1%26c%3D2"
    assert site.warden.asked == []


async def test_an_ended_session_says_so_and_its_cookie_is_forgotten(
    site: Stage,
) -> None:
    answer = await call(site.app, "GET", "/whoami", headers={"cookie": "wardkeep=old"})
    assert answer.headers["location"] == "/sign-in?ended=yes&next=/whoami"
    assert "wardkeep=" in answer.cookies[0]
    assert "Max-Age=0" in answer.cookies[0]


async def test_a_form_sent_without_a_session_is_not_taken_for_saved(
    site: Stage,
) -> None:
    for cookie in ({}, {"cookie": "wardkeep=old"}):
        answer = await call(
            site.app, "POST", "/whoami", headers={**FROM_OUR_PAGE, **cookie}
        )
        assert answer.status == 403
        assert "signed out" in answer.text


async def test_a_link_from_elsewhere_is_followed_once_more_as_our_own(
    site: Stage,
) -> None:
    elsewhere = {
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "navigate",
        "sec-fetch-dest": "document",
    }
    answer = await call(site.app, "GET", "/hello/a?b=%22", headers=elsewhere)
    assert answer.status == 200
    assert 'content="0;url=/hello/a?b=%22"' in answer.text


async def test_a_role_without_the_work_is_refused(site: Stage) -> None:
    answer = await call(site.app, "GET", "/pharmacy", headers=COOKIE)
    assert answer.status == 403
    assert "role" in answer.text
    assert "Rowan Ash" in answer.text
    site.warden.sessions["rowan-token"] = msgspec.structs.replace(
        ROWAN, role="pharmacist"
    )
    assert (await call(site.app, "GET", "/pharmacy", headers=COOKIE)).status == 200


async def test_a_warden_that_cannot_say_is_not_taken_for_a_no(site: Stage) -> None:
    busy = Refusal(code="busy", why="Too much is asked.", mend="Try again.")
    site.warden.when(CheckSession, busy)
    answer = await call(site.app, "GET", "/whoami", headers=COOKIE)
    assert answer.status == 503
    assert answer.headers["retry-after"] == "2"
    assert not answer.cookies


async def test_unknown_paths_and_methods_are_told_in_words(site: Stage) -> None:
    missing = await call(site.app, "GET", "/nowhere", headers=COOKIE)
    assert missing.status == 404
    assert "no such page" in missing.text
    wrong_method = await call(site.app, "POST", "/open", headers=FROM_OUR_PAGE)
    assert wrong_method.status == 405
    assert wrong_method.headers["allow"] == "GET, HEAD"


async def test_a_public_page_asks_the_warden_nothing(site: Stage) -> None:
    answer = await call(site.app, "GET", "/open", headers=COOKIE)
    assert answer.headers["location"] == "/next-127.0.0.1"
    assert site.warden.asked == []


async def test_a_misspelt_name_in_a_template_is_an_error_and_no_blank(
    site: Stage,
) -> None:
    answer = await call(site.app, "GET", "/wrong", headers=COOKIE)
    assert answer.status == 500
    assert "misspelt" not in answer.text
    assert answer.headers["x-request-id"] in answer.text


async def test_a_token_too_long_to_be_one_is_not_passed_on(site: Stage) -> None:
    headers = {"cookie": "wardkeep=" + "x" * 500}
    assert (await call(site.app, "GET", "/whoami", headers=headers)).status == 303
    assert site.warden.asked == []


async def test_the_process_lives_whatever_the_warden_says(site: Stage) -> None:
    answer = await call(site.app, "GET", "/health/live")
    assert (answer.status, answer.text) == (200, "live\n")


@pytest.mark.parametrize(
    ("ledger", "database", "status"),
    [(True, True, 200), (False, True, 503), (True, False, 503)],
)
async def test_it_is_ready_when_ledger_and_database_are(
    site: Stage, *, ledger: bool, database: bool, status: int
) -> None:
    site.warden.when(
        AskHealth,
        Health(
            is_ledger_writable=ledger,
            is_database_reachable=database,
            ledger_size=18204,
            live_sessions=3,
            organisations=2,
            verify_key=b"k",
            origin="o",
        ),
    )
    answer = await call(site.app, "GET", "/health/ready")
    assert answer.status == status
    assert answer.text in ("ready\n", "not ready\n")


async def test_it_is_not_ready_when_the_warden_refuses_or_is_away(
    site: Stage, tmp_path: Path
) -> None:
    site.warden.when(AskHealth, NOBODY)
    assert (await call(site.app, "GET", "/health/ready")).status == 503
    away = WardenClient(tmp_path / "nowhere.sock", asker="test")
    visit = PublicVisit.__new__(PublicVisit)
    visit.services = Services(away)
    ready = HEALTH_PAGES[1]
    assert (await ready.handler(visit)).status_code == 503
