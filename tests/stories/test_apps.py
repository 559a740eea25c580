# SPDX-License-Identifier: Apache-2.0
"""An app acts for a doctor: for one patient, for as long as she wants, no further."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import jwt
import pytest

from support.program import Program
from support.served import Served, served
from support.smart import App, ask, register, told_in

ALL = (
    "openid fhirUser launch launch/patient offline_access online_access"
    " patient/*.cruds user/*.rs"
)
EVERYTHING = ("Patient", "Observation", "Condition")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("smart")) as running:
        running.found("fernhill")
        _fill(running, tmp_path_factory.mktemp("keys"))
        yield running


def _fill(server: Served, folder: Path) -> None:
    with closing(Program(server, folder, organisation="fernhill")) as program:
        for id_ in ("anna", "bert"):
            name = [{"family": id_.title(), "given": ["Test"]}]
            program.put({"resourceType": "Patient", "id": id_, "name": name})
            for kind in ("laboratory", "vital-signs"):
                program.put(_observation(id_, kind))
        program.put({"resourceType": "Practitioner", "id": "somebody"})


def _observation(patient: str, kind: str) -> dict[str, object]:
    system = "http://terminology.hl7.org/CodeSystem/observation-category"
    return {
        "resourceType": "Observation",
        "id": f"{patient}-{kind}",
        "status": "final",
        "category": [{"coding": [{"system": system, "code": kind}]}],
        "code": {"text": kind},
        "subject": {"reference": f"Patient/{patient}"},
    }


@pytest.fixture(scope="module")
def client_id(server: Served) -> str:
    return register(server, "fernhill", ALL)


@pytest.fixture
def app(server: Served, client_id: str) -> App:
    return App(server, client_id, server.sign_in("fernhill", ["anna"]))


def test_an_app_reads_one_patient_and_is_refused_every_other(app: App) -> None:
    given = app.access("launch/patient openid fhirUser patient/*.rs", "anna")
    token = given["access_token"]
    assert given["patient"] == "anna"
    assert given["need_patient_banner"] is True
    assert given["expires_in"] <= 600
    assert "refresh_token" not in given
    assert app.get("Patient/anna", token).json["id"] == "anna"
    assert app.get("Patient/bert", token).status == 403
    assert app.get("Observation/bert-laboratory", token).status == 403
    found = app.get("Observation", token)
    assert sorted(found.ids) == ["anna-laboratory", "anna-vital-signs"], found
    assert app.get("Observation?patient=bert", token).ids == []
    assert app.get("Patient?_summary=count", token).json["total"] == 1
    assert app.get("Patient/bert/$everything", token).status == 403
    assert app.get("AuditEvent", token).status == 403
    assert app.get("_history", token).status == 403


def test_an_app_knows_who_signed_in_and_can_check_it(app: App, server: Served) -> None:
    given = app.access("openid fhirUser user/Patient.rs", reason="clinic on Tuesday")
    keys = ask(server, "GET", "/oauth/jwks").json["keys"]
    claims = jwt.decode(
        given["id_token"],
        jwt.PyJWK(keys[0]),
        algorithms=["ES256"],
        audience=app.client_id,
        issuer=f"{server.origin}/fhir",
    )
    path = claims["fhirUser"].removeprefix(f"{server.origin}/fhir/")
    person = app.get(path, given["access_token"]).json
    assert person["id"] == claims["sub"]
    assert person["name"][0]["text"] == "Rowan Ash"


def test_a_filter_of_a_scope_bounds_search_and_reading(app: App) -> None:
    system = "http://terminology.hl7.org/CodeSystem/observation-category"
    scope = f"patient/Observation.rs?category={system}|laboratory"
    given = app.access(scope, "anna")
    token = given["access_token"]
    assert given["scope"] == scope
    assert app.get("Observation", token).ids == ["anna-laboratory"]
    assert app.get("Observation/anna-laboratory", token).status == 200
    assert app.get("Observation/anna-vital-signs", token).status == 404
    assert app.get("Observation?category=vital-signs", token).ids == []
    assert app.get("Patient/anna/$everything", token).status == 403
    assert app.get("Patient/anna", token).status == 403


def test_a_filter_that_search_cannot_decide_is_refused_by_name(app: App) -> None:
    scope = "patient/Observation.rs?nonsense=1"
    told = told_in(app.authorize(app.request(scope, chosen="anna")))
    assert told["error"] == "invalid_scope"
    assert "Observation" in told["error_description"]


def test_scopes_of_version_one_and_unticked_ones(app: App) -> None:
    asked = app.request("patient/Patient.read patient/Observation.read", chosen="anna")
    reply = app.decide(asked, ("patient/Observation.rs",))
    given = app.exchange(told_in(reply)["code"]).json
    assert given["scope"] == "patient/Patient.rs"
    assert app.get("Patient/anna", given["access_token"]).status == 200
    assert app.get("Observation", given["access_token"]).status == 403


def test_whoever_says_no_gives_nothing(app: App) -> None:
    asked = app.request("patient/*.rs", chosen="anna")
    assert told_in(app.decide(asked, decision="deny"))["error"] == "access_denied"


def test_a_patient_whom_nothing_explains_needs_a_reason_first(app: App) -> None:
    asked = app.request("patient/*.rs", chosen="bert")
    page = app.authorize(asked)
    assert b"Why is the app opening this record?" in page.raw
    form = {
        "request": "&".join(f"{k}={_quoted(v)}" for k, v in asked.items()),
        "purpose": "direct-care",
        "reason": "rang about results",
    }
    reply = ask(
        app.served, "POST", "/oauth/authorize/reason", form=form, headers=app.browser
    )
    assert reply.status == 303, reply
    token = app.exchange(app.code(asked)).json["access_token"]
    assert app.get("Patient/bert", token).status == 200


def _quoted(text: str) -> str:
    return quote(text, safe="")


def test_without_a_patient_one_is_looked_for_and_the_request_goes_on(app: App) -> None:
    reply = app.authorize(app.request("launch/patient patient/*.rs"))
    assert reply.status == 303
    assert reply.headers["location"].startswith("/find?for=/oauth/authorize")
    page = ask(app.served, "GET", reply.headers["location"], headers=app.browser)
    assert b"An app asks to work with one patient" in page.raw


def test_an_app_starts_from_a_record_and_is_told_which(app: App) -> None:
    page = ask(app.served, "GET", "/patients/anna/apps", headers=app.browser)
    assert b"Growth charts" in page.raw
    reply = ask(
        app.served,
        "POST",
        "/patients/anna/apps",
        form={"app": app.client_id},
        headers=app.browser,
    )
    address = reply.headers["location"]
    assert address.startswith("http://localhost:9/launch?iss="), reply
    launch = address.rpartition("launch=")[2]
    asked = app.request("launch patient/*.rs", launch=launch)
    given = app.exchange(app.code(asked)).json
    assert given["patient"] == "anna"
    told = told_in(app.authorize(asked))
    assert told["error"] == "invalid_request", "a launch is good once"


def test_refresh_tokens_turn_and_an_old_one_ends_all(app: App) -> None:
    first = app.access("patient/*.rs offline_access", "anna")
    second = app.refresh(first["refresh_token"]).json
    assert app.get("Patient/anna", second["access_token"]).status == 200
    assert app.refresh(first["refresh_token"]).json["error"] == "invalid_grant"
    assert app.get("Patient/anna", second["access_token"]).status == 401
    assert app.refresh(second["refresh_token"]).json["error"] == "invalid_grant"


def test_a_withdrawn_app_is_out_at_once(app: App) -> None:
    given = app.access("patient/*.rs offline_access", "anna")
    assert app.get("Patient/anna", given["access_token"]).status == 200
    page = ask(app.served, "GET", "/account/apps", headers=app.browser).raw.decode()
    consent = page.partition('name="consent" value="')[2].partition('"')[0]
    ask(
        app.served,
        "POST",
        "/account/apps/withdraw",
        form={"consent": consent},
        headers=app.browser,
    )
    time.sleep(1)
    assert app.get("Patient/anna", given["access_token"]).status == 401
    assert app.refresh(given["refresh_token"]).json["error"] == "invalid_grant"
