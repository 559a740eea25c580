# SPDX-License-Identifier: Apache-2.0
"""Who asks for tokens: assertions of confidential clients, and proofs of keys.

Both come once only. A stolen token that is bound to a key is of no use without it
(RFC 9449); a confidential app's code is of no use without its key (RFC 7523).
"""

import logging

from wardkeep.base.clock import Clock
from wardkeep.disclosure.smart import AccessRefused, ClientProof, KeyProof
from wardkeep.identity import dpop
from wardkeep.identity.apps import Apps, RegisteredApp
from wardkeep.identity.factors import FactorRefused, client_key
from wardkeep.identity.once import Once

log = logging.getLogger(__name__)

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
FHIR_PATH = "/fhir"
UNKNOWN_CLIENT = AccessRefused(
    "invalid_client",
    "The client is not known here, or its assertion does not hold: see its key,"
    " audience, times and jti.",
)
BAD_PROOF = AccessRefused(
    "invalid_dpop_proof",
    "The DPoP proof does not hold: see its key, htm, htu, iat, ath and jti.",
)
PROOF_NEEDED = AccessRefused(
    "invalid_dpop_proof",
    "This organisation gives tokens only to clients that prove a key. Send a DPoP"
    " proof.",
)


class KeyProofs:
    """Verifies proofs, each of them once."""

    def __init__(self, clock: Clock, *, origin: str) -> None:
        self._clock = clock
        self._origin = origin
        self.token_url = f"{origin}{TOKEN_PATH}"
        """Whom an assertion must be made for: never what somebody says it is."""
        seconds = dpop.OLDEST_SECONDS + dpop.NEWEST_SECONDS
        self._seen = Once(clock, seconds=seconds)

    def thumbprint(self, proof: KeyProof | None, *, token: str = "") -> str | None:
        """Of the key that was proven; empty without a proof, None for a bad one."""
        if proof is None:
            return ""
        shown = dpop.Shown(
            proof=proof.proof, method=proof.method, url=proof.url, token=token
        )
        held = dpop.verify(shown, now=self._clock.now())
        if isinstance(held, dpop.BadProof):
            log.info("a proof was refused: %s", held.code)
            return None
        if not proof.url.startswith(f"{self._origin}/"):
            return None
        if self._seen.is_from_before(held.made_at):
            log.info("a proof was refused: made before the start")
            return None
        is_replay = self._seen.was_seen(f"{held.thumbprint} {held.id}")
        return None if is_replay else held.thumbprint


class AppClients:
    """Tells which registered app asks."""

    def __init__(self, apps: Apps, clock: Clock, *, origin: str) -> None:
        self._apps = apps
        self._audience = f"{origin}{TOKEN_PATH}"
        self._seen = Once(clock, seconds=2 * client_key.LONGEST_SECONDS)

    def prove(self, shown: ClientProof) -> RegisteredApp | AccessRefused:
        """The app; a public one says who it is, a confidential one proves it."""
        if not shown.assertion:
            app = self._apps.get(shown.client_id)
            return app if app is not None and app.is_public else UNKNOWN_CLIENT
        claimed = client_key.claim(shown.assertion)
        if isinstance(claimed, FactorRefused):
            return UNKNOWN_CLIENT
        app = self._apps.get(claimed.account)
        if app is None or shown.client_id not in ("", app.id):
            return UNKNOWN_CLIENT
        return app if self._holds(shown.assertion, claimed, app) else UNKNOWN_CLIENT

    def _holds(
        self, assertion: str, claimed: client_key.Claimed, app: RegisteredApp
    ) -> bool:
        jwk = app.keys.get(claimed.key_id)
        if jwk is None:
            return False
        signed = client_key.verify(
            assertion, claimed=claimed, jwk=jwk, audience=self._audience
        )
        if isinstance(signed, FactorRefused):
            log.info("an app's assertion was refused: %s", signed.code)
            return False
        if self._seen.is_from_before(signed.made_at):
            log.info("an app's assertion was refused: made before the start")
            return False
        return not self._seen.was_seen(f"{app.id} {signed.id}")
