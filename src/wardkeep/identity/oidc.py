# SPDX-License-Identifier: Apache-2.0
"""OpenID Connect as the one who relies on it: what providers publish, and their tokens.

https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation and
https://openid.net/specs/openid-connect-backchannel-1_0.html. Nothing here asks anybody
anything: keys and tokens come in, claims or a refusal come out.
"""

import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime
from math import isfinite
from typing import Any

import jwt
import msgspec

from wardkeep.identity.factor import FactorRefused
from wardkeep.identity.outside import fault_of_server

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"})
_KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
SKEW_SECONDS = 60
FRESH_SECONDS = 300
"""A sign-in there that is older is none: it may be the colleague's of before."""
LARGEST_TOKEN = 32 * 1024
LONGEST_SUBJECT = 255
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_SMALLEST_RSA_BITS = 2048
Claims = Mapping[str, Any]


class Discovery(msgspec.Struct, frozen=True):
    """https://openid.net/specs/openid-connect-discovery-1_0.html, what we use of it."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    authorization_response_iss_parameter_supported: bool = False
    """RFC 9207."""


def read_discovery(raw: bytes, *, issuer: str) -> Discovery | FactorRefused:
    """What a provider says of itself; it must be the one that was asked."""
    try:
        found = msgspec.json.decode(raw, type=Discovery)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return FactorRefused(code="discovery-unreadable")
    if found.issuer != issuer:
        return FactorRefused(code="another-issuer")
    used = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
    if any(fault_of_server(one) for one in used):
        return FactorRefused(code="discovery-address")
    if found.userinfo_endpoint and fault_of_server(found.userinfo_endpoint):
        return FactorRefused(code="discovery-address")
    # People are sent there by a link of ours.
    if found.end_session_endpoint and fault_of_server(found.end_session_endpoint):
        return msgspec.structs.replace(found, end_session_endpoint="")
    return found


def read_keys(raw: bytes) -> tuple[dict[str, Any], ...]:
    """The keys of a JSON Web Key Set that are whole; none where it is no key set."""
    try:
        keys = msgspec.json.decode(raw, type=dict[str, Any])["keys"]
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError):
        return ()
    if not isinstance(keys, list):
        return ()
    return tuple(key for key in keys if isinstance(key, dict))


def key_id_of(token: str) -> str | FactorRefused:
    """The key that a token names; refused where it could not be one of ours."""
    if len(token) > LARGEST_TOKEN:
        return FactorRefused(code="token-too-large")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        return FactorRefused(code="token-malformed")
    if header.get("alg") not in ALGORITHMS:
        return FactorRefused(code="token-algorithm")
    return str(header.get("kid", ""))


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """Whose token it must be, and for whom."""

    issuer: str
    client_id: str
    now: datetime


def verify_id_token(
    token: str, keys: Iterable[Mapping[str, Any]], expected: Expected, *, nonce: str
) -> Claims | FactorRefused:
    """Core 1.0, 3.1.3.7, every step."""
    claims = _signed(token, keys)
    if isinstance(claims, FactorRefused):
        return claims
    fault = _fault_in(claims, expected) or _fault_of_sign_in(claims, expected, nonce)
    return FactorRefused(code=fault) if fault else claims


def verify_logout_token(
    token: str, keys: Iterable[Mapping[str, Any]], expected: Expected
) -> Claims | FactorRefused:
    """Back-Channel Logout 1.0, 2.6; whether its `jti` came before is the caller's."""
    claims = _signed(token, keys)
    if isinstance(claims, FactorRefused):
        return claims
    fault = _fault_in(claims, expected) or _fault_of_logout(claims)
    return FactorRefused(code=fault) if fault else claims


def _signed(token: str, keys: Iterable[Mapping[str, Any]]) -> Claims | FactorRefused:
    """The claims, if one of the provider's keys signed them."""
    key_id = key_id_of(token)
    if isinstance(key_id, FactorRefused):
        return key_id
    algorithm = jwt.get_unverified_header(token)["alg"]
    fitting = [one for one in keys if _fits(one, key_id, algorithm)]
    for key in fitting:
        try:
            made = jwt.PyJWK(dict(key), algorithm=algorithm).key
            if getattr(made, "key_size", _SMALLEST_RSA_BITS) < _SMALLEST_RSA_BITS and (
                key["kty"] == "RSA"
            ):
                continue
            return jwt.decode(
                token,
                made,
                algorithms=[algorithm],
                options={
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "verify_aud": False,
                    "verify_sub": False,
                    "verify_jti": False,
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, RecursionError):
            continue
    return FactorRefused(code="token-signature" if fitting else "token-key")


def _fits(key: Mapping[str, Any], key_id: str, algorithm: str) -> bool:
    """A key set may hold keys for other uses and of other kinds (RFC 8725, 3.1)."""
    return (
        key.get("kty") == _KEY_TYPES[algorithm[:2]]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (not key_id or key.get("kid") == key_id)
    )


def _fault_in(claims: Claims, expected: Expected) -> str:
    if claims.get("iss") != expected.issuer:
        return "another-issuer"
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    party = claims.get("azp")
    is_ours = expected.client_id in named and party in (None, expected.client_id)
    if not is_ours or (len(named) > 1 and party is None):
        return "another-audience"
    now = expected.now.timestamp()
    made, over = _moment(claims, "iat"), _moment(claims, "exp")
    early = _moment(claims, "nbf") if "nbf" in claims else now
    if made is None or made > now + SKEW_SECONDS:
        return "not-yet"
    if early is None or early > now + SKEW_SECONDS:
        return "not-yet"
    is_over = over is None or over <= now - SKEW_SECONDS
    return "over" if "exp" in claims and is_over else ""


def _fault_of_sign_in(claims: Claims, expected: Expected, nonce: str) -> str:
    if _moment(claims, "exp") is None:
        return "over"
    given = claims.get("nonce")
    if not isinstance(given, str) or not hmac.compare_digest(
        given.encode("utf-8", "replace"), nonce.encode()
    ):
        return "nonce"
    signed_in = _moment(claims, "auth_time")
    oldest = expected.now.timestamp() - FRESH_SECONDS - SKEW_SECONDS
    if signed_in is None or signed_in < oldest:
        return "stale"
    subject = claims.get("sub")
    is_named = isinstance(subject, str) and 0 < len(subject) <= LONGEST_SUBJECT
    return "" if is_named else "subject"


def _fault_of_logout(claims: Claims) -> str:
    events = claims.get("events")
    if not isinstance(events, dict) or _LOGOUT_EVENT not in events:
        return "no-logout"
    if "nonce" in claims or not isinstance(claims.get("jti"), str):
        return "no-logout"
    names = [claims.get("sid"), claims.get("sub")]
    is_about_somebody = any(isinstance(one, str) and one for one in names)
    return "" if is_about_somebody else "subject"


def _moment(claims: Claims, name: str) -> float | None:
    """Seconds since 1970; None where it is missing or no moment."""
    value = claims.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or value is None:
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    # JSON as Python reads it has NaN, which is neither before nor after anything.
    return seconds if isfinite(seconds) else None
