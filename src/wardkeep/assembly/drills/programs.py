# SPDX-License-Identifier: Apache-2.0
"""Programs of a drill: registered with a key, and signed in as a thief would."""

import jwt

from wardkeep.assembly.drills.ground import HOME, Ground
from wardkeep.base.clock import SystemClock
from wardkeep.base.ids import new_uuid
from wardkeep.crypto.es256 import new_es256_key, private_jwk, public_jwk
from wardkeep.disclosure.answers import Created, Refusal, SignedIn
from wardkeep.disclosure.questions import ClientSignIn, RegisterClient

_MINUTE = 60


async def stolen_program(
    ground: Ground, *, scope: str, patients_per_hour: int, organisation: str = HOME
) -> str:
    """A session of a program whose key somebody stole; its token."""
    key = new_es256_key()
    made = await ground.operator.ask(
        RegisterClient(
            organisation=organisation,
            name="Drill program",
            jwks=_key_set(public_jwk(key)),
            scope=scope,
            patients_per_hour=patients_per_hour,
        ),
        Created,
    )
    account = "" if isinstance(made, Refusal) else made.id
    return await _token(ground, account, private_jwk(key))


def _key_set(jwk: dict[str, str]) -> bytes:
    pairs = ",".join(f'"{name}":"{value}"' for name, value in jwk.items())
    return b'{"keys":[{' + pairs.encode() + b"}]}"


async def _token(ground: Ground, account: str, jwk: dict[str, str]) -> str:
    # An assertion's times are held against the machine's clock, which no drill moves.
    now = int(SystemClock().now().timestamp())
    audience = f"{ground.settings.public_origin}/oauth/token"
    assertion = jwt.encode(
        {
            "iss": account,
            "sub": account,
            "aud": audience,
            "iat": now,
            "exp": now + _MINUTE,
            "jti": new_uuid(),
        },
        jwt.PyJWK(jwk, algorithm="ES256").key,
        algorithm="ES256",
        headers={"kid": jwk["kid"]},
    )
    entered = await ground.door.ask(ClientSignIn(assertion), SignedIn)
    return "" if isinstance(entered, Refusal) else entered.token
