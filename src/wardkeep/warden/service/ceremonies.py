# SPDX-License-Identifier: Apache-2.0
"""Passkey ceremonies, whatever they are for: options given, answers verified.

One place knows challenges, origin and counters. A ceremony has a kind, and may be bound
to an account, an invitation or an act: an answer is good for what it was asked for and
for nothing else.
"""

import logging

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import CeremonyOptions
from wardkeep.identity import credentials
from wardkeep.identity.challenges import Challenges
from wardkeep.identity.credentials import Credential
from wardkeep.identity.factors import FactorRefused, passkey
from wardkeep.identity.factors.passkey import RelyingParty

log = logging.getLogger(__name__)


class Proven(msgspec.Struct, frozen=True):
    """A passkey that proved itself, as it was stored before."""

    credential: Credential


RESTS = "passkey-rests"
"""Of a passkey that its owner added, and that does not work yet."""


class Unproven(msgspec.Struct, frozen=True):
    """The code of what is wrong, and whose passkey it is if that is known."""

    code: str
    account: str = ""


class Ceremonies:
    """Begins and finishes assertions and registrations."""

    def __init__(self, *, database: Database, clock: Clock, origin: str) -> None:
        self._database = database
        self._clock = clock
        self._party = RelyingParty.of(origin)
        self._challenges = Challenges(clock)

    def begin_assertion(self, kind: str, bound_to: str = "") -> CeremonyOptions:
        """Options for `navigator.credentials.get`."""
        challenge = self._challenges.give(kind, bound_to)
        return CeremonyOptions(
            passkey.assertion_options(self._party, challenge=challenge)
        )

    async def has_passkey(self, account: str) -> bool:
        """Whether an account has one that is not revoked."""
        async with self._database.connection() as connection:
            return bool(await credentials.of_account(connection, account))

    async def begin_bound(
        self, kind: str, bound_to: str, *, account: str, content: bytes
    ) -> CeremonyOptions:
        """The same for one account's passkeys; the challenge carries the content."""
        async with self._database.connection() as connection:
            own = await credentials.of_account(connection, account)
        challenge = self._challenges.give(kind, bound_to, content=content)
        return CeremonyOptions(
            passkey.assertion_options(
                self._party, challenge=challenge, allowed=[one.id for one in own]
            )
        )

    async def finish_assertion(
        self, kind: str, response: bytes, bound_to: str = ""
    ) -> Proven | Unproven:
        """Verify an answer, and move the passkey's counter on."""
        presented = passkey.present(response)
        if isinstance(presented, FactorRefused):
            return Unproven(presented.code)
        if not self._challenges.take(kind, presented.challenge, bound_to):
            return Unproven("challenge")
        async with self._database.connection() as connection:
            credential = await credentials.find(connection, presented.credential)
        if credential is None:
            return Unproven("unknown-credential")
        known = passkey.Known(
            account=credential.account,
            public_key=credential.public_key,
            sign_count=credential.sign_count,
            is_backup_eligible=credential.is_backup_eligible,
            is_revoked=credential.revoked_at is not None,
        )
        found = passkey.finish_assertion(
            self._party, response, presented=presented, known=known
        )
        if isinstance(found, FactorRefused):
            return Unproven(found.code, credential.account)
        if credential.rests(self._clock.now()):
            # Said to nobody but its holder: it has just signed.
            return Unproven(RESTS, credential.account)
        async with self._database.connection() as connection:
            moved = await credentials.note_use(
                connection,
                credential.id,
                sign_count=found.sign_count,
                is_backed_up=found.is_backed_up,
                clock=self._clock,
            )
        # Whoever was faster than themselves is two.
        return Proven(credential) if moved else Unproven("raced", credential.account)

    async def begin_registration(
        self, kind: str, *, account: str, display_name: str
    ) -> CeremonyOptions:
        """Options for `navigator.credentials.create`."""
        async with self._database.connection() as connection:
            existing = await credentials.of_account(connection, account)
        return CeremonyOptions(
            passkey.registration_options(
                self._party,
                account=account,
                display_name=display_name,
                challenge=self._challenges.give(kind, account),
                existing=[one.id for one in existing],
            )
        )

    def finish_registration(
        self, kind: str, response: bytes, *, account: str, label: str
    ) -> Credential | None:
        """A passkey that proved itself under a challenge given for this account."""
        presented = passkey.present(response)
        if isinstance(presented, FactorRefused):
            log.info("a passkey was refused: %s", presented.code)
            return None
        if not self._challenges.take(kind, presented.challenge, account):
            log.info("a passkey was refused: challenge")
            return None
        found = passkey.finish_registration(
            self._party, response, challenge=presented.challenge
        )
        if isinstance(found, FactorRefused):
            log.info("a passkey was refused: %s", found.code)
            return None
        return msgspec.convert(
            {
                **msgspec.structs.asdict(found),
                "account": account,
                "label": "".join(filter(str.isprintable, label)).strip() or "Passkey",
                "created_at": self._clock.now(),
            },
            Credential,
        )
