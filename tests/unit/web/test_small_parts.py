# SPDX-License-Identifier: Apache-2.0
"""The small parts: addresses, cookies, pace, devices, logs, metrics, troubles."""

import gzip
import io
import json
import logging
import sys
import urllib.request
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import given, strategies as st
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from wardkeep.base.clock import FrozenClock
from wardkeep.base.settings import Settings, read_settings
from wardkeep.db.errors import DatabaseBusyError, DatabaseUnavailableError
from wardkeep.disclosure.answers import Refusal
from wardkeep.web.apps import App, AppIsWrongError, find_apps
from wardkeep.web.cookies import forget_session, remember_session, session_token
from wardkeep.web.device import device_and_place, device_words
from wardkeep.web.errors import telling_by_page
from wardkeep.web.logs import JsonLines, set_up_logs
from wardkeep.web.metrics import Metrics, serve_metrics
from wardkeep.web.pace import MOST_ADDRESSES, Pace
from wardkeep.web.return_path import safe_return_path, sign_in_path
from wardkeep.web.site import Site
from wardkeep.web.static import FOR_EVER, StaticFiles
from wardkeep.web.trouble import (
    BROKEN,
    BUSY,
    DATABASE_AWAY,
    of_exception,
    of_refusal,
)
from wardkeep.web.visit import Visit

SITE = Site(origin="http://localhost:8111")
SECURE = Site(origin="https://records.example.org")
NOW = datetime(2026, 11, 23, 9, 41, tzinfo=UTC)


def settings(**given_: str) -> Settings:
    environment = {f"WARDKEEP_{name.upper()}": value for name, value in given_.items()}
    read = read_settings(environment=environment, file={}, file_name="none")
    assert isinstance(read, Settings)
    return read


def test_the_site_follows_the_settings() -> None:
    site = Site.of(settings(port="9000", demo="yes"))
    assert (site.origin, site.is_demo, site.is_secure) == (
        "http://localhost:9000",
        True,
        False,
    )
    assert site.hosts == {"localhost:9000"}
    assert SECURE.hosts == {"records.example.org", "records.example.org:443"}
    assert Site(origin="https://[::1]:8443").hosts == {"[::1]:8443"}


@pytest.mark.parametrize(
    "path", ["/account", "/patients/a-1?tab=notes&x=%2F", "/a:b", "/"]
)
def test_a_path_of_ours_is_returned_to(path: str) -> None:
    assert safe_return_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "evil",
        "",
        "/\tx",
        "/a b",
        "/é",
        "javascript:alert(1)",
        "/" + "x" * 600,
        "///evil.example",
    ],
)
def test_an_address_of_somebody_else_is_not_returned_to(path: str) -> None:
    assert safe_return_path(path) == "/"


@given(st.text(alphabet="/\\.:@?#%ab\t\n ", max_size=12))
def test_no_return_path_leaves_the_site(path: str) -> None:
    safe = safe_return_path(path)
    assert safe.startswith("/")
    assert not safe.startswith(("//", "/\\"))


def test_the_sign_in_path_leads_back() -> None:
    assert sign_in_path("/", has_ended=False) == "/sign-in"
    assert (
        sign_in_path("/a?b=1", has_ended=True) == "/sign-in?ended=yes&next=/a%3Fb%3D1"
    )


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites() -> None:
    response = Response()
    remember_session(response, "secret", SECURE)
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-wardkeep=secret; ")
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert parts == {"httponly", "path=/", "samesite=strict", "secure"}


def test_on_localhost_the_cookie_has_a_plain_name() -> None:
    response = Response()
    remember_session(response, "secret", SITE)
    assert response.headers["set-cookie"].startswith("wardkeep=secret; HttpOnly")
    forgotten = Response()
    forget_session(forgotten, SECURE)
    assert "Max-Age=0" in forgotten.headers["set-cookie"]
    assert "Secure" in forgotten.headers["set-cookie"]


def test_the_token_is_read_from_the_cookie_of_this_site_only() -> None:
    headers = [(b"cookie", b"wardkeep=plain; __Host-wardkeep=strict")]
    request = Request({"type": "http", "headers": headers})
    assert session_token(request, SITE) == "plain"
    assert session_token(request, SECURE) == "strict"


