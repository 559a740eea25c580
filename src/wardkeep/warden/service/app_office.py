# SPDX-License-Identifier: Apache-2.0
"""The operator's desk for apps: registering, ending, and what an organisation wants."""

from collections.abc import Sequence

from wardkeep.base.clock import Clock
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Answer, Created, Done, Refusal
from wardkeep.disclosure.smart import (
    AppList,
    EndApp,
    ListRegisteredApps,
    RegisterApp,
    RequireDpop,
    RotateSigningKey,
)
from wardkeep.identity import accounts, app_grants, apps as app_store
from wardkeep.identity.app_scopes import AppScopes, UnreadableScope, read_app_scopes
from wardkeep.identity.apps import Apps, RegisteredApp, fault_of_address, new_app_id
from wardkeep.identity.factors import FactorRefused
from wardkeep.identity.factors.client_key import PublicKey, read_key_set
from wardkeep.warden.service.consents import ConsentEnding, app_view
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.signing_keys import SigningKeys
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Sessions

LONGEST_NAME = 120
NO_SUCH_ORGANISATION = Refusal(
    code="no-such-organisation",
    why="There is no organisation of that short name.",
    mend="Set it up: wardkeep organisation create --help",
)
NO_SUCH_APP = Refusal(
    code="no-such-app",
    why="There is no such app, or it has ended.",
    mend="See which there are: wardkeep client list-apps --help",
)
BAD_KEYS = Refusal(
    code="bad-keys",
    why="The key set cannot be used: it wants 1 to 8 public keys (EC P-256 or P-384,"
    " RSA of 2048 bits, Ed25519), each with a kid.",
    mend="Export the public keys only, as a JSON Web Key Set.",
)


class AppOffice:
    """Answers the operator about apps."""

    def __init__(  # noqa: PLR0913 - the office works with these, each named
        self,
        *,
        database: Database,
        sessions: Sessions,
        apps: Apps,
        ending: ConsentEnding,
        keys: SigningKeys,
        trace: Trace,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._apps = apps
        self._ending = ending
        self._keys = keys
        self._trace = trace
        self._clock = clock
        self.desk = Desk(
            later={
                RegisterApp: self._register,
                ListRegisteredApps: self._list,
                EndApp: self._end,
                RequireDpop: self._require_dpop,
                RotateSigningKey: self._rotate,
            }
        )

    async def _register(self, asked: RegisterApp) -> Answer:
        read = _read(asked)
        if isinstance(read, Refusal):
            return read
        scopes, keys = read
        async with self._database.transaction() as connection:
            found = await accounts.find_organisation(connection, asked.organisation)
            if found is None:
                return NO_SUCH_ORGANISATION
            app = RegisteredApp(
                id=new_app_id(),
                organisation=found.number,
                name=asked.name.strip()[:LONGEST_NAME],
                redirect_uris=asked.redirect_uris,
                launch_url=asked.launch_url,
                scope=scopes.text,
                patients_per_hour=asked.patients_per_hour,
                is_resource_server=asked.is_resource_server,
                keys={one.key_id: one.jwk for one in keys},
            )
            await app_store.register_app(connection, app, keys, clock=self._clock)
        self._apps.add(app)
        self._trace.of_operator(
            "register-app", organisation=app.organisation, reason=f"app {app.id}"
        )
        return Created(app.id)

    async def _list(self, asked: ListRegisteredApps) -> Answer:
        async with self._database.connection() as connection:
            found = await accounts.find_organisation(connection, asked.organisation)
            if found is None:
                return NO_SUCH_ORGANISATION
            many = await app_grants.counted(connection, found.number, clock=self._clock)
        return AppList(
            tuple(
                app_view(one, found.slug, consents=many.get(one.id, 0))
                for one in self._apps.of(found.number)
            )
        )

    async def _end(self, asked: EndApp) -> Answer:
        app = self._apps.end(asked.app)
        if app is None:
            return NO_SUCH_APP
        live = [one for one in self._sessions.live() if one.app is not None]
        for session in live:
            if session.app is not None and session.app.app == app.id:
                self._sessions.end(session)
        async with self._database.transaction() as connection:
            await app_store.end_app(connection, app.id, clock=self._clock)
            ended = await app_grants.end_of_app(connection, app.id, clock=self._clock)
        self._ending.end_at_once(ended)
        self._trace.of_operator(
            "end-app", organisation=app.organisation, reason=f"app {app.id}"
        )
        return Done()

    async def _require_dpop(self, asked: RequireDpop) -> Answer:
        async with self._database.transaction() as connection:
            found = await accounts.find_organisation(connection, asked.organisation)
            if found is None:
                return NO_SUCH_ORGANISATION
            await app_store.require_dpop(connection, found.number, is_on=asked.is_on)
        if asked.is_on:
            self._sessions.bound_only.add(found.number)
        else:
            self._sessions.bound_only.discard(found.number)
        self._trace.of_operator(
            "require-dpop",
            organisation=found.number,
            reason="on" if asked.is_on else "off",
        )
        return Done()

    async def _rotate(self, _asked: RotateSigningKey) -> Answer:
        id_ = await self._keys.rotate()
        self._trace.of_operator("rotate-signing-key", reason=id_)
        return Created(id_)


def _read(asked: RegisterApp) -> tuple[AppScopes, Sequence[PublicKey]] | Refusal:
    """The scopes and keys; a refusal of the first thing that will not do."""
    wrong = _fault_of_addresses(asked)
    if wrong is not None:
        return wrong
    if not asked.name.strip():
        return Refusal("bad-name", "The app has no name.", "Say what people call it.")
    scopes = read_app_scopes(asked.scope)
    if isinstance(scopes, UnreadableScope) or not scopes.names:
        named = scopes.name if isinstance(scopes, UnreadableScope) else "of nothing"
        return Refusal(
            code="bad-scope",
            why=f"The scope {named} is none that an app can have.",
            mend='Write SMART scopes, as in "launch/patient patient/*.rs openid".',
        )
    keys = read_key_set(asked.jwks) if asked.jwks else ()
    return BAD_KEYS if isinstance(keys, FactorRefused) else (scopes, keys)


def _fault_of_addresses(asked: RegisterApp) -> Refusal | None:
    if not 1 <= len(asked.redirect_uris) <= app_store.MOST_REDIRECTS:
        most = app_store.MOST_REDIRECTS
        why = f"An app has 1 to {most} redirect addresses."
        return Refusal("bad-redirect", why, "Name those that it really uses.")
    for address in asked.redirect_uris:
        fault = fault_of_address(address, allows_own_scheme=asked.allows_own_scheme)
        if fault:
            why = f"The redirect address {address[:100]!r} will not do: {fault}."
            return Refusal("bad-redirect", why, "Register another address.")
    fault = fault_of_address(asked.launch_url) if asked.launch_url else ""
    if fault:
        why = f"The launch address will not do: {fault}."
        return Refusal("bad-launch-url", why, "Register another address.")
    return None
