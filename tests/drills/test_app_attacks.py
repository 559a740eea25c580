# SPDX-License-Identifier: Apache-2.0
"""Attacks on apps that act for people: RFC 9700, RFC 9449, OWASP's OAuth sheet."""

import http.client
import json
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.program import Program, Reply
from support.served import Served, served
from support.smart import BACK, App, Key, ask, register, told_in

SCOPE = "launch launch/patient openid offline_access online_access patient/*.cruds"
READ = "patient/*.rs"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("attacks")) as running:
        for slug in ("fernhill", "oakdale", "boundary"):
            running.found(slug)
            _fill(running, tmp_path_factory.mktemp("keys"), slug)
        yield running


def _fill(server: Served, folder: Path, slug: str) -> None:
    with closing(Program(server, folder, organisation=slug)) as program:
        for id_ in ("anna", "bert"):
            program.put({"resourceType": "Patient", "id": id_})


@pytest.fixture(scope="module")
def client_id(server: Served) -> str:
    return register(server, "fernhill", SCOPE)


@pytest.fixture
def app(server: Served, client_id: str) -> App:
    return App(server, client_id, server.sign_in("fernhill", ["anna"]))


@pytest.fixture
def other(server: Served, app: App) -> App:
    """Another app in the same browser."""
    cookie = app.browser["Cookie"].removeprefix("wardkeep=")
    return App(server, register(server, "fernhill", SCOPE), cookie)


def _is_out(app: App, token: str) -> bool:
    return app.get("Patient/anna", token).status == 401


def test_a_stolen_code_is_of_no_use_without_the_verifier(app: App) -> None:
    code = app.code(app.request(READ, chosen="anna"))
    thief = app.exchange(code, code_verifier="x" * 43)
    assert (thief.status, thief.json["error"]) == (400, "invalid_grant")
    late = app.exchange(code)
    assert late.json["error"] == "invalid_grant", "the code is known to somebody else"


def test_a_code_used_twice_ends_what_it_gave(app: App) -> None:
    code = app.code(app.request(f"{READ} offline_access", chosen="anna"))
    given = app.exchange(code).json
    assert app.get("Patient/anna", given["access_token"]).status == 200
    assert app.exchange(code).json["error"] == "invalid_grant"
    assert _is_out(app, given["access_token"])
    assert app.refresh(given["refresh_token"]).json["error"] == "invalid_grant"


def test_a_code_is_of_no_use_to_another_app(app: App, other: App) -> None:
    code = app.code(app.request(READ, chosen="anna"))
    other.verifier = app.verifier
    assert other.exchange(code).json["error"] == "invalid_grant"
    assert app.exchange(code).status == 200, "the app itself is not hurt by the try"


def test_a_refresh_token_is_of_no_use_to_another_app(app: App, other: App) -> None:
    given = app.access(f"{READ} offline_access", "anna")
    assert other.refresh(given["refresh_token"]).json["error"] == "invalid_grant"
    assert app.refresh(given["refresh_token"]).status == 200


def test_nobody_is_sent_to_an_address_that_is_not_registered(app: App) -> None:
    for address in (
        "https://evil.example/back",
        f"{BACK}/../evil",
        f"{BACK}?more=1",
        f"{BACK}.evil.example",
        "javascript:alert(1)",
        "",
    ):
        reply = app.authorize(app.request(READ, chosen="anna", redirect_uri=address))
        assert reply.status == 400, (address, reply)
        assert "location" not in reply.headers
        assert b"cannot be opened" in reply.raw


def test_answers_name_their_issuer_so_that_servers_are_not_mixed_up(app: App) -> None:
    refused = told_in(app.authorize(app.request("system/*.rs")))
    assert refused["error"] == "invalid_scope"
    assert refused["iss"] == f"{app.served.origin}/fhir"
    assert refused["state"] == app.state


def test_another_site_can_not_answer_for_the_person(app: App) -> None:
    form = {
        "request": urllib.parse.urlencode(app.request(READ, chosen="anna")),
        "decision": "allow",
        f"allow {READ}": "yes",
    }
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": app.served.origin, "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null"},
    ):
        reply = ask(
            app.served,
            "POST",
            "/oauth/authorize/decide",
            form=form,
            headers={**app.browser, **headers},
        )
        assert reply.status == 403, (headers, reply)


