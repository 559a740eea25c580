# SPDX-License-Identifier: Apache-2.0
"""Identities at providers: one's own links, and what signing out there ends here."""

import logging
from collections.abc import Callable

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.federation import (
    Identities,
    IdentityView,
    ListIdentities,
    ProviderLogout,
    UnlinkIdentity,
)
from wardkeep.identity import providers
from wardkeep.identity.factor import FactorRefused
from wardkeep.identity.oidc import Claims
from wardkeep.warden.service.admission import Admission
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.known_providers import KnownProviders
from wardkeep.warden.service.said import NOT_SIGNED_IN
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.session_parts import Elsewhere
from wardkeep.warden.sessions import Sessions

log = logging.getLogger(__name__)
NO_LOGOUT = Refusal(
    code="logout-refused",
    why="The logout token does not hold.",
    mend="See its signature, audience, events, jti and times.",
)
NO_SUCH_IDENTITY = Refusal(
    code="no-such-identity",
    why="There is no such identity of yours.",
    mend="Look at the list again.",
)


class OwnIdentities:
    """Answers about links that exist."""

    def __init__(
        self,
        *,
        database: Database,
        sessions: Sessions,
        known: KnownProviders,
        admission: Admission,
        trace: Trace,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._known = known
        self._admission = admission
        self._trace = trace
        self._clock = clock
        self.desk = Desk(
            later={
                ListIdentities: self._list,
                UnlinkIdentity: self._unlink,
                ProviderLogout: self._logout,
            }
        )

    async def _list(self, asked: ListIdentities) -> Answer:
        session = self._sessions.use_own(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        async with self._database.connection() as connection:
            found = await providers.of_account(connection, session.account)
        views = []
        for one in found:
            known = self._known.get(one.provider)
            name = "A provider that has ended" if known is None else known.row.name
            at = microseconds_since_epoch(one.created_at)
            views.append(IdentityView(one.id, name, at))
        return Identities(
            tuple(views),
            tuple(self._known.of_organisation(session.organisation)),
            self._clock.monotonic_seconds() < session.passkeys_open_until,
        )

    async def _unlink(self, asked: UnlinkIdentity) -> Answer:
        session = self._sessions.use_own(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        async with self._database.connection() as connection:
            own = await providers.of_account(connection, session.account)
            gone = [one for one in own if one.id == asked.identity]
            is_ended = bool(gone) and await providers.unlink(
                connection, asked.identity, session.account, clock=self._clock
            )
        if not is_ended:
            return NO_SUCH_IDENTITY
        self._trace.of_session(
            session, "unlink-identity", request=f"provider {gone[0].provider}"
        )
        await self._end(
            lambda it: (it.provider, it.subject) == (gone[0].provider, gone[0].subject),
            why="identity unlinked",
        )
        return Done()

    async def _logout(self, asked: ProviderLogout) -> Answer:
        client = self._known.get(asked.provider)
        claims = (
            FactorRefused(code="no-such-provider")
            if client is None
            else await client.logout(asked.logout_token)
        )
        if isinstance(claims, FactorRefused):
            log.info("a logout by a provider was refused: %s", claims.code)
            return NO_LOGOUT
        await self._end(
            lambda it: it.provider == asked.provider and _is_about(claims, it),
            why="signed out at the identity provider",
        )
        return Done()

    async def _end(self, is_it: Callable[[Elsewhere], bool], *, why: str) -> None:
        found = [
            one
            for one in self._sessions.live()
            if one.elsewhere is not None and is_it(one.elsewhere)
        ]
        await self._admission.end(found, why=why)


def _is_about(claims: Claims, it: Elsewhere) -> bool:
    """By session where it names one; all of the person's where it does not."""
    if claims.get("sid"):
        is_same = it.session == claims["sid"]
        return bool(is_same and claims.get("sub", it.subject) == it.subject)
    return bool(it.subject == claims.get("sub"))
