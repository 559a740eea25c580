# SPDX-License-Identifier: Apache-2.0
"""The desk of an organisation's directory: joiners wait, leavers are out at once.

A directory's key could be stolen, and then it would make accounts. So what it asks for
is a change of rights like any other: an administrator confirms it with a passkey, and
hands over the link. What takes rights away needs nobody's yes.
"""

import msgspec

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.base.ids import new_uuid
from wardkeep.db.connection import Connection, Database
from wardkeep.db.errors import AlreadyExistsError
from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.people import AddPeople, ChangeRole, EndPerson, NewPerson
from wardkeep.disclosure.provisioning import (
    MOST_LISTED,
    DeleteProvisioned,
    ListProvisioned,
    ProvisionedList,
    ProvisionedUser,
    ProvisioningRefused,
    SaveProvisioned,
)
from wardkeep.identity.roles import GUARDED, Role, role_named
from wardkeep.identity.scopes import PROVISIONING
from wardkeep.warden import provisioned, rights_requests
from wardkeep.warden.directory import Directory
from wardkeep.warden.provisioned import ENDED, WAITING, WORKING, Provisioned
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.said import NOT_SIGNED_IN, NOT_YOUR_WORK
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.service.workforce import Workforce
from wardkeep.warden.sessions import Session, Sessions

LONGEST = 120
_encoder = msgspec.msgpack.Encoder()

NOT_FOUND = ProvisioningRefused(404, "", "There is no such user.")
NOT_UNIQUE = ProvisioningRefused(
    409, "uniqueness", "There is a user with that userName already."
)
CHANGED = ProvisioningRefused(
    412, "", "The user changed meanwhile: read it again, and send its version."
)