def test_the_consent_page_is_in_no_frame(app: App) -> None:
    page = app.authorize(app.request(READ, chosen="anna"))
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert page.headers["x-frame-options"] == "DENY"
    assert "form-action 'self' http://localhost:9;" in policy
    framed = {**app.browser, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "iframe"}
    path = f"/oauth/authorize?{urllib.parse.urlencode(app.request(READ))}"
    reply = ask(
        app.served, "GET", path, headers={**framed, "Sec-Fetch-Mode": "navigate"}
    )
    assert reply.status == 403


def test_no_app_gets_more_than_it_is_registered_with_or_consented_to(app: App) -> None:
    asked = app.request("patient/*.rs user/*.cruds", chosen="anna")
    page = app.authorize(asked).raw
    assert b"user/" not in page.partition(b"<form")[2].partition(b"legend")[2]
    reply = app.decide(
        asked, **{"allow user/*.cruds": "yes", "allow system/*.rs": "yes"}
    )
    given = app.exchange(told_in(reply)["code"]).json
    assert given["scope"] == READ
    headers = {
        "Authorization": f"Bearer {given['access_token']}",
        "Content-Type": "application/fhir+json",
    }
    body = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    about = {**body, "subject": {"reference": "Patient/anna"}}
    assert _post(app, about, headers).status == 403, "reading is not writing"
    online = app.access(f"{READ} online_access", "anna")
    wider = app.refresh(online["refresh_token"], scope="patient/*.cruds")
    assert wider.json["error"] == "invalid_scope"


def _post(app: App, body: object, headers: dict[str, str]) -> Reply:
    connection = http.client.HTTPConnection("localhost", app.served.port)
    with closing(connection):
        connection.request("POST", "/fhir/Observation", json.dumps(body), headers)
        answer = connection.getresponse()
        return Reply(answer.status, dict(answer.getheaders()), answer.read())


def test_an_app_that_may_write_writes_about_its_patient_alone(app: App) -> None:
    given = app.access("patient/Observation.cruds", "anna")
    headers = {
        "Authorization": f"Bearer {given['access_token']}",
        "Content-Type": "application/fhir+json",
    }
    body = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    about = {**body, "subject": {"reference": "Patient/anna"}}
    assert _post(app, about, headers).status == 201
    about = {**body, "subject": {"reference": "Patient/bert"}}
    assert _post(app, about, headers).status == 403
    about = {**body, "subject": {"reference": "Patient/somebody-new"}}
    assert _post(app, about, headers).status == 403
    assert _post(app, body, headers).status == 403, "nor what is the organisation's own"


def test_another_organisations_app_is_unknown_here(server: Served, app: App) -> None:
    stranger = register(server, "oakdale", SCOPE)
    cookie = app.browser["Cookie"].removeprefix("wardkeep=")
    reply = App(server, stranger, cookie).authorize(
        app.request(READ, client_id=stranger)
    )
    assert reply.status == 400
    assert "location" not in reply.headers
    unknown = app.authorize(app.request(READ, client_id="nobody"))
    words = b"This app is not registered with your organisation"
    assert words in reply.raw
    assert words in unknown.raw


def test_whoever_signs_out_takes_their_apps_along(app: App) -> None:
    given = app.access(f"{READ} online_access", "anna")
    bare = app.access(READ, "anna")
    assert app.get("Patient/anna", given["access_token"]).status == 200
    assert app.get("Patient/anna", bare["access_token"]).status == 200
    ask(app.served, "POST", "/sign-out", form={}, headers=app.browser)
    time.sleep(1)
    assert _is_out(app, given["access_token"])
    assert _is_out(app, bare["access_token"])
    assert app.refresh(given["refresh_token"]).json["error"] == "invalid_grant"


def test_an_apps_token_is_no_session_of_the_person(app: App) -> None:
    token = app.access("patient/*.cruds", "anna")["access_token"]
    cookie = {"Cookie": f"wardkeep={token}", "Origin": app.served.origin}
    for path in ("/find", "/patients/anna", "/account", "/oauth/authorize"):
        reply = ask(app.served, "GET", path, headers=cookie)
        assert reply.status == 303, (path, reply)
        assert "/sign-in" in reply.headers["location"]


