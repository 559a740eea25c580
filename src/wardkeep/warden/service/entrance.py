# SPDX-License-Identifier: Apache-2.0
"""The entrance: people sign in with a passkey, programs with a key of their own.

The warden verifies every proof itself and mints the session; the web process only
carries messages.
"""

from datetime import timedelta

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Answer, Refusal, SignedIn
from wardkeep.disclosure.questions import BeginSignIn, ClientSignIn, FinishSignIn
from wardkeep.identity import accounts, clients, credentials
from wardkeep.identity.credentials import Credential
from wardkeep.identity.factors import FactorRefused, client_key
from wardkeep.identity.factors.client_key import CLIENT_KEY, Claimed
from wardkeep.identity.factors.passkey import PASSKEY
from wardkeep.identity.once import Once
from wardkeep.identity.roles import NEED_DEVICE
from wardkeep.identity.scopes import granted_of
from wardkeep.warden.service.admission import Admission, Proof
from wardkeep.warden.service.ceremonies import RESTS, Ceremonies, Unproven
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.key_proofs import KeyProofs
from wardkeep.warden.service.said import DEVICE_BOUND, FROZEN

SCOPE_REFUSED = Refusal(
    code="invalid-scope",
    why="None of the scopes that were asked for is one that this program has.",
    mend="Ask for scopes that it was registered with, or for none at all.",
)
PROOF_REFUSED = Refusal(
    code="proof-refused",
    why="The DPoP proof does not hold, or a proof is needed and none was sent.",
    mend="Send a fresh proof: see its key, htm, htu, iat and jti.",
)
PASSKEY_RESTS = Refusal(
    code=RESTS,
    why="This passkey was added a short while ago, and rests for 24 hours.",
    mend="Use the one that you had before. If that one is lost, ask for a new link.",
)
TOLD_FOR = timedelta(days=7)
"""An owner who comes back after days off is told as well, where they sign in with what
they had before."""
_SIGN_IN = "sign-in"

KIOSK_LASTS = timedelta(minutes=5)
"""A device that everybody can touch proves its key again and again."""


class Entrance:
    """Answers whoever wants to sign in."""

    def __init__(
        self,
        *,
        database: Database,
        admission: Admission,
        ceremonies: Ceremonies,
        proofs: KeyProofs,
        clock: Clock,
    ) -> None:
        self._database = database
        self._admission = admission
        self._ceremonies = ceremonies
        self._proofs = proofs
        self._clock = clock
        self._assertions = Once(clock, seconds=2 * client_key.LONGEST_SECONDS)
        self.desk = Desk(
            at_once={BeginSignIn: self._begin_sign_in},
            later={
                FinishSignIn: self._finish_sign_in,
                ClientSignIn: self._client_sign_in,
            },
        )

    def _begin_sign_in(self, _asked: BeginSignIn) -> Answer:
        return self._ceremonies.begin_assertion(_SIGN_IN)

    async def _finish_sign_in(self, asked: FinishSignIn) -> Answer:
        found = await self._ceremonies.finish_assertion(_SIGN_IN, asked.response)
        if isinstance(found, Unproven):
            refused = self._admission.refuse(found.code, account=found.account)
            return PASSKEY_RESTS if found.code == RESTS else refused
        credential = found.credential
        async with self._database.connection() as connection:
            works = await accounts.memberships_of(
                connection, credential.account, clock=self._clock
            )
            own = await credentials.of_account(connection, credential.account)
        if not works:
            return self._admission.refuse("no-membership", account=credential.account)
        proof = Proof(factor=PASSKEY, credential=credential.id, device=asked.device)
        answer: SignedIn | Refusal = DEVICE_BOUND
        # Where they worked last; what is closed there does not close work elsewhere.
        for member in works:
            if member.role in NEED_DEVICE and credential.is_backup_eligible:
                self._admission.refuse(DEVICE_BOUND.code, account=credential.account)
                continue
            answer = await self._admission.admit(member, proof)
            if isinstance(answer, SignedIn):
                is_told = any(
                    self._is_new(one) for one in own if one.id != credential.id
                )
                return msgspec.structs.replace(answer, has_new_passkey=is_told)
            if answer is not FROZEN:
                return answer
        return answer

    def _is_new(self, credential: Credential) -> bool:
        """Whether somebody added it within the last days; a link's is nobody's news."""
        added = credential.works_from is not None
        return added and self._clock.now() - credential.created_at < TOLD_FOR

    async def _client_sign_in(self, asked: ClientSignIn) -> Answer:
        claimed = client_key.claim(asked.assertion)
        if isinstance(claimed, FactorRefused):
            return self._admission.refuse(claimed.code)
        async with self._database.connection() as connection:
            registered = await clients.find_registered(
                connection, account=claimed.account, key_id=claimed.key_id
            )
            member = await accounts.membership_of(
                connection, claimed.account, clock=self._clock
            )
        if registered is None or member is None:
            return self._admission.refuse("unknown-client")
        fault = self._fault_in(asked, claimed, registered.jwk)
        if fault:
            return self._admission.refuse(fault, account=member.account)
        thumbprint = self._proofs.thumbprint(asked.proof)
        is_bearer_refused = self._admission.needs_key(member.organisation)
        if thumbprint is None or (is_bearer_refused and not thumbprint):
            return PROOF_REFUSED
        scopes = granted_of(registered.scope, asked.scope)
        if scopes is None:
            return SCOPE_REFUSED
        proof = Proof(
            factor=CLIENT_KEY,
            device="service client",
            scopes=scopes,
            patients_per_hour=registered.patients_per_hour,
            key_thumbprint=thumbprint,
            until=self._clock.now() + KIOSK_LASTS if scopes.is_kiosk else None,
        )
        return await self._admission.admit(member, proof)

    def _fault_in(self, asked: ClientSignIn, claimed: Claimed, jwk: str) -> str:
        """The code of what is wrong with an assertion; empty where it holds."""
        signed = client_key.verify(
            asked.assertion, claimed=claimed, jwk=jwk, audience=self._proofs.token_url
        )
        if isinstance(signed, FactorRefused):
            return signed.code
        if self._assertions.is_from_before(signed.made_at):
            return "made-before-the-start"
        is_replay = self._assertions.was_seen(f"{claimed.account} {signed.id}")
        return "replayed" if is_replay else ""
