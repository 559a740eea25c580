# SPDX-License-Identifier: Apache-2.0
"""The operator's office: organisations, accounts, invitations, clients, imports.

Reached by the operator's socket alone. Nothing here opens a patient's data: the
operator's support staff see no patient without the controller's grant (P12).
"""

import asyncio
import re
from collections.abc import Sequence

from wardkeep.base.clock import Clock, from_microseconds, microseconds_since_epoch
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database
from wardkeep.db.errors import AlreadyExistsError
from wardkeep.disclosure.answers import (
    Accounts,
    AccountView,
    Answer,
    Created,
    Done,
    Refusal,
    SignedIn,
)
from wardkeep.disclosure.questions import (
    AddRelationships,
    BeginImport,
    CheckSession,
    CreateAccount,
    CreateOrganisation,
    EndAccount,
    EndSession,
    Invite,
    ListAccounts,
    RegisterClient,
)
from wardkeep.identity import accounts, clients, invitations
from wardkeep.identity.accounts import OrganisationRow
from wardkeep.identity.factors import FactorRefused
from wardkeep.identity.factors.client_key import read_key_set
from wardkeep.identity.roles import PEOPLE, Role, role_named
from wardkeep.identity.scopes import read_scopes
from wardkeep.teams.relationships import (
    KINDS,
    ExpectedSets,
    Relationship,
    add_relationships,
)
from wardkeep.teams.visits import AFTER, BEFORE, KIND as VISIT
from wardkeep.warden.directory import IMPORTER, Directory
from wardkeep.warden.keystore import KeyStore
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.own_sessions import OwnSessions
from wardkeep.warden.service.said import NOT_UNDERSTOOD
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Sessions, SignedInAs
from wardkeep.warden.support_grants import HOME

_SLUG = re.compile(r"[a-z][a-z0-9-]{1,39}")
LONGEST_NAME = 120
MOST_NAMED = 20
"""Organisations that a refusal lists."""
IMPORT_FACTOR = "operator-socket"
"""An import session opens nothing; the kernel vouches for who asked for it."""


def _no_such_organisation(slug: str) -> Refusal:
    return Refusal(
        code="no-such-organisation",
        why=f"There is no organisation {slug[:40]!r}.",
        mend="Set it up: wardkeep organisation create --help",
    )


def _which_organisation(slugs: Sequence[str]) -> Refusal:
    return Refusal(
        code="which-organisation",
        why="There are several organisations, and none was named.",
        mend=f"Add --organisation with one of: {', '.join(slugs[:MOST_NAMED])}",
    )


_NO_ORGANISATION = Refusal(
    code="no-organisation",
    why="There is no organisation yet.",
    mend="Set one up: wardkeep organisation create --help",
)
_NO_SUCH_ACCOUNT = Refusal(
    code="no-such-account",
    why="There is no such account, or it has ended.",
    mend="See who there is: wardkeep account list --help",
)


