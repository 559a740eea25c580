# SPDX-License-Identifier: Apache-2.0
"""A running house: PostgreSQL, warden and web, all real, on 127.0.0.1.

The warden's clock is handed over, so that a story can let half an hour pass.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from itertools import cycle
from pathlib import Path
from typing import TypeVar

import msgspec
from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.types import ASGIApp

from wardkeep.assembly.database import WEB, address_for
from wardkeep.assembly.layout import Layout
from wardkeep.assembly.schema import migrate_now
from wardkeep.assembly.warden_process import warden_running
from wardkeep.assembly.web_process import services_on
from wardkeep.base.clock import Clock, SystemClock
from wardkeep.base.settings import Settings, read_settings
from wardkeep.db.connection import Database
from wardkeep.db.embedded import EmbeddedPostgres
from wardkeep.disclosure.answers import Answer, Created, Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.questions import (
    CreateAccount,
    CreateOrganisation,
    Invite,
    Question,
)
from wardkeep.web.application import application
from wardkeep.web.apps import FoundApp
from wardkeep.web.metrics import Metrics
from wardkeep.web.services import Services
from wardkeep.web.site import Site

A = TypeVar("A", bound=Answer)
_READY_SECONDS = 10.0


class HouseRefusedError(Exception):
    """The operator's desk said no to a test."""


class House:
    """What a story needs of the house."""

    def __init__(self, settings: Settings, layout: Layout, clock: Clock) -> None:
        self.settings = settings
        self.layout = layout
        self.clock = clock
        self._operator = WardenClient(layout.operator_socket, asker="story")
        self._organisations: set[str] = set()

    @property
    def origin(self) -> str:
        return self.settings.public_origin

    async def ask_operator(self, question: Question, kind: type[A]) -> A:
        """Ask as the operator; a refusal fails the test."""
        given = await self._operator.ask(question, kind)
        if isinstance(given, Refusal):
            raise HouseRefusedError(given.why)
        return given

    async def employ(
        self, name: str, *, role: str = "doctor", organisation: str = "fernhill"
    ) -> str:
        """A new account in an organisation, which is made when first named."""
        if organisation not in self._organisations:
            title = f"{organisation.title()} Hospital"
            await self.ask_operator(CreateOrganisation(organisation, title), Created)
            self._organisations.add(organisation)
        made = await self.ask_operator(CreateAccount(organisation, name, role), Created)
        return made.id

    async def invite(self, account: str, *, hours: float = 24.0) -> str:
        """An enrolment link."""
        secret = await self.ask_operator(Invite(account, hours), Created)
        return f"{self.origin}/enrol/{secret.id}"

    async def close(self) -> None:
        await self._operator.close()


_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw7").removeprefix("gw")) % 8
_FIRST = 12_000 + 2_500 * _WORKER
_BEGIN = secrets.randbelow(250)
_PORTS = cycle([_FIRST + 10 * ((_BEGIN + n) % 250) for n in range(250)])
"""With room behind each: metrics are served a port further on by each web process."""


def free_port() -> int:
    """One that nobody listens on.

    Below those that the system gives to whoever calls out, or a client of another test
    has it before the server does; and none that another process of tests counts to, for
    two servers of ours can share one and neither would notice.
    """
    while True:
        port = next(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def house_settings(folder: Path, port: int) -> Settings:
    environment = {
        "WARDKEEP_DATA": str(folder),
        "WARDKEEP_PORT": str(port),
        "WARDKEEP_DEMO": "yes",
    }
    settings = read_settings(environment=environment, file={}, file_name="none")
    if not isinstance(settings, Settings):
        raise HouseRefusedError(str(settings))
    return settings


@asynccontextmanager
async def served(app: ASGIApp, port: int) -> AsyncIterator[None]:
    """The application on a real server, while the block lasts."""
    server = Server(
        app,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        log_enabled=False,
        websockets=False,
    )
    serving = asyncio.create_task(server.serve())
    await _answers(port)
    try:
        yield
    finally:
        server.stop()  # type: ignore[no-untyped-call]  # granian leaves it untyped
        await asyncio.wait_for(serving, _READY_SECONDS)


async def _answers(port: int) -> None:
    """Return once something listens."""
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        await writer.wait_closed()
        return
    raise HouseRefusedError(str(port))


class Opened(msgspec.Struct, frozen=True):
    """What a house hands to those who put services together."""

    settings: Settings
    layout: Layout
    warden: WardenClient


def of_pages(opened: Opened) -> Services:
    """What the web process gives its pages."""
    address = address_for(opened.settings, opened.layout, WEB)
    return services_on(Database(address), opened.warden)


@asynccontextmanager
async def running_house(
    folder: Path,
    *,
    apps: Iterable[FoundApp],
    clock: Clock | None = None,
    services: Callable[[Opened], Services] = of_pages,
) -> AsyncIterator[House]:
    """Start everything; stop everything, whatever happens in between."""
    port = free_port()
    settings = house_settings(folder, port)
    layout = Layout.of(settings)
    layout.make()
    postgres = EmbeddedPostgres(layout.database)
    postgres.start()
    try:
        await asyncio.to_thread(migrate_now, settings, layout)
        held = clock or SystemClock()
        async with warden_running(settings, layout, clock=held):
            warden = WardenClient(layout.door_socket, asker="web")
            app = application(
                apps,
                services(Opened(settings, layout, warden)),
                Site.of(settings),
                clock=SystemClock(),
                metrics=Metrics(),
            )
            house = House(settings, layout, held)
            try:
                async with served(app, port):
                    yield house
            finally:
                await house.close()
                await warden.close()
    finally:
        postgres.stop()
