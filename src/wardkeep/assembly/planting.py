# SPDX-License-Identifier: Apache-2.0
"""`wardkeep canary plant`: records of nobody, loaded among those of patients.

The warden is told first which are canaries, then they are loaded like any import. Each
is dated like a patient's record that is here already, so that neither when it was last
updated nor its place in a list tells it apart; in each list they are spread evenly.
"""

import secrets
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

import msgspec

from wardkeep.assembly.database import WORKER, address_for
from wardkeep.assembly.demo import demo_organisations, nobodies
from wardkeep.assembly.importing import begin_import, end_import
from wardkeep.assembly.layout import Layout
from wardkeep.assembly.spreading import Draw, Spread
from wardkeep.base import nhs_number
from wardkeep.base.clock import LONDON, SystemClock
from wardkeep.base.nhs_number import SYSTEM
from wardkeep.base.outcome import Problem
from wardkeep.base.settings import Settings
from wardkeep.base.stored_id import id_of
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.canaries import (
    MOST_NAMED,
    CanaryCounts,
    CountCanaries,
    PlantCanaries,
)
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.loading.documents import Document
from wardkeep.fhir.loading.limits import Limits
from wardkeep.fhir.loading.load import Loader
from wardkeep.fhir.loading.report import ImportReport
from wardkeep.fhir.loading.sources import find
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.search.index import identifier_term
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.store.tokens import tokens_of

SHARE = 7
"""Of a hundred records that somebody meets who goes through all: so many are nobody's.

Five would stop 95 of 100 scrapers within 59 openings, and leave no room; seven within
42 (1 - 0.93^42 = 0.95).
"""
MOST_AT_ONCE = 20_000
_CONNECTIONS = 2
_PEOPLE = "select count(*) from record.patient where organisation = $1"
_MATCHING = "select id from record.matching($1::smallint, $2::bigint[], 2)"


class PlantingRefusedError(Exception):
    """Nothing was planted; the message has the mend."""


