# SPDX-License-Identifier: Apache-2.0
"""A real warden over a real PostgreSQL, in the test's own event loop."""

import asyncio
import contextlib
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from support.authenticator import KEYS, SoftwareAuthenticator
from support.template import lay_database, settings_for
from wardkeep.assembly.layout import Layout
from wardkeep.assembly.schema import migrate_now
from wardkeep.assembly.serving import embedded_database
from wardkeep.assembly.warden_process import warden_running
from wardkeep.base.clock import Clock, SystemClock
from wardkeep.disclosure.answers import (
    Answer,
    CeremonyOptions,
    Created,
    Done,
    Refusal,
    SignedIn,
)
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.questions import (
    AddRelationships,
    BeginEnrolment,
    BeginImport,
    BeginSignIn,
    CreateAccount,
    CreateOrganisation,
    FinishEnrolment,
    FinishSignIn,
    Invite,
    Question,
)
from wardkeep.ledger.entry import Entry
from wardkeep.warden.service.service import WardenService

ORIGIN = "http://localhost:8111"
NOBODY = "11111111-1111-4111-8111-111111111111"
"""An account or anything else that nobody has."""


class Installation:
    """A data folder with a database that is running and up to date."""

    def __init__(self, folder: Path) -> None:
        self.settings = settings_for(folder)
        self.layout = Layout.of(self.settings)


@contextlib.contextmanager
def installation_in(folder: Path) -> Iterator[Installation]:
    made = Installation(folder)
    if not made.layout.database.exists():
        lay_database(made.layout)
    with embedded_database(made.settings, made.layout):
        migrate_now(made.settings, made.layout)
        yield made


def forget_ledger(installation: Installation) -> None:
    """Begin another ledger: what other tests opened this hour trips no breaker here."""
    shutil.rmtree(installation.layout.ledger, ignore_errors=True)


def given(answer: Answer, kind: type[Answer]) -> Answer:
    assert isinstance(answer, kind), answer
    return answer


class RunningWarden:
    """A warden and clients on both of its sockets."""

    def __init__(self, installation: Installation, service: WardenService) -> None:
        self.installation = installation
        self.service = service
        self.home = "fernhill"
        """The organisation in which accounts are made unless another is named."""
        layout = installation.layout
        self.door = WardenClient(layout.door_socket, asker="test")
        self.operator = WardenClient(layout.operator_socket, asker="test operator")

    async def tell(self, question: Question) -> str:
        """Ask the operator's socket for something to be made; its id."""
        answer = await self.operator.ask(question, Created)
        assert isinstance(answer, Created), answer
        return answer.id

    async def organisation(self, slug: str = "fernhill") -> int:
        return int(await self.tell(CreateOrganisation(slug=slug, name=slug.title())))

    async def account(
        self, role: str, *, organisation: str = "", name: str = "Rowan Ash"
    ) -> str:
        where = organisation or self.home
        return await self.tell(
            CreateAccount(organisation=where, display_name=name, role=role)
        )

    async def enrol(
        self, account: str, authenticator: SoftwareAuthenticator | None = None
    ) -> tuple[str, SoftwareAuthenticator]:
        """Enrol an account by invitation; its session's token, and the passkey."""
        mine = authenticator or SoftwareAuthenticator(origin=ORIGIN)
        secret = await self.tell(Invite(account=account, valid_hours=1))
        answer = await self.use_link(secret, mine)
        assert isinstance(answer, SignedIn), answer
        KEYS[answer.token] = mine
        return answer.token, mine

    async def use_link(
        self, secret: str, authenticator: SoftwareAuthenticator
    ) -> SignedIn | Refusal:
        """Enrol by a link that somebody was given."""
        options = await self.door.ask(BeginEnrolment(secret), CeremonyOptions)
        if isinstance(options, Refusal):
            return options
        response = authenticator.register(options.options)
        return await self.door.ask(
            FinishEnrolment(secret, response, "Test key", "test device"), SignedIn
        )

    def entries(self) -> list[Entry]:
        """All that the ledger says."""
        ledger = self.service._ledger
        return list(ledger.entries(0, ledger.committed_size))

    async def sign_in(self, authenticator: SoftwareAuthenticator) -> SignedIn | Refusal:
        options = await self.door.ask(BeginSignIn(), CeremonyOptions)
        assert isinstance(options, CeremonyOptions), options
        response = authenticator.sign_in(options.options)
        return await self.door.ask(FinishSignIn(response, "test device"), SignedIn)

    async def session(self, role: str, *, organisation: str = "") -> str:
        """A signed-in person's token."""
        account = await self.account(role, organisation=organisation)
        token, _ = await self.enrol(account)
        return token

    async def import_session(self, organisation: str = "fernhill") -> str:
        answer = await self.operator.ask(BeginImport(organisation), SignedIn)
        assert isinstance(answer, SignedIn), answer
        return answer.token

    async def relate(
        self,
        account: str,
        patient: str,
        *,
        kind: str = "ward",
        organisation: str = "fernhill",
    ) -> None:
        pairs = ((account, patient, kind),)
        answer = await self.operator.ask(AddRelationships(organisation, pairs), Done)
        assert isinstance(answer, Done), answer


@contextlib.asynccontextmanager
async def running_warden(
    installation: Installation, *, clock: Clock | None = None
) -> AsyncIterator[RunningWarden]:
    """A warden while the block lasts."""
    async with warden_running(
        installation.settings, installation.layout, clock=clock or SystemClock()
    ) as service:
        running = RunningWarden(installation, service)
        try:
            yield running
        finally:
            await running.door.close()
            await running.operator.close()
            await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def warden_at_home(
    installation: Installation, *, clock: Clock | None = None
) -> AsyncIterator[RunningWarden]:
    """The same with an organisation of its own, as its home."""
    async with running_warden(installation, clock=clock) as running:
        running.home = f"org-{secrets.token_hex(4)}"
        await running.organisation(running.home)
        yield running
