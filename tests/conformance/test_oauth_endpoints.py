# SPDX-License-Identifier: Apache-2.0
"""OAuth endpoints: each parameter wrong, anything at all, and what the RFCs name."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings, strategies as st
from jwt.algorithms import ECAlgorithm

from support.program import Program
from support.served import Served, served
from support.smart import App, Key, ask, register, told_in
from wardkeep.base.ids import new_uuid
from wardkeep.fhir.rest import smart_metadata

SCOPE = "openid fhirUser launch/patient offline_access patient/*.rs"
READ = "patient/Patient.rs"
ENDPOINTS = ("/oauth/token", "/oauth/revoke", "/oauth/introspect")
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("oauth")) as running:
        running.found("fernhill")
        folder = tmp_path_factory.mktemp("keys")
        with closing(Program(running, folder, organisation="fernhill")) as program:
            program.put({"resourceType": "Patient", "id": "anna"})
        yield running


@pytest.fixture(scope="module")
def app(server: Served) -> App:
    cookie = server.sign_in("fernhill", ["anna"])
    return App(server, register(server, "fernhill", SCOPE), cookie)


class Confidential(App):
    """An app with a key of its own."""

    def __init__(self, server: Served, folder: Path, *more: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        public = ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        keys = folder / f"{new_uuid()}.json"
        keys.write_text(json.dumps({"keys": [{**public, "kid": "k"}]}))
        id_ = register(server, "fernhill", SCOPE, "--jwks", str(keys), *more)
        super().__init__(server, id_, server.sign_in("fernhill", ["anna"]))

    def proven(self, **changed: object) -> dict[str, str]:
        now = int(time.time())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": f"{self.served.origin}/oauth/token",
            "iat": now,
            "exp": now + 60,
            "jti": new_uuid(),
            **changed,
        }
        signed = jwt.encode(claims, self.key, algorithm="ES256", headers={"kid": "k"})
        return {"client_assertion_type": ASSERTION, "client_assertion": signed}


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "", "invalid_request"),
        ("state", "", "invalid_request"),
        ("state", "short", "invalid_request"),
        ("state", "x" * 1_001, "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "x" * 42, "invalid_request"),
        ("code_challenge", "é" * 43, "invalid_request"),
        ("aud", "https://elsewhere.example/fhir", "invalid_request"),
        ("aud", "", "invalid_request"),
        ("scope", "", "invalid_scope"),
        ("scope", "patient/Patient.sr", "invalid_scope"),
        ("scope", "user/*.rs", "invalid_scope"),
        ("scope", 'x"\\é', "invalid_scope"),
        ("scope", "x" * 5_000, "invalid_scope"),
        ("scope", "patient/Observation.cruds?category=x", "invalid_scope"),
        ("launch", "never-given", "invalid_request"),
        ("nonce", "x" * 300, "invalid_request"),
        ("dpop_jkt", "x", "invalid_request"),
    ],
)
def test_a_wrong_parameter_goes_back_to_the_app_by_its_own_name(
    app: App, name: str, value: str, error: str
) -> None:
    reply = app.authorize(app.request(READ, chosen="anna", **{name: value}))
    told = told_in(reply)
    assert told["error"] == error, told
    assert told["error_description"]
    assert told["iss"] == f"{app.served.origin}/fhir"
    assert "code" not in told


def test_a_parameter_that_comes_twice_is_shown_to_the_person(app: App) -> None:
    query = urlencode([*app.request(READ).items(), ("state", "another-state")])
    reply = ask(app.served, "GET", f"/oauth/authorize?{query}", headers=app.browser)
    assert reply.status == 400
    assert b"comes twice" in reply.raw


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"code": ""}, "invalid_request"),
        ({"code": "never-given"}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_request"),
        ({"redirect_uri": ""}, "invalid_request"),
        ({"redirect_uri": "http://localhost:9/else"}, "invalid_grant"),
        ({"client_id": ""}, "invalid_client"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"client_secret": "shared"}, "invalid_client"),
        ({"client_assertion": "x"}, "invalid_request"),
        (
            {"client_assertion": "x", "client_assertion_type": ASSERTION},
            "invalid_client",
        ),
    ],
)
def test_the_token_endpoint_names_what_is_wrong(
    app: App, changed: dict[str, str], error: str
) -> None:
    code = app.code(app.request(READ, chosen="anna"))
    reply = app.exchange(code, **changed)
    assert reply.status == (401 if error == "invalid_client" else 400), reply
    assert reply.json["error"] == error
    assert reply.headers["cache-control"] == "no-store"


def test_a_confidential_app_proves_its_key_and_a_public_one_is_no_substitute(
    server: Served, tmp_path: Path
) -> None:
    app = Confidential(server, tmp_path)
    code = app.code(app.request(READ, chosen="anna"))
    assert app.exchange(code).json["error"] == "invalid_client"
    proof = app.proven()
    assert app.exchange(code, **app.proven(aud="https://x.example")).status == 401
    assert app.exchange(code, **app.proven(exp=int(time.time()) + 999)).status == 401
    assert app.exchange(code, **proof).status == 200
    again = app.code(app.request(READ, chosen="anna"))
    assert app.exchange(again, **proof).status == 401, "an assertion is good once"


def test_only_the_clients_own_tokens_are_looked_at_or_by_a_resource_server(
    server: Served, tmp_path: Path, app: App
) -> None:
    own, other = Confidential(server, tmp_path), Confidential(server, tmp_path)
    watcher = Confidential(server, tmp_path, "--resource-server")
    code = own.code(own.request(f"{READ} fhirUser openid", chosen="anna"))
    token = own.exchange(code, **own.proven()).json["access_token"]

    def look(who: Confidential, what: str) -> dict[str, object]:
        form = {"token": what, **who.proven()}
        reply = ask(server, "POST", "/oauth/introspect", form=form)
        assert reply.status == 200, reply
        found: dict[str, object] = reply.json
        return found

    facts = look(own, token)
    assert facts["active"] is True
    assert facts["client_id"] == own.client_id
    assert facts["patient"] == "anna"
    assert look(watcher, token)["active"] is True
    assert look(other, token) == {"active": False}
    assert look(own, "never-given") == {"active": False}
    public = {"token": token, "client_id": app.client_id}
    assert ask(server, "POST", "/oauth/introspect", form=public).status == 401
    cookie = own.browser["Cookie"].removeprefix("wardkeep=")
    assert look(watcher, cookie) == {"active": False}, "a person's session is none"


def test_a_revoked_token_is_over_and_another_clients_is_not(
    server: Served, tmp_path: Path, app: App
) -> None:
    given = app.access(f"{READ} offline_access", "anna")
    other = Confidential(server, tmp_path)
    for token in (given["access_token"], given["refresh_token"]):
        form = {"token": token, **other.proven()}
        assert ask(server, "POST", "/oauth/revoke", form=form).status == 200
    assert app.get("Patient/anna", given["access_token"]).status == 200
    form = {"token": given["access_token"], "client_id": app.client_id}
    assert ask(server, "POST", "/oauth/revoke", form=form).status == 200
    time.sleep(1)
    assert app.get("Patient/anna", given["access_token"]).status == 401
    second = app.refresh(given["refresh_token"]).json
    form = {"token": second["refresh_token"], "client_id": app.client_id}
    assert ask(server, "POST", "/oauth/revoke", form=form).status == 200
    time.sleep(1)
    assert app.get("Patient/anna", second["access_token"]).status == 401
    assert app.refresh(second["refresh_token"]).json["error"] == "invalid_grant"


def test_a_public_client_need_not_name_itself_with_its_refresh_token(
    server: Served, app: App
) -> None:
    given = app.access(f"offline_access {READ}", "anna")
    form = {
        "grant_type": "refresh_token",
        "refresh_token": given["refresh_token"],
    }
    fresh = ask(server, "POST", "/oauth/token", form=form)
    assert fresh.status == 200, fresh.raw
    assert app.get("Patient/anna", fresh.json["access_token"]).status == 200
    unknown = {**form, "refresh_token": "nobody-was-given-this"}
    refused = ask(server, "POST", "/oauth/token", form=unknown)
    assert (refused.status, refused.json["error"]) == (400, "invalid_grant")


def test_keys_turn_over_and_nobody_is_signed_out(server: Served, app: App) -> None:
    given = app.access(f"openid {READ}", "anna")
    server.command("client", "rotate-signing-key")
    keys = ask(server, "GET", "/oauth/jwks").json["keys"]
    assert len(keys) == 2
    assert all("d" not in key for key in keys)
    kid = jwt.get_unverified_header(given["id_token"])["kid"]
    old = next(key for key in keys if key["kid"] == kid)
    jwt.decode(
        given["id_token"], jwt.PyJWK(old), algorithms=["ES256"], audience=app.client_id
    )
    assert app.get("Patient/anna", given["access_token"]).status == 200
    newer = app.access(f"openid {READ}", "anna")["id_token"]
    assert jwt.get_unverified_header(newer)["kid"] == keys[0]["kid"] != kid


def test_both_well_known_documents_say_the_same_and_all_of_it_is_there(
    server: Served,
) -> None:
    smart = ask(server, "GET", "/fhir/.well-known/smart-configuration").json
    assert smart == smart_metadata.smart_configuration(server.origin)
    for base in ("", "/fhir"):
        path = f"/.well-known/oauth-authorization-server{base}"
        assert ask(server, "GET", path).json == smart_metadata.authorization_server(
            server.origin
        )
    for name, address in smart.items():
        if name.endswith(("_endpoint", "_uri")):
            path = str(address).removeprefix(server.origin)
            assert ask(server, "GET", path).status != 404, name


@pytest.mark.usefixtures("app")
def test_pages_of_registered_origins_may_ask_and_others_not(server: Served) -> None:
    def asked_from(origin: str, path: str) -> str:
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        reply = ask(server, "OPTIONS", path, headers=headers)
        assert reply.status == 204
        assert "access-control-allow-credentials" not in reply.headers
        return reply.headers.get("access-control-allow-origin", "")

    for path in ("/oauth/token", "/fhir/Patient"):
        assert asked_from("http://localhost:9", path) == "http://localhost:9"
        assert asked_from("https://evil.example", path) == ""
        assert asked_from("null", path) == ""
    for path in ("/oauth/jwks", "/fhir/metadata"):
        assert asked_from("https://anybody.example", path) == "*"


_WORDS = st.text(max_size=60) | st.sampled_from(
    ["authorization_code", "refresh_token", "client_credentials", ASSERTION, "a.b.c"]
)
_FORMS = st.dictionaries(
    st.sampled_from(
        [
            "grant_type",
            "code",
            "redirect_uri",
            "code_verifier",
            "client_id",
            "client_assertion",
            "client_assertion_type",
            "refresh_token",
            "scope",
            "token",
            "client_secret",
        ]
    )
    | st.text(max_size=8),
    _WORDS,
    max_size=8,
)
_PROOFS = st.none() | st.text(
    st.characters(min_codepoint=33, max_codepoint=126), max_size=60
)
_FUZZ = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@_FUZZ
@given(path=st.sampled_from(ENDPOINTS), form=_FORMS, proof=_PROOFS)
def test_whatever_is_posted_is_refused_and_breaks_nothing(
    server: Served, path: str, form: dict[str, str], proof: str | None
) -> None:
    safe = {
        key.encode("utf-8", "replace").decode(): value.encode(
            "utf-8", "replace"
        ).decode()
        for key, value in form.items()
    }
    headers = {} if proof is None else {"DPoP": proof}
    reply = ask(server, "POST", path, form=safe, headers=headers)
    assert 400 <= reply.status < 500, (path, form, reply)


@_FUZZ
@given(
    changed=st.dictionaries(
        st.sampled_from(
            [
                "response_type",
                "client_id",
                "redirect_uri",
                "scope",
                "state",
                "aud",
                "launch",
                "nonce",
                "code_challenge",
                "code_challenge_method",
                "dpop_jkt",
                "chosen",
            ]
        ),
        st.text(max_size=60),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_an_app_asks_for_nothing_breaks_and_no_code_is_given(
    app: App, changed: dict[str, str]
) -> None:
    safe = {
        key: value.encode("utf-8", "replace").decode() for key, value in changed.items()
    }
    reply = app.authorize(app.request(READ, **{"chosen": "anna", **safe}))
    assert reply.status < 500, (changed, reply)
    assert "code=" not in reply.headers.get("location", "")


@_FUZZ
@given(header=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=80))
def test_whatever_proof_is_shown_for_a_token_opens_nothing(
    app: App, header: str
) -> None:
    headers = {"Authorization": f"DPoP 1.{'x' * 43}", "DPoP": header}
    reply = ask(app.served, "GET", "/fhir/Patient/anna", headers=headers)
    assert reply.status == 401, reply


def test_proofs_that_carry_a_strange_key_are_refused(app: App) -> None:
    key = Key()
    url = f"{app.served.origin}/oauth/token"
    claims = {"jti": "1", "htm": "POST", "htu": url, "iat": int(time.time())}
    strange: list[dict[str, object]] = [
        {},
        {"jwk": None},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"jwk": {"kty": "EC", "crv": "P-521", "x": "A", "y": "A"}},
        {"jwk": {**key.public, "d": "AAAA"}},
        {"jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}},
        {"jwk": {"kty": ["EC"]}},
        {"jwk": {**key.public, "x": 7}},
    ]
    for head in strange:
        made = jwt.encode(
            claims, key.key, algorithm="ES256", headers={"typ": "dpop+jwt", **head}
        )
        code = {"grant_type": "authorization_code", "code": "x"}
        form = {**code, "redirect_uri": "x", "code_verifier": "x"}
        reply = app.token(form, {"DPoP": made})
        assert reply.json["error"] == "invalid_dpop_proof", (head, reply)