class Planted(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    planted: int
    living: int
    """All of the organisation's by now."""
    share: float
    """Of a hundred records, how many are nobody's by now."""


class DatedLike(SystemClock):
    """The machine's clock, which says of one record what it is told."""

    def __init__(self) -> None:
        self.moment: datetime | None = None

    def now(self) -> datetime:
        return self.moment or super().now()


class _One(msgspec.Struct, frozen=True):
    """One record of nobody, as it is to be loaded."""

    document: Document
    patient: str
    numbers: tuple[str, ...]
    """Its NHS numbers."""


def made_records(organisation: str, many: int, folder: Path) -> None:
    """Write records for an organisation of the demonstration.

    Raises:
        PlantingRefusedError: it is none; somebody must give the records.
    """
    known = {one.slug: one for one in demo_organisations()}
    if organisation not in known:
        raise PlantingRefusedError(
            f"{organisation!r} is no organisation of the demonstration. Give records of"
            " people who do not exist, one a file: wardkeep canary plant --help"
        )
    today = SystemClock().now().astimezone(LONDON).date()
    drawn = islice(nobodies(known[organisation], today=today), many)
    for number, text in enumerate(drawn):
        (folder / f"{number:05d}.json").write_bytes(text)


async def plant(
    settings: Settings,
    layout: Layout,
    *,
    organisation: str,
    paths: Sequence[Path] = (),
    reserved: frozenset[str] = frozenset(),
    draw: Draw = secrets.randbelow,
) -> Planted:
    """Plant what is in the files; without files, as many as reach the usual share.

    `draw` says where they come to stand: whoever can foretell it knows them all.

    Raises:
        PlantingRefusedError, ImportRefusedError: nothing was planted.
    """
    database = Database(address_for(settings, layout, WORKER), size=_CONNECTIONS)
    warden = WardenClient(layout.operator_socket, asker="canaries")
    report = ImportReport()
    try:
        opener, _ = await begin_import(warden, organisation)
        work = _Work(database, warden, opener, organisation, draw)
        try:
            with tempfile.TemporaryDirectory(prefix="wardkeep-canaries-") as folder:
                if not paths:
                    many = await work.missing()
                    made_records(organisation, many, Path(folder))
                await work.load(paths or [Path(folder)], reserved, report)
            return await work.result(report)
        finally:
            await end_import(warden, database, opener, report)
    finally:
        await warden.close()
        await database.close()


class _Work:
    """One planting, from the count of who is there to the count of who is there."""

    def __init__(
        self,
        database: Database,
        warden: WardenClient,
        opener: Opener,
        organisation: str,
        draw: Draw,
    ) -> None:
        self._database = database
        self._warden = warden
        self._opener = opener
        self._slug = organisation
        self._spread = Spread(database, warden, opener, draw=draw)
        self._clock = DatedLike()
        self._living = 0
        self._loader = Loader(
            database, warden, opener=opener, limits=Limits(), clock=self._clock
        )

    async def _people(self) -> int:
        number = self._opener.organisation
        async with self._database.connection(number) as connection:
            found: int = await connection.fetch_value(_PEOPLE, number)
        return found

    async def missing(self) -> int:
        """How many more make the usual share."""
        living = await self._counted()
        real = await self._people() - living
        wanted = -(-real * SHARE // (100 - SHARE))
        if wanted <= living:
            raise PlantingRefusedError(
                f"There are {living} already: {SHARE} of a hundred. To have others,"
                " retire some: wardkeep canary retire --help"
            )
        return min(wanted - living, MOST_AT_ONCE)

    async def load(
        self, paths: Sequence[Path], reserved: frozenset[str], report: ImportReport
    ) -> None:
        records = self._read(paths)
        for one in records:
            await self._judge(one, reserved)
        for start in range(0, len(records), MOST_NAMED):
            named = [one.patient for one in records[start : start + MOST_NAMED]]
            self._living = await self._named(named)
        placed = await self._spread.over([one.document for one in records])
        if isinstance(placed, Refusal):
            raise PlantingRefusedError(f"{placed.why} {placed.mend}")
        # In no order, so that neighbours in the file are none in the store.
        for document, moment in sorted(placed, key=lambda _: secrets.token_bytes(8)):
            self._clock.moment = moment
            report.count(await self._loader.load(document, is_last_chance=True))
        if report.refused:
            raise PlantingRefusedError(str(report.refused[0]))

    def _read(self, paths: Sequence[Path]) -> list[_One]:
        found = find(paths, Limits())
        problems = list(found.refused)
        records = []
        for source in found.sources:
            for document in self._loader.read(source):
                one = document if isinstance(document, Problem) else _one(document)
                if isinstance(one, Problem):
                    problems.append(one)
                else:
                    records.append(one)
        if problems or not records:
            raise PlantingRefusedError(
                str(problems[0]) if problems else "There are no records in these files."
            )
        return records

    async def _judge(self, one: _One, reserved: frozenset[str]) -> None:
        """A number that may be somebody's is a hazard: docs/decisions/0022."""
        for number in one.numbers:
            parsed = nhs_number.parse(number)
            is_free = parsed is not None and nhs_number.is_test_number(parsed)
            if not is_free and number not in reserved:
                raise PlantingRefusedError(
                    f"{one.document.name}: the NHS number {number} is not among the"
                    " reserved ones. Give the list of those: --reserved FILE"
                )
            if await self._is_anybodys(number, but=one.patient):
                raise PlantingRefusedError(
                    f"{one.document.name}: somebody here has the NHS number {number}."
                    " Take another."
                )

    async def _is_anybodys(self, number: str, *, but: str) -> bool:
        term = identifier_term("Patient", SYSTEM, number)
        tokens = await tokens_of(self._warden, self._opener.session, [term])
        if isinstance(tokens, Refusal):
            raise PlantingRefusedError(f"{tokens.why} {tokens.mend}")
        async with self._database.connection(self._opener.organisation) as connection:
            rows = await connection.fetch(_MATCHING, type_code("Patient"), tokens)
        return any(id_of(row["id"]) != but for row in rows)

    async def _counted(self) -> int:
        given = await self._warden.ask(CountCanaries(self._slug), CanaryCounts)
        if isinstance(given, Refusal):
            raise PlantingRefusedError(f"{given.why} {given.mend}")
        return given.living

    async def _named(self, patients: Sequence[str]) -> int:
        """Tell the warden; how many there are then."""
        asked = PlantCanaries(self._slug, tuple(patients))
        given = await self._warden.ask(asked, CanaryCounts)
        if isinstance(given, Refusal):
            raise PlantingRefusedError(f"{given.why} {given.mend}")
        return given.living

    async def result(self, report: ImportReport) -> Planted:
        people = await self._people()
        return Planted(
            planted=report.patients,
            living=self._living,
            share=round(100 * self._living / max(1, people), 1),
        )


def _one(document: Document) -> _One | Problem:
    patients = [one for one in document.entries if one.type == "Patient" and one.id]
    if len(patients) != 1:
        return Problem(
            place=document.name,
            wrong=f"it has {len(patients)} Patients with an id",
            mend="Give one person a file, with an id of the form that yours have.",
        )
    numbers = tuple(_numbers_in(patients[0].raw))
    return _One(document, patients[0].id, numbers)


class _Identifier(msgspec.Struct):
    system: str = ""
    value: str = ""


class _Identified(msgspec.Struct):
    identifier: list[_Identifier] = msgspec.field(default_factory=list)


def _numbers_in(patient: bytes) -> Iterator[str]:
    read = msgspec.json.decode(patient, type=_Identified)
    return (one.value for one in read.identifier if one.system == SYSTEM)
