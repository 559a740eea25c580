# SPDX-License-Identifier: Apache-2.0
"""One identity provider, asked from the warden: what it publishes, codes for tokens.

Its keys are read anew each hour, and when a token names one that is not known, once a
minute at most: a provider may rotate its keys at any moment, or take one back, and a
flood of made-up key ids does not become a flood of requests.
"""

import asyncio
import logging
from math import inf
from typing import Any
from urllib.parse import urlencode

import jwt
import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.ids import new_uuid
from wardkeep.crypto.rsa_keys import ALGORITHM, open_rsa_key, public_rsa_jwk
from wardkeep.identity.assurance import CIS2, CIS2_ACR_ASKED, NHS_LOGIN, VTR_ASKED
from wardkeep.identity.factor import FactorRefused
from wardkeep.identity.oidc import (
    FRESH_SECONDS,
    Claims,
    Discovery,
    Expected,
    key_id_of,
    read_discovery,
    read_keys,
    verify_id_token,
    verify_logout_token,
)
from wardkeep.identity.once import Once
from wardkeep.identity.outside import Outside, Unreachable
from wardkeep.identity.providers import ProviderRow

log = logging.getLogger(__name__)
DISCOVERY_SECONDS = 3600.0
KEYS_SECONDS = 60.0
ASSERTION_SECONDS = 60
_DISCOVERY_PATH = "/.well-known/openid-configuration"
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One authorization request: what must come back with its answer."""

    state: str
    nonce: str
    verifier: str
    challenge: str


class _Tokens(msgspec.Struct):
    id_token: str
    access_token: str = ""


class ProviderClient:
    """Talks to one provider; a slow one holds up nobody else."""

    def __init__(
        self, row: ProviderRow, private_key: bytes, clock: Clock, *, callback: str
    ) -> None:
        self.row = row
        self.callback = callback
        self._private_key = open_rsa_key(private_key)
        self._jwk = public_rsa_jwk(self._private_key)
        self._clock = clock
        self._outside = Outside()
        self._discovery: Discovery | None = None
        self._discovered_at = 0.0
        self._keys: tuple[dict[str, Any], ...] = ()
        self._keys_at: float | None = None
        self._reading_keys = asyncio.Lock()
        self._logouts = Once(clock, seconds=600)

    @property
    def jwks(self) -> bytes:
        """Our public key, as a key set."""
        return msgspec.json.encode({"keys": [self._jwk]})

    @property
    def signs_out_at(self) -> str:
        known = self._discovery
        return "" if known is None else known.end_session_endpoint

    def close(self) -> None:
        self._outside.close()

    async def discover(self) -> Discovery | FactorRefused:
        """What it publishes of itself, an hour old at most."""
        now = self._clock.monotonic_seconds()
        known = self._discovery
        if known is not None and now < self._discovered_at + DISCOVERY_SECONDS:
            return known
        issuer = self.row.issuer
        raw = await self._outside.get(f"{issuer.rstrip('/')}{_DISCOVERY_PATH}")
        if isinstance(raw, Unreachable):
            return FactorRefused(code=f"provider-{raw.code}")
        found = read_discovery(raw, issuer=issuer)
        if isinstance(found, Discovery):
            self._discovery, self._discovered_at = found, now
        return found

    async def address_for(self, way: Way) -> str | FactorRefused:
        """Where the browser goes (Core 1.0, 3.1.2.1)."""
        found = await self.discover()
        if isinstance(found, FactorRefused):
            return found
        asked = {
            "response_type": "code",
            "client_id": self.row.client_id,
            "redirect_uri": self.callback,
            "scope": "openid profile" if self.row.kind == NHS_LOGIN else "openid",
            "state": way.state,
            "nonce": way.nonce,
            "code_challenge": way.challenge,
            "code_challenge_method": "S256",
            "max_age": str(FRESH_SECONDS),
        }
        if self.row.kind == CIS2:
            asked["acr_values"] = CIS2_ACR_ASKED
        if self.row.kind == NHS_LOGIN:
            asked["vtr"] = VTR_ASKED
        mark = "&" if "?" in found.authorization_endpoint else "?"
        return f"{found.authorization_endpoint}{mark}{urlencode(asked)}"

    async def redeem(
        self, code: str, way: Way, *, answered_by: str
    ) -> Claims | FactorRefused:
        """The verified claims of who signed in there."""
        found = await self.discover()
        if isinstance(found, FactorRefused):
            return found
        # RFC 9207: an answer by another provider is refused before its code is used.
        is_named = found.authorization_response_iss_parameter_supported
        if answered_by != found.issuer and (answered_by or is_named):
            return FactorRefused(code="mix-up")
        raw = await self._outside.post(
            found.token_endpoint,
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.callback,
                "code_verifier": way.verifier,
                "client_id": self.row.client_id,
                "client_assertion_type": _ASSERTION_TYPE,
                "client_assertion": self._assertion(found.token_endpoint),
            },
        )
        if isinstance(raw, Unreachable):
            return FactorRefused(code=f"token-endpoint-{raw.code}")
        try:
            tokens = msgspec.json.decode(raw, type=_Tokens)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return FactorRefused(code="token-answer")
        keys = await self._keys_for(tokens.id_token, found)
        claims = verify_id_token(
            tokens.id_token, keys, self._expected(), nonce=way.nonce
        )
        needs_more = self.row.kind == NHS_LOGIN and found.userinfo_endpoint
        if isinstance(claims, FactorRefused) or not needs_more:
            return claims
        return await self._with_profile(claims, found, tokens.access_token)

    async def _with_profile(
        self, claims: Claims, found: Discovery, access_token: str
    ) -> Claims | FactorRefused:
        """With who the person is, where the token itself does not say (Core 5.3)."""
        if "nhs_number" in claims and "birthdate" in claims:
            return claims
        raw = await self._outside.get(found.userinfo_endpoint, bearer=access_token)
        if isinstance(raw, Unreachable):
            return FactorRefused(code=f"userinfo-{raw.code}")
        try:
            more = msgspec.json.decode(raw, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            return FactorRefused(code="userinfo-answer")
        # It must be about the same person (5.3.2), and overrules nothing.
        if more.get("sub") != claims["sub"]:
            return FactorRefused(code="userinfo-subject")
        return {**more, **claims}

    async def logout(self, token: str) -> Claims | FactorRefused:
        """The claims of a logout token that is the provider's, the first time."""
        found = await self.discover()
        if isinstance(found, FactorRefused):
            return found
        keys = await self._keys_for(token, found)
        claims = verify_logout_token(token, keys, self._expected())
        if isinstance(claims, FactorRefused):
            return claims
        is_replay = self._logouts.was_seen(str(claims["jti"]))
        is_old = claims["iat"] < self._clock.now().timestamp() - FRESH_SECONDS
        return FactorRefused(code="replayed") if is_replay or is_old else claims

    def _expected(self) -> Expected:
        return Expected(
            issuer=self.row.issuer,
            client_id=self.row.client_id,
            now=self._clock.now(),
        )

    def _assertion(self, audience: str) -> str:
        """Who we are (RFC 7523), by our own key: there is no shared secret."""
        now = int(self._clock.now().timestamp())
        claims = {
            "iss": self.row.client_id,
            "sub": self.row.client_id,
            "aud": audience,
            "jti": new_uuid(),
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
        }
        headers = {"kid": self._jwk["kid"]}
        return jwt.encode(
            claims, self._private_key, algorithm=ALGORITHM, headers=headers
        )

    async def _keys_for(
        self, token: str, found: Discovery
    ) -> tuple[dict[str, Any], ...]:
        key_id = key_id_of(token)
        if isinstance(key_id, FactorRefused):
            return ()
        async with self._reading_keys:
            is_known = any(one.get("kid") == key_id for one in self._keys)
            now = self._clock.monotonic_seconds()
            age = inf if self._keys_at is None else now - self._keys_at
            # A key that the provider took back must not be good for ever.
            if age >= (DISCOVERY_SECONDS if is_known else KEYS_SECONDS):
                self._keys_at = now
                raw = await self._outside.get(found.jwks_uri)
                if isinstance(raw, Unreachable):
                    log.warning("keys of %s: %s", self.row.issuer, raw.code)
                else:
                    self._keys = read_keys(raw)
            return self._keys