def test_pace_is_kept_by_address_and_recovers() -> None:
    clock = FrozenClock(NOW)
    pace = Pace(clock, a_second=1.0, at_once=2)
    tries = [pace.admits("192.0.2.1") for _ in range(3)]
    assert tries == [True, True, False]
    assert pace.admits("192.0.2.2")
    clock.move(timedelta(seconds=1))
    assert pace.admits("192.0.2.1")
    assert not pace.admits("192.0.2.1")


def test_one_household_of_ipv6_shares_a_bucket() -> None:
    pace = Pace(FrozenClock(NOW), a_second=1.0, at_once=1)
    assert pace.admits("2001:db8::1")
    assert not pace.admits("2001:db8::2")
    assert pace.admits("2001:db8:0:1::1")


def test_a_proxy_on_this_machine_is_not_paced_nor_are_unknown_addresses() -> None:
    pace = Pace(FrozenClock(NOW), a_second=1.0, at_once=1)
    for address in ("127.0.0.1", "::1", None, "unix"):
        assert all(pace.admits(address) for _ in range(5))


def test_pace_remembers_no_more_addresses_than_it_should() -> None:
    pace = Pace(FrozenClock(NOW), a_second=1.0, at_once=1)
    for number in range(MOST_ADDRESSES + 10):
        pace.admits(f"10.0.{number // 256}.{number % 256}")
    assert len(pace._left) == MOST_ADDRESSES


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0 Safari/537.36",
            "Chrome on Linux",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) Chrome/156 Safari/537 Edg/156",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (iPhone; like Mac OS X) Version/19 Safari/6", "Safari on iPhone"),
        ("<script>alert(1)</script>", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_device_is_named_from_a_fixed_list(agent: str, words: str) -> None:
    assert device_words(agent) == words


def failed_record() -> logging.LogRecord:
    """A log record made while an error that quotes a person is handled."""
    try:
        return logging.makeLogRecord({"n": int("Pemberton")})
    except ValueError:
        return logging.LogRecord(
            "wardkeep.x",
            logging.ERROR,
            __file__,
            1,
            "it %s",
            ("broke",),
            sys.exc_info(),
        )


def test_log_lines_are_json_without_the_text_of_errors() -> None:
    record = failed_record()
    record.reference = "BKQ4-7TXM"
    record.patient = "Pemberton"
    text = JsonLines("web").format(record)
    line = json.loads(text)
    assert "Pemberton" not in text
    assert line["message"] == "it broke"
    assert line["process"] == "web"
    assert line["error"] == "ValueError"
    assert "test_small_parts.py" in line["at"][0]
    assert line["reference"] == "BKQ4-7TXM"


def test_logs_are_set_up_for_us_in_full_and_for_others_from_warnings_on() -> None:
    root, ours = logging.getLogger(), logging.getLogger("wardkeep")
    before = (root.handlers[:], root.level, ours.level)
    stream, sys.stderr = sys.stderr, io.StringIO()
    try:
        set_up_logs("info", process="web")
        logging.getLogger("wardkeep.a").info("heard")
        logging.getLogger("other").info("not heard")
        written = sys.stderr.getvalue()
    finally:
        sys.stderr = stream
        root.handlers[:], level, own_level = before
        root.setLevel(level)
        ours.setLevel(own_level)
    assert [json.loads(line)["message"] for line in written.splitlines()] == ["heard"]


def test_metrics_are_served_on_loopback_each_process_on_a_port_of_its_own() -> None:
    metrics = Metrics()
    metrics.answered(method="GET", pattern="/a/{id}", status=200, seconds=0.003)
    first = serve_metrics(metrics, 18_411)
    second = serve_metrics(metrics, 18_411)
    assert first is not None
    assert second is not None
    try:
        assert second.port == first.port + 1
        with urllib.request.urlopen(f"http://127.0.0.1:{first.port}/") as answer:
            text = answer.read().decode()
    finally:
        first.close()
        second.close()
    assert 'pattern="/a/{id}",status="2xx"' in text


def test_static_files_are_kept_for_ever_and_compressed_where_wanted() -> None:
    css = b"body { color: black }\n" * 100
    files = StaticFiles({"/static/a.1f.css": css, "/static/b.png": b"\x89PNG"})
    plain = files.answer("/static/a.1f.css", Headers())
    assert plain.body == css
    assert plain.headers["cache-control"] == FOR_EVER
    assert plain.headers["content-type"] == "text/css; charset=utf-8"
    packed = files.answer("/static/a.1f.css", Headers({"accept-encoding": "gzip, br"}))
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(bytes(packed.body)) == css
    picture = files.answer("/static/b.png", Headers({"accept-encoding": "gzip"}))
    assert "content-encoding" not in picture.headers
    assert picture.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "path", ["/static/../secret", "/static/missing.css", "/static/"]
)
def test_a_static_name_that_was_not_read_does_not_exist(path: str) -> None:
    files = StaticFiles({"/static/a.css": b"x"})
    answer = files.answer(path, Headers())
    assert answer.status_code == 404
    assert "cache-control" not in answer.headers
    assert path not in files


