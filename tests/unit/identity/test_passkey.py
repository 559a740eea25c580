# SPDX-License-Identifier: Apache-2.0
"""What a passkey's answer claims is read with care, before any of it is believed."""

import json

import pytest

from support.authenticator import encoded
from wardkeep.identity.factor import FactorRefused
from wardkeep.identity.factors.passkey import (
    LARGEST_RESPONSE_BYTES,
    Presented,
    RelyingParty,
    present,
)

CLIENT_DATA = encoded(json.dumps({"challenge": encoded(b"challenge")}).encode())

IN_A_FRAME = '{"challenge":"YQ","crossOrigin":true}'


def answer(**changed: object) -> bytes:
    response = {"clientDataJSON": CLIENT_DATA, "userHandle": encoded(b"user")}
    whole = {"rawId": encoded(b"credential"), "response": response, **changed}
    return json.dumps(whole).encode()


def client_data(text: str) -> dict[str, object]:
    return {"response": {"clientDataJSON": encoded(text.encode())}}


def test_an_answer_presents_credential_challenge_and_user() -> None:
    found = present(answer())
    assert found == Presented(
        credential=b"credential", challenge=b"challenge", user_handle=b"user"
    )


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (answer(rawId="å"), "malformed"),
        (answer(rawId="a*b="), "malformed"),
        (answer(rawId="abcde"), "malformed"),
        (answer(rawId=None), "malformed"),
        (answer(response={}), "malformed"),
        (answer(**client_data("[]")), "malformed"),
        (answer(**client_data('{"challenge":"*"}')), "malformed"),
        (answer(**client_data("[" * 5000)), "malformed"),
        (b"\xff" + answer(), "malformed"),
        (
            answer(**client_data('{"challenge":"YQ","crossOrigin":true}')),
            "cross-origin",
        ),
        (answer(clientExtensionResults={"prf": {}}), "secret-sent"),
        (b" " * (LARGEST_RESPONSE_BYTES + 1), "too-large"),
    ],
)
def test_an_answer_that_is_none_is_refused_with_its_code(raw: bytes, code: str) -> None:
    assert present(raw) == FactorRefused(code=code)


def test_passkeys_are_bound_to_the_host_of_the_public_origin() -> None:
    party = RelyingParty.of("https://wardkeep.example.org:8443")
    assert party.id == "wardkeep.example.org"
    assert party.origin == "https://wardkeep.example.org:8443"