class Office:
    """Answers the operator."""

    def __init__(  # noqa: PLR0913 - the office works with these, each named
        self,
        *,
        database: Database,
        keystore: KeyStore,
        sessions: Sessions,
        directory: Directory,
        expected: ExpectedSets,
        own_sessions: OwnSessions,
        trace: Trace,
        clock: Clock,
    ) -> None:
        self._database = database
        self._keystore = keystore
        self._sessions = sessions
        self._directory = directory
        self._expected = expected
        self._trace = trace
        self._clock = clock
        self._founding = asyncio.Lock()
        self.desk = Desk(
            at_once={CheckSession: own_sessions.check_session},
            later={
                CreateOrganisation: self._create_organisation,
                CreateAccount: self._create_account,
                Invite: self._invite,
                EndAccount: self._end_account,
                ListAccounts: self._list_accounts,
                RegisterClient: self._register_client,
                AddRelationships: self._add_relationships,
                BeginImport: self._begin_import,
                EndSession: own_sessions.end_session,
            },
        )

    async def _create_organisation(self, asked: CreateOrganisation) -> Answer:
        name = asked.name.strip()[:LONGEST_NAME]
        if not _SLUG.fullmatch(asked.slug) or not name:
            return Refusal(
                code="bad-name",
                why="The short name has 2 to 40 small letters, digits and hyphens,"
                " and begins with a letter; the name is not empty.",
                mend="Choose another, as in: fernhill",
            )
        try:
            # One at a time: two at once would be given the same number.
            async with self._founding:
                number = await self._found(asked.slug, name)
        except AlreadyExistsError:
            return Refusal(
                code="already-there",
                why=f"There is an organisation {asked.slug!r} already.",
                mend="Use it, or choose another short name.",
            )
        self._trace.of_operator("create-organisation", organisation=number)
        return Created(str(number))

    async def _found(self, slug: str, name: str) -> OrganisationId:
        async with self._database.transaction() as connection:
            number = await accounts.next_organisation_number(connection)
            # In a thread: the root key may be in a device or a service elsewhere.
            wrapped = await asyncio.to_thread(
                self._keystore.make_organisation_key, number
            )
            row = OrganisationRow(
                number=number, slug=slug, name=name, wrapped_key=wrapped
            )
            await accounts.create_organisation(connection, row)
        # Only now: a key that was not stored would seal what nobody can open again.
        await asyncio.to_thread(self._keystore.admit, number, wrapped)
        return number

    async def _found_home_of_support(self) -> None:
        """Where the operator's people are at home: an organisation without records."""
        try:
            async with self._founding:
                await self._found(HOME, "Support")
        except AlreadyExistsError:
            return

    async def _create_account(self, asked: CreateAccount) -> Answer:
        is_support = asked.organisation == HOME and asked.role == Role.SUPPORT.value
        role = Role.SUPPORT if is_support else role_named(asked.role)
        name = asked.display_name.strip()[:LONGEST_NAME]
        if role is None or not name:
            known = ", ".join(one.value for one in PEOPLE)
            return Refusal(
                code="no-such-role",
                why="That is not a role of a person, or the name is empty.",
                mend=f"The roles are: {known}.",
            )
        if is_support:
            await self._found_home_of_support()
        async with self._database.transaction() as connection:
            found = await accounts.find_organisation(connection, asked.organisation)
            if found is None:
                return _no_such_organisation(asked.organisation)
            account = await accounts.create_account(
                connection,
                kind=accounts.PERSON,
                display_name=name,
                organisation=found.number,
                role=role,
            )
        self._directory.remember(account, name, home=found.number)
        self._trace.of_operator(
            "create-account",
            organisation=found.number,
            account=account,
            reason=role.value,
        )
        return Created(account)

    async def _invite(self, asked: Invite) -> Answer:
        async with self._database.connection() as connection:
            member = await accounts.membership_of(
                connection, asked.account, clock=self._clock
            )
            if member is None:
                return _NO_SUCH_ACCOUNT
            secret = await invitations.invite(
                connection,
                account=member.account,
                created_by="operator",
                valid_hours=asked.valid_hours,
                clock=self._clock,
            )
        self._trace.of_operator(
            "invite", organisation=member.organisation, account=member.account
        )
        return Created(secret)

    async def _end_account(self, asked: EndAccount) -> Answer:
        self._sessions.end_account(asked.account)
        async with self._database.connection() as connection:
            found = await accounts.end_account(
                connection, asked.account, clock=self._clock
            )
        if not found:
            return _NO_SUCH_ACCOUNT
        # Once more, for a session that began while the database was asked.
        self._sessions.end_account(asked.account)
        self._expected.end_account(asked.account)
        self._trace.of_operator("end-account", account=asked.account)
        return Done()

    async def _list_accounts(self, asked: ListAccounts) -> Answer:
        async with self._database.connection() as connection:
            found = await accounts.find_organisation(connection, asked.organisation)
            if found is None:
                return _no_such_organisation(asked.organisation)
            listed = await accounts.list_accounts(connection, found.number)
        return Accounts(
            tuple(
                AccountView(
                    account=one.account,
                    display_name=one.display_name,
                    organisation=asked.organisation,
                    role=one.role.value,
                    passkeys=one.passkeys,
                    is_ended=one.is_ended,
                )
                for one in listed
            )
        )

    async def _register_client(self, asked: RegisterClient) -> Answer:
        keys = read_key_set(asked.jwks)
        if isinstance(keys, FactorRefused):
            return Refusal(
                code=keys.code,
                why="The key set cannot be used: it wants 1 to 8 public keys"
                " (EC P-256 or P-384, RSA of 2048 bits, Ed25519), each with a kid.",
                mend="Export the public keys only, as a JSON Web Key Set.",
            )
        scopes = read_scopes(asked.scope)
        if scopes is None or not (scopes.letters or scopes.stands_alone):
            return Refusal(
                code="bad-scope",
                why="The scopes cannot be read.",
                mend='Write SMART scopes, as in "system/Patient.rs system/*.r".',
            )
        async with self._database.transaction() as connection:
            found = await accounts.find_organisation(connection, asked.organisation)
            if found is None:
                return _no_such_organisation(asked.organisation)
            account = await clients.register_client(
                connection,
                organisation=found.number,
                name=asked.name.strip()[:LONGEST_NAME] or "Service client",
                keys=keys,
                scope=scopes.text,
                patients_per_hour=asked.patients_per_hour,
                clock=self._clock,
            )
        self._directory.remember(account, asked.name, home=found.number)
        self._trace.of_operator(
            "register-client", organisation=found.number, account=account
        )
        return Created(account)

    async def _add_relationships(self, asked: AddRelationships) -> Answer:
        if any(kind not in KINDS for _, _, kind in asked.pairs):
            return Refusal(
                code="no-such-kind",
                why="That is not a kind of relationship.",
                mend=f"The kinds are: {', '.join(KINDS)}.",
            )
        if asked.times and len(asked.times) != len(asked.pairs):
            return NOT_UNDERSTOOD
        async with self._database.transaction() as connection:
            found = await accounts.find_organisation(connection, asked.organisation)
            if found is None:
                return _no_such_organisation(asked.organisation)
            named = {account for account, _, _ in asked.pairs}
            if not await accounts.are_all_there(connection, named):
                return _NO_SUCH_ACCOUNT
            relationships = self._relationships(found.number, asked)
            await add_relationships(connection, relationships)
        for relationship in relationships:
            self._expected.add(relationship)
        self._trace.of_operator(
            "add-relationships",
            organisation=found.number,
            reason=f"{len(relationships)} relationships",
        )
        return Done()

    def _relationships(
        self, organisation: OrganisationId, asked: AddRelationships
    ) -> list[Relationship]:
        times = asked.times or ((0, 0),) * len(asked.pairs)
        made = []
        for (account, patient, kind), (begins, ends) in zip(
            asked.pairs, times, strict=True
        ):
            valid_from = from_microseconds(begins) if begins else self._clock.now()
            valid_until = from_microseconds(ends) if ends else None
            if kind == VISIT and valid_until is not None:
                valid_from, valid_until = valid_from - BEFORE, valid_until + AFTER
            made.append(
                Relationship(
                    organisation=organisation,
                    account=account,
                    patient=patient,
                    kind=kind,
                    valid_from=valid_from,
                    valid_until=valid_until,
                )
            )
        return made

    async def _begin_import(self, asked: BeginImport) -> Answer:
        async with self._database.connection() as connection:
            known = await accounts.organisations(connection)
        wanted = asked.organisation
        fitting = [one for one in known if wanted in (one.slug, "")]
        if len(fitting) > 1:
            return _which_organisation([one.slug for one in fitting])
        if not fitting:
            return _no_such_organisation(wanted) if wanted else _NO_ORGANISATION
        [found] = fitting
        token, session = self._sessions.start(
            SignedInAs(
                account=IMPORTER,
                display_name=self._directory.display_name(IMPORTER),
                organisation=found.number,
                organisation_name=found.name,
                organisation_slug=found.slug,
                role=Role.IMPORTER,
                factor=IMPORT_FACTOR,
                credential=b"",
                device="command line",
            )
        )
        self._trace.of_session(session, "begin-import")
        return SignedIn(
            token=token, expires_at=microseconds_since_epoch(session.expires_at)
        )
