# SPDX-License-Identifier: Apache-2.0
"""Consents that hold: whose they are, and their end, which holds at once everywhere."""

from collections.abc import Sequence

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.smart import (
    AppList,
    AppView,
    Consents as ConsentList,
    ConsentView,
    ListApps,
    ListConsents,
    WithdrawConsent,
)
from wardkeep.identity import app_grants
from wardkeep.identity.app_grants import AppGrant
from wardkeep.identity.app_scopes import UnreadableScope, read_app_scopes
from wardkeep.identity.apps import Apps, RegisteredApp
from wardkeep.identity.roles import Role
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.said import NOT_SIGNED_IN, NOT_YOUR_WORK
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Sessions

NO_SUCH_CONSENT = Refusal(
    code="no-such-consent",
    why="There is no such app of yours, or it was ended already.",
    mend="Look at the list again.",
)


class ConsentEnding:
    """Ends consents, first in memory: nothing opens while the database is asked."""

    def __init__(self, database: Database, sessions: Sessions, clock: Clock) -> None:
        self._database = database
        self._sessions = sessions
        self._clock = clock
        self._ended: set[str] = set()

    def has_ended(self, grant: str) -> bool:
        """Whether it ended since the warden started; the database knows of others."""
        return grant in self._ended

    def end_at_once(self, grants: Sequence[str]) -> None:
        for grant in grants:
            self._ended.add(grant)
            for session in self._sessions.of_grant(grant):
                self._sessions.end(session)

    async def end(self, grant: str, *, why: str) -> None:
        self.end_at_once([grant])
        async with self._database.connection() as connection:
            await app_grants.end(connection, grant, why=why, clock=self._clock)


class Consents:
    """Answers people about their apps, and administrators about the organisation's."""

    def __init__(
        self,
        *,
        database: Database,
        sessions: Sessions,
        apps: Apps,
        ending: ConsentEnding,
        trace: Trace,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._apps = apps
        self._ending = ending
        self._trace = trace
        self._clock = clock
        self.desk = Desk(
            later={
                ListConsents: self._list,
                WithdrawConsent: self._withdraw,
                ListApps: self._list_apps,
            }
        )

    async def _list(self, asked: ListConsents) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        grants = await self._of(session.account, session.organisation)
        return ConsentList(tuple(self._view(one) for one in grants))

    async def _of(self, account: str, organisation: int) -> list[AppGrant]:
        async with self._database.connection() as connection:
            found = await app_grants.of_account(
                connection, account, organisation, clock=self._clock
            )
        return [
            one
            for one in found
            if self._apps.get(one.app) is not None
            and (not one.session or self._sessions.is_live(one.session))
        ]

    def _view(self, grant: AppGrant) -> ConsentView:
        app = self._apps.get(grant.app)
        scopes = read_app_scopes(grant.scope)
        last = grant.last_used_at
        live = [one.last_used_at for one in self._sessions.of_grant(grant.id)]
        newest = max([*live, *([last] if last else [])], default=None)
        return ConsentView(
            consent=grant.id,
            app_name="" if app is None else app.name,
            scopes=() if isinstance(scopes, UnreadableScope) else scopes.names,
            patient=grant.patient,
            created_at=microseconds_since_epoch(grant.created_at),
            expires_at=microseconds_since_epoch(grant.expires_at),
            last_used_at=0 if newest is None else microseconds_since_epoch(newest),
            is_online=bool(grant.session),
        )

    async def _withdraw(self, asked: WithdrawConsent) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        mine = await self._of(session.account, session.organisation)
        found = next((one for one in mine if one.id == asked.consent), None)
        if found is None:
            return NO_SUCH_CONSENT
        self._trace.of_session(session, "withdraw-app", request=f"app {found.app}")
        await self._ending.end(found.id, why="withdrawn")
        return Done()

    async def _list_apps(self, asked: ListApps) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        if session.role is not Role.ADMINISTRATOR:
            return NOT_YOUR_WORK
        async with self._database.connection() as connection:
            many = await app_grants.counted(
                connection, session.organisation, clock=self._clock
            )
        return AppList(
            tuple(
                app_view(one, session.organisation_slug, consents=many.get(one.id, 0))
                for one in self._apps.of(session.organisation)
            )
        )


def app_view(app: RegisteredApp, slug: str, *, consents: int = 0) -> AppView:
    return AppView(
        app=app.id,
        name=app.name,
        organisation=slug,
        is_public=app.is_public,
        redirect_uris=app.redirect_uris,
        launch_url=app.launch_url,
        scope=app.scope,
        patients_per_hour=app.patients_per_hour,
        consents=consents,
    )
