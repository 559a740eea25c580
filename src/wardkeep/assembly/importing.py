# SPDX-License-Identifier: Apache-2.0
"""`wardkeep import`: sources loaded under an import session, with a report."""

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import msgspec

from wardkeep.assembly.database import WORKER, address_for
from wardkeep.assembly.layout import Layout
from wardkeep.base.clock import SystemClock
from wardkeep.base.ids import OrganisationId
from wardkeep.base.outcome import Problem
from wardkeep.base.settings import Settings
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Refusal, SessionView, SignedIn
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Purpose
from wardkeep.disclosure.questions import BeginImport, CheckSession
from wardkeep.fhir.loading.limits import Limits
from wardkeep.fhir.loading.load import Loader
from wardkeep.fhir.loading.outcomes import KnownAlready, Loaded, Refused
from wardkeep.fhir.loading.sources import find
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.store.writing import Writer

_CONNECTIONS = 2
_LOADED = (
    "Loaded {report.resources:,} resources of {report.patients:,} patients from"
    " {report.loaded_documents:,} documents in {report.seconds:.1f} s"
    " ({rate:,.0f} resources/s)."
)


class Show(Protocol):
    """Tells how far the import is."""

    def __call__(self, *, done: int, total: int, rate: float) -> None: ...


class ImportReport(msgspec.Struct, kw_only=True):
    """What became of every source."""

    loaded_documents: int = 0
    known_documents: int = 0
    resources: int = 0
    patients: int = 0
    bytes: int = 0
    """Compact JSON of what was loaded."""
    seconds: float = 0.0
    refused: list[Problem] = msgspec.field(default_factory=list)

    def lines(self) -> list[str]:
        """The report for people."""
        rate = self.resources / self.seconds if self.seconds else 0.0
        return [
            _LOADED.format(report=self, rate=rate),
            f"{self.known_documents:,} documents were loaded before.",
            f"{len(self.refused):,} problems.",
            *[f"  {problem}" for problem in self.refused],
        ]

    def count(self, outcome: Loaded | KnownAlready | Refused) -> None:
        if isinstance(outcome, Loaded):
            self.loaded_documents += 1
            self.resources += outcome.resources
            self.patients += outcome.patients
            self.bytes += outcome.bytes
        elif isinstance(outcome, KnownAlready):
            self.known_documents += 1
        else:
            self.refused += outcome.problems


class ImportRefusedError(Exception):
    """The warden gives no import session; the message has the mend."""


def import_paths(
    settings: Settings,
    layout: Layout,
    *,
    paths: Iterable[Path],
    organisation: str,
    show: Show,
) -> ImportReport:
    """Load every source below the paths."""
    return asyncio.run(
        load_paths(settings, layout, paths=paths, organisation=organisation, show=show)
    )


async def load_paths(
    settings: Settings,
    layout: Layout,
    *,
    paths: Iterable[Path],
    organisation: str,
    show: Show,
) -> ImportReport:
    database = Database(address_for(settings, layout, WORKER), size=_CONNECTIONS)
    warden = WardenClient(layout.operator_socket, asker="import")
    try:
        opener = await _begin(warden, organisation)
        limits = Limits()
        writer = Writer(database, warden, clock=SystemClock())
        loader = Loader(database, warden, writer, opener=opener, limits=limits)
        return await _load(loader, paths, limits, show)
    finally:
        await warden.close()
        await database.close()


async def _begin(warden: WardenClient, organisation: str) -> Opener:
    given = await warden.ask(BeginImport(organisation), SignedIn)
    if isinstance(given, Refusal):
        message = f"{given.why} {given.mend}"
        raise ImportRefusedError(message)
    view = await warden.ask(CheckSession(given.token), SessionView)
    if isinstance(view, Refusal):
        raise ImportRefusedError(view.why)
    return Opener(
        session=given.token,
        organisation=OrganisationId(view.organisation),
        purpose=Purpose.IMPORT,
    )


async def _load(
    loader: Loader, paths: Iterable[Path], limits: Limits, show: Show
) -> ImportReport:
    report = ImportReport()
    found = find(paths, limits)
    report.refused += found.refused
    began = time.monotonic()
    for number, source in enumerate(found.sources, start=1):
        for document in loader.read(source):
            if isinstance(document, Problem):
                report.refused.append(document)
            else:
                report.count(await loader.load(document))
        report.seconds = time.monotonic() - began
        show(
            done=number,
            total=len(found.sources),
            rate=report.resources / max(report.seconds, 0.001),
        )
    return report