def test_a_launch_is_of_no_use_in_another_session_or_app(
    server: Served, app: App, other: App
) -> None:
    def launch() -> str:
        reply = ask(
            server,
            "POST",
            "/patients/anna/apps",
            form={"app": app.client_id},
            headers=app.browser,
        )
        return reply.headers["location"].rpartition("launch=")[2]

    stolen = launch()
    told = told_in(other.authorize(other.request(f"launch {READ}", launch=stolen)))
    assert told["error"] == "invalid_request"
    thief = App(server, app.client_id, server.sign_in("fernhill", []))
    told = told_in(thief.authorize(thief.request(f"launch {READ}", launch=stolen)))
    assert told["error"] == "invalid_request"


def test_a_bound_token_is_of_no_use_without_its_key(app: App) -> None:
    key, thief = Key(), Key()
    code = app.code(app.request(f"{READ} offline_access", chosen="anna"))
    given = app.exchange(code, key).json
    assert given["token_type"] == "DPoP"  # noqa: S105 - a kind
    token, url = given["access_token"], f"{app.served.origin}/fhir/Patient/anna"
    assert _is_out(app, token), "as a bearer token it is nothing"
    proof = key.proof("GET", url, token)
    assert _use(app, token, proof).status == 200
    assert _use(app, token, proof).status == 401, "a proof is good once"
    assert _use(app, token, key.proof("POST", url, token)).status == 401
    assert _use(app, token, key.proof("GET", f"{url}2", token)).status == 401
    assert _use(app, token, key.proof("GET", url)).status == 401, "it names no token"
    assert _use(app, token, thief.proof("GET", url, token)).status == 401
    stale = key.proof("GET", url, token, iat=int(time.time()) - 120)
    assert _use(app, token, stale).status == 401
    ahead = key.proof("GET", url, token, iat=int(time.time()) + 60)
    assert _use(app, token, ahead).status == 401
    assert _use(app, token, "").status == 401
    assert app.refresh(given["refresh_token"]).json["error"] == "invalid_grant"


def _use(app: App, token: str, proof: str) -> Reply:
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
    return ask(app.served, "GET", "/fhir/Patient/anna", headers=headers)


def test_pages_of_a_search_follow_on_with_a_bound_token(app: App) -> None:
    key = Key()
    code = app.code(app.request("patient/*.rs", chosen="anna"))
    token = app.exchange(code, key).json["access_token"]
    path = "/fhir/Patient?_count=1"
    url = f"{app.served.origin}/fhir/Patient"
    headers = {
        "Authorization": f"DPoP {token}",
        "DPoP": key.proof("GET", url, token),
    }
    assert ask(app.served, "GET", path, headers=headers).ids == ["anna"]


def test_an_organisation_that_wants_proofs_takes_no_bearer_token(
    server: Served, tmp_path: Path
) -> None:
    app = App(
        server,
        register(server, "boundary", SCOPE),
        server.sign_in("boundary", ["anna"]),
    )
    token = app.access(READ, "anna")["access_token"]
    program = Program(server, tmp_path, organisation="boundary")
    assert app.get("Patient/anna", token).status == 200
    server.command("organisation", "require-dpop", "boundary", "--on")
    time.sleep(1)
    try:
        assert _is_out(app, token)
        assert program.get("Patient/anna").status == 401
        refused = program.ask_for_token(program.assertion())
        assert refused.json["error"] == "invalid_dpop_proof"
        code = app.code(app.request(READ, chosen="anna"))
        assert app.exchange(code).json["error"] == "invalid_dpop_proof"
        assert app.exchange(code, Key()).status == 200, "nothing was used up"
    finally:
        server.command("organisation", "require-dpop", "boundary", "--off")
        program.close()


def test_an_ended_app_and_an_ended_account_are_out(server: Served) -> None:
    ended = register(server, "fernhill", SCOPE)
    app = App(server, ended, server.sign_in("fernhill", ["anna"]))
    given = app.access(f"{READ} offline_access", "anna")
    assert app.get("Patient/anna", given["access_token"]).status == 200
    server.command("client", "end-app", ended)
    time.sleep(1)
    assert _is_out(app, given["access_token"])
    assert app.refresh(given["refresh_token"]).json["error"] == "invalid_client"
    assert app.authorize(app.request(READ)).status == 400


def test_the_ledger_says_who_did_it_by_which_app(app: App) -> None:
    token = app.access(READ, "anna")["access_token"]
    app.get("Patient/anna", token)
    found = app.served.command("ledger", "verify")
    assert found
    page = ask(app.served, "GET", "/patients/anna/history", headers=app.browser)
    assert b"Rowan Ash" in page.raw