class Provisioning:
    """Answers a directory's program."""

    def __init__(
        self,
        *,
        database: Database,
        sessions: Sessions,
        workforce: Workforce,
        names: Directory,
        trace: Trace,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._workforce = workforce
        self._names = names
        self._trace = trace
        self._clock = clock
        self.desk = Desk(
            later={
                ListProvisioned: self._list,
                SaveProvisioned: self._save,
                DeleteProvisioned: self._delete,
            }
        )

    def _directory(self, token: str) -> Session | Refusal:
        session = self._sessions.use_only(token, PROVISIONING)
        if session is not None:
            return session
        is_somebody = self._sessions.use(token) is not None
        return NOT_YOUR_WORK if is_somebody else NOT_SIGNED_IN

    async def _list(self, asked: ListProvisioned) -> Answer:
        session = self._directory(asked.session)
        if isinstance(session, Refusal):
            return session
        if asked.attribute not in provisioned.ATTRIBUTES:
            return ProvisioningRefused(400, "invalidFilter", "Nothing has that name.")
        if not asked.value.isprintable():
            return ProvisionedList(0, ())
        async with self._database.connection() as connection:
            found = await provisioned.found_by(
                connection,
                session.organisation,
                attribute=asked.attribute,
                value=asked.value,
                now=self._clock.now(),
            )
        first = max(1, asked.start) - 1
        page = found[first : first + min(max(0, asked.count), MOST_LISTED)]
        return ProvisionedList(len(found), tuple(map(_user, page)))

    async def _one(self, session: Session, id_: str) -> Provisioned | None:
        async with self._database.connection() as connection:
            found = await provisioned.found_by(
                connection,
                session.organisation,
                attribute="id",
                value=id_,
                now=self._clock.now(),
            )
        return found[0] if found else None

    # Joiners and movers

    async def _save(self, asked: SaveProvisioned) -> Answer:
        session = self._directory(asked.session)
        if isinstance(session, Refusal):
            return session
        fault = _fault_in(asked)
        if fault is not None:
            return fault
        try:
            if not asked.id:
                return await self._add(session, asked)
            return await self._change(session, asked)
        except AlreadyExistsError:
            return NOT_UNIQUE

    async def _add(self, session: Session, asked: SaveProvisioned) -> Answer:
        now = self._clock.now()
        one = Provisioned(
            id=new_uuid(),
            organisation=session.organisation,
            user_name=asked.user_name,
            external_id=asked.external_id,
            display_name=asked.display_name.strip(),
            role=asked.role,
            is_active=asked.is_active,
            version=1,
            created_at=now,
            changed_at=now,
        )
        async with self._database.transaction() as connection:
            if one.is_active:
                await self._ask_to_add(connection, session, one)
            await provisioned.add(connection, one)
        return _user(one)

    async def _change(self, session: Session, asked: SaveProvisioned) -> Answer:
        one = await self._one(session, asked.id)
        if one is None:
            return NOT_FOUND
        if asked.version not in (0, one.version):
            return CHANGED
        # Leaving first: whatever else comes with it, nobody waits for that.
        if one.is_active and not asked.is_active:
            await self._leave(session, one)
        before = (one.role, one.display_name, one.is_active)
        one.user_name, one.external_id = asked.user_name, asked.external_id
        one.role, one.is_active = asked.role, asked.is_active
        one.display_name = asked.display_name.strip()
        one.changed_at = self._clock.now()
        async with self._database.transaction() as connection:
            if not await provisioned.hold(connection, one):
                return CHANGED
            if one.is_active and before != (one.role, one.display_name, True):
                await self._ask_anew(connection, session, one, before[0])
            await provisioned.change(connection, one)
        one.version += 1
        return _user(one)

    async def _ask_anew(
        self,
        connection: Connection,
        session: Session,
        one: Provisioned,
        had_role: str,
    ) -> None:
        """What the change needs: a new account, or another role for one that works."""
        if one.state == WORKING:
            if await provisioned.rename(connection, one):
                self._names.remember(
                    one.account, one.display_name, home=session.organisation
                )
                self._trace.of_session(
                    session,
                    "rename-account",
                    reason=one.display_name,
                    request=f"account {one.account}",
                )
            await self._withdraw(connection, session, one.change)
            if one.role == had_role:
                return
            act = ChangeRole(one.account, one.role)
            title = f"Change the role of {one.display_name}"
            one.change = await self._ask(
                connection, session, _encoder.encode(act), title
            )
            return
        await self._withdraw(connection, session, one.request)
        await self._ask_to_add(connection, session, one)

    async def _ask_to_add(
        self, connection: Connection, session: Session, one: Provisioned
    ) -> None:
        act = AddPeople((NewPerson(one.display_name, one.role),))
        title = f"Add {one.display_name}"
        one.request = await self._ask(connection, session, _encoder.encode(act), title)
        one.state = WAITING

    async def _ask(
        self, connection: Connection, session: Session, act: bytes, title: str
    ) -> str:
        request = rights_requests.new_request(
            organisation=session.organisation,
            act=act,
            title=title,
            asked_by=session.account,
            asked_at=self._clock.now(),
        )
        await rights_requests.ask(connection, request)
        self._trace.of_session(
            session, "ask-rights", reason=title, request=f"rights {request.id}"
        )
        return request.id

    async def _withdraw(
        self, connection: Connection, session: Session, request: str
    ) -> None:
        if request:
            at = self._clock.now()
            await rights_requests.withdraw(
                connection, request, account=session.account, at=at
            )

    # Leavers

    async def _leave(self, session: Session, one: Provisioned) -> None:
        if one.state == WORKING:
            await self._workforce.end(session, EndPerson(one.account))
        async with self._database.connection() as connection:
            await self._withdraw(connection, session, one.request)
            await self._withdraw(connection, session, one.change)
        # Somebody may have confirmed it a moment ago.
        now = await self._one(session, one.id)
        if now is not None and now.state == WORKING and one.state != WORKING:
            await self._workforce.end(session, EndPerson(now.account))
        one.state = ENDED

    async def _delete(self, asked: DeleteProvisioned) -> Answer:
        session = self._directory(asked.session)
        if isinstance(session, Refusal):
            return session
        one = await self._one(session, asked.id)
        if one is None:
            return NOT_FOUND
        if asked.version not in (0, one.version):
            return CHANGED
        await self._leave(session, one)
        async with self._database.transaction() as connection:
            # What another change asked for meanwhile is withdrawn when it comes again.
            if not await provisioned.hold(connection, one):
                return CHANGED
            await provisioned.forget(connection, one, at=self._clock.now())
        return Done()


def _fault_in(asked: SaveProvisioned) -> ProvisioningRefused | None:
    texts = (asked.user_name, asked.display_name.strip())
    if not all(0 < len(one) <= LONGEST and one.isprintable() for one in texts):
        words = f"userName and displayName have 1 to {LONGEST} letters each."
        return ProvisioningRefused(400, "invalidValue", words)
    external = asked.external_id
    if len(external) > LONGEST or not external.isprintable():
        words = f"externalId has at most {LONGEST} letters, and nothing else."
        return ProvisioningRefused(400, "invalidValue", words)
    role = role_named(asked.role)
    if role is None:
        known = ", ".join(one.value for one in Role if role_named(one.value))
        words = f"roles has one value of these: {known}."
        return ProvisioningRefused(400, "invalidValue", words)
    if role in GUARDED:
        words = "Two people of the organisation give that role, on the page People."
        return ProvisioningRefused(403, "", words)
    return None


def _user(one: Provisioned) -> ProvisionedUser:
    return ProvisionedUser(
        id=one.id,
        user_name=one.user_name,
        external_id=one.external_id,
        display_name=one.display_name,
        role=one.role,
        is_active=one.is_active,
        state=one.state,
        version=one.version,
        created_at=microseconds_since_epoch(one.created_at),
        changed_at=microseconds_since_epoch(one.changed_at),
    )
