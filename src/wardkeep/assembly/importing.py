# SPDX-License-Identifier: Apache-2.0
"""`wardkeep import`: sources loaded under an import session, with a report."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from wardkeep.assembly.database import WORKER, address_for
from wardkeep.assembly.layout import Layout
from wardkeep.base.clock import SystemClock
from wardkeep.base.ids import OrganisationId
from wardkeep.base.settings import Settings
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Done, Refusal, SessionView, SignedIn
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Purpose
from wardkeep.disclosure.questions import BeginImport, CheckSession, EndSession
from wardkeep.fhir.loading.course import load_in_turn
from wardkeep.fhir.loading.crew import LoadInterruptedError, Order, load_with_crew
from wardkeep.fhir.loading.limits import Limits
from wardkeep.fhir.loading.load import Loader
from wardkeep.fhir.loading.report import ImportReport, Show
from wardkeep.fhir.loading.sources import Found, find
from wardkeep.fhir.store.outcomes import Opener

__all__ = [
    "ImportRefusedError",
    "ImportReport",
    "LoadInterruptedError",
    "Show",
    "begin_import",
    "end_import",
    "import_paths",
    "load_paths",
]

_CONNECTIONS = 2
_TIDY = "select record.tidy_after_load()"


class ImportRefusedError(Exception):
    """The warden gives no import session; the message has the mend."""


def import_paths(
    settings: Settings,
    layout: Layout,
    *,
    paths: Iterable[Path],
    organisation: str,
    processes: int,
    show: Show,
) -> ImportReport:
    """Load every source below the paths, several side by side.

    Raises:
        ImportRefusedError: there is no such organisation.
        LoadInterruptedError: what was loaded stays; run again, and it goes on.
    """
    limits = Limits()
    found = find(paths, limits)
    report = _begun(found)
    opener, report.organisation = asyncio.run(_ask(layout, organisation))
    order = Order(
        database=address_for(settings, layout, WORKER),
        operator_socket=layout.operator_socket,
        opener=opener,
        limits=limits,
    )
    try:
        load_with_crew(
            found.sources, order, processes=processes, report=report, show=show
        )
    finally:
        asyncio.run(_finish(settings, layout, opener, report))
    return report


async def load_paths(
    settings: Settings,
    layout: Layout,
    *,
    paths: Iterable[Path],
    organisation: str,
    show: Show,
) -> ImportReport:
    """The same in this process, one source after the other."""
    limits = Limits()
    found = find(paths, limits)
    report = _begun(found)
    database = Database(address_for(settings, layout, WORKER), size=_CONNECTIONS)
    warden = WardenClient(layout.operator_socket, asker="import")
    try:
        opener, report.organisation = await begin_import(warden, organisation)
        loader = Loader(
            database, warden, opener=opener, limits=limits, clock=SystemClock()
        )
        await load_in_turn(loader, found.sources, report=report, show=show)
        await end_import(warden, database, opener, report)
    finally:
        await warden.close()
        await database.close()
    return report


def _begun(found: Found) -> ImportReport:
    return ImportReport(refused=list(found.refused), passed_over=found.passed_over)


async def _ask(layout: Layout, organisation: str) -> tuple[Opener, str]:
    warden = WardenClient(layout.operator_socket, asker="import")
    try:
        return await begin_import(warden, organisation)
    finally:
        await warden.close()


async def _finish(
    settings: Settings, layout: Layout, opener: Opener, report: ImportReport
) -> None:
    database = Database(address_for(settings, layout, WORKER), size=1)
    warden = WardenClient(layout.operator_socket, asker="import")
    try:
        await end_import(warden, database, opener, report)
    finally:
        await warden.close()
        await database.close()


async def begin_import(warden: WardenClient, organisation: str) -> tuple[Opener, str]:
    """The import session, and the name of the organisation that it is for."""
    given = await warden.ask(BeginImport(organisation), SignedIn)
    if isinstance(given, Refusal):
        message = f"{given.why} {given.mend}"
        raise ImportRefusedError(message)
    view = await warden.ask(CheckSession(given.token), SessionView)
    if isinstance(view, Refusal):
        raise ImportRefusedError(view.why)
    opener = Opener(
        session=given.token,
        organisation=OrganisationId(view.organisation),
        purpose=Purpose.IMPORT,
    )
    return opener, view.organisation_name


async def end_import(
    warden: WardenClient, database: Database, opener: Opener, report: ImportReport
) -> None:
    """End the session; file the index's pending entries, and tell the planner."""
    await warden.ask(EndSession(opener.session), Done)
    if report.resources:
        async with database.connection() as connection:
            await connection.execute(_TIDY)