def test_troubles_tell_whose_fault_it_is() -> None:
    assert of_exception(DatabaseBusyError()) is BUSY
    assert of_exception(DatabaseUnavailableError()) is DATABASE_AWAY
    assert of_exception(KeyError("x")) is BROKEN
    full = Refusal(code="ledger-cannot-write", why="w", mend="m")
    assert (of_refusal(full).status, of_refusal(full).retry_after_seconds) == (503, 2)
    role = Refusal(code="not-your-work", why="w", mend="m")
    assert (of_refusal(role).status, of_refusal(role).retry_after_seconds) == (
        403,
        None,
    )


def test_an_error_page_comes_even_when_templates_are_broken() -> None:
    class Broken:
        def trouble(self, *_: object) -> Response:
            raise ValueError

    answer = telling_by_page(Broken())(BROKEN, "BKQ4-7TXM")  # type: ignore[arg-type]
    assert answer.status_code == 500
    assert b"BKQ4-7TXM" in answer.body


def package(tmp_path: Path, **apps: str) -> ModuleType:
    name = f"apps_{abs(hash(tmp_path))}"
    root = tmp_path / name
    for app, text in apps.items():
        (root / app).mkdir(parents=True)
        (root / app / "__init__.py").write_text(text)
    module = ModuleType(name)
    module.__path__ = [str(root)]
    sys.modules[name] = module
    return module


IMPORT = "from wardkeep.web.apps import App\n"


def test_an_app_is_found_by_its_folder(tmp_path: Path) -> None:
    found = find_apps(
        package(
            tmp_path,
            wards=IMPORT + "app = App(name='wards', title='Wards', pages=())",
            clinics=IMPORT + "app = App(name='clinics', title='Clinics', pages=())",
        )
    )
    assert [one.app.name for one in found] == ["clinics", "wards"]
    assert found[0].folder.name == "clinics"
    assert isinstance(found[0].app, App)


@pytest.mark.parametrize(
    "text",
    ["", "app = 1", IMPORT + "app = App(name='other', title='Other', pages=())"],
)
def test_a_folder_without_its_app_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(AppIsWrongError, match="wards"):
        find_apps(package(tmp_path, wards=text))


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("192.0.2.7", "Chrome on Linux, at 192.0.2.7"),
        ("2001:db8::1", "Chrome on Linux, at 2001:db8::1"),
        ("127.0.0.1", "Chrome on Linux"),
        ("::1", "Chrome on Linux"),
        ("<script>", "Chrome on Linux"),
        (None, "Chrome on Linux"),
    ],
)
def test_a_session_is_known_by_its_device_and_place(
    address: str | None, words: str
) -> None:
    assert device_and_place("(X11; Linux) Chrome/156", address) == words


def test_an_hour_before_midnight_in_summer_london_has_the_next_day_already() -> None:
    visit = Visit.__new__(Visit)
    clock = FrozenClock(datetime(2026, 6, 30, 23, 30, tzinfo=UTC))
    visit._rendering = SimpleNamespace(clock=clock)  # type: ignore[assignment]
    assert visit.today == date(2026, 7, 1)
