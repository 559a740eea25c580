# SPDX-License-Identifier: Apache-2.0
"""A public app at the warden's own door, with whoever holds a person's session."""

import hashlib
import secrets
from typing import NamedTuple

import msgspec

from support.smart import BACK, b64
from support.warden import ORIGIN, RunningWarden
from wardkeep.disclosure.answers import Answer, Created
from wardkeep.disclosure.smart import (
    AccessGiven,
    Authorization,
    AuthorizationGiven,
    ClientProof,
    ExchangeCode,
    FinishAuthorization,
    RefreshAccess,
    RegisterApp,
)

OFFLINE, ONLINE = "offline_access user/Patient.rs", "online_access user/Patient.rs"
WHY = "the growth of my own patients"


class Registered(NamedTuple):
    """A public app, as whoever holds a person's session uses it."""

    warden: RunningWarden
    id: str
    verifier: str

    async def allow(
        self,
        token: str,
        scope: str,
        *,
        purpose: str = "direct-care",
        reason: str = WHY,
        **changed: str,
    ) -> Answer:
        challenge = b64(hashlib.sha256(self.verifier.encode()).digest())
        asked = Authorization(
            client_id=self.id,
            redirect_uri=BACK,
            response_type="code",
            scope=scope,
            state="12345678",
            code_challenge=challenge,
            code_challenge_method="S256",
            aud=f"{ORIGIN}/fhir",
        )
        asked = msgspec.structs.replace(asked, **changed)
        question = FinishAuthorization(
            session=token,
            asked=asked,
            patient="",
            scopes=tuple(scope.split()),
            purpose=purpose,
            reason=reason,
        )
        return await self.warden.door.ask_any(question)

    async def exchange(self, given: Answer) -> AccessGiven:
        assert isinstance(given, AuthorizationGiven), given
        question = ExchangeCode(given.code, BACK, self.verifier, ClientProof(self.id))
        access = await self.warden.door.ask_any(question)
        assert isinstance(access, AccessGiven), access
        return access

    async def refresh(self, access: AccessGiven) -> Answer:
        question = RefreshAccess(access.refresh_token, "", ClientProof(self.id))
        return await self.warden.door.ask_any(question)


async def registered(
    warden: RunningWarden,
    *,
    scope: str = "offline_access online_access user/Patient.rs",
) -> Registered:
    question = RegisterApp(
        organisation=warden.home,
        name="Growth charts",
        redirect_uris=(BACK,),
        launch_url="",
        scope=scope,
        patients_per_hour=10,
    )
    made = await warden.operator.ask(question, Created)
    assert isinstance(made, Created), made
    return Registered(warden, made.id, secrets.token_urlsafe(32))


def fresh(answer: Answer) -> AccessGiven:
    assert isinstance(answer, AccessGiven), answer
    return answer
