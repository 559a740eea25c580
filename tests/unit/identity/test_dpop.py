# SPDX-License-Identifier: Apache-2.0
"""DPoP proofs (RFC 9449): each thing that must hold, and what nobody should send."""

import time

import pytest

from support.smart import Key
from wardkeep.base.clock import SystemClock
from wardkeep.identity.dpop import BadProof, Held, Shown, verify

URL = "https://wardkeep.example.org/fhir/Patient"


def shown(proof: str, **changed: str) -> Held | BadProof:
    told = {"method": "GET", "url": URL, "token": "t-1", **changed}
    return verify(Shown(proof=proof, **told), now=SystemClock().now())


def test_a_proof_of_this_request_and_token_holds_and_says_when_it_was_made() -> None:
    made_at = int(time.time())
    held = shown(Key().proof("GET", URL, "t-1", jti="j-1", iat=made_at))
    assert isinstance(held, Held)
    assert (held.id, held.made_at) == ("j-1", made_at)


def test_query_and_fragment_of_the_address_do_not_matter() -> None:
    assert isinstance(shown(Key().proof("GET", f"{URL}?a=b#c", "t-1")), Held)


@pytest.mark.parametrize(
    "changed",
    [
        {"htu": "http://[", "iat": int(time.time())},
        {"htu": ["https://wardkeep.example.org"]},
        {"htm": "POST"},
        {"iat": 10**400},
        {"iat": -(10**400)},
        {"iat": float("nan")},
        {"iat": float("inf")},
        {"iat": True},
        {"iat": int(time.time()) - 3600},
        {"iat": int(time.time()) + 3600},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 1000},
        {"ath": "x"},
        {"ath": "\ud800"},
    ],
    # Named by place: several workers have to find the same tests, at other moments.
    ids=map(str, range(15)),
)
def test_a_proof_that_says_anything_else_proves_nothing(
    changed: dict[str, object],
) -> None:
    """And breaks nothing: a number beyond all clocks is a proof that does not hold."""
    assert isinstance(shown(Key().proof("GET", URL, "t-1", **changed)), BadProof)


def test_a_key_beside_the_one_that_signed_proves_nothing() -> None:
    key = Key()
    key.public = Key().public
    assert isinstance(shown(key.proof("GET", URL, "t-1")), BadProof)
