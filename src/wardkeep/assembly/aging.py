# SPDX-License-Identifier: Apache-2.0
"""`wardkeep canary refresh`: new writing for canaries, so that they age like patients.

Each gets what a patient whom no work concerns got since the last time, drawn by lot: as
many resources of the same types at the same times. What stands in them comes from
records of nobody that are spare. Whoever compares two copies of the database sees
records of the two kinds grow alike.
"""

import secrets
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from wardkeep.assembly.database import WORKER, address_for
from wardkeep.assembly.demo.nobody import OF_WORK
from wardkeep.assembly.importing import begin_import, end_import
from wardkeep.assembly.layout import Layout
from wardkeep.assembly.planting import DatedLike, PlantingRefusedError, made_records
from wardkeep.assembly.spare import Spare, spare_in, written_for
from wardkeep.base.clock import from_microseconds
from wardkeep.base.outcome import Problem
from wardkeep.base.settings import Settings
from wardkeep.db.connection import Database, Row
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.canaries import AgeCanaries, AgingCanaries
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Action, Purpose
from wardkeep.disclosure.questions import Item, SaidTie
from wardkeep.disclosure.sealed import OpenGrant
from wardkeep.fhir.loading.documents import Document, Entry, documents
from wardkeep.fhir.loading.limits import Limits
from wardkeep.fhir.loading.load import Loader
from wardkeep.fhir.loading.report import ImportReport
from wardkeep.fhir.loading.sources import find
from wardkeep.fhir.loading.unpacking import read
from wardkeep.fhir.model.type_codes import type_code, type_name
from wardkeep.fhir.store.outcomes import Opener

_CONNECTIONS = 2
MOST_SPARE = 2_000
"""Records that are made, or read, in order to have enough of each type."""
_AT_ONCE = 100
_DOUBLES = """
select p.number from record.patient as p
 where p.organisation = $1 and not p.id = any($2)
   and not exists (
       select 1 from record.resource as r
        where r.organisation = $1 and r.patient = p.number and r.type = any($3))
"""
_NEWS = """
select patient, type, last_updated, clinical_at from record.resource
 where organisation = $1 and patient = any($2) and last_updated > $3
   and last_updated <= $4 and version = 1 and tier = 2 and not is_deleted
 order by last_updated
"""


class _ToNobody(WardenClient):
    """Asks for keys to write as the operator's socket takes it: what work explains.

    Of nobody it is nothing, whatever the resources would tell.
    """

    async def disclose(  # noqa: PLR0913 - as in the class above
        self,
        session: str,
        *,
        purpose: Purpose,
        reason: str,
        action: Action,
        items: tuple[Item, ...],
        request: str = "",
        ties: tuple[SaidTie, ...] | None = None,
        change: str = "",
    ) -> OpenGrant | Refusal:
        del ties, change
        return await super().disclose(
            session,
            purpose=purpose,
            reason=reason,
            action=action,
            items=items,
            request=request,
            ties=(),
        )


class Refreshed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    canaries: int
    written: int
    unmatched: int
    """Resources for which there was nothing spare of their type."""


class Growth(NamedTuple):
    """What a canary is to get at one moment."""

    patient: str
    at: datetime
    news: tuple[tuple[str, datetime | None], ...]
    """Each resource's type and clinical time."""


async def refresh(
    settings: Settings,
    layout: Layout,
    *,
    organisation: str,
    paths: Sequence[Path] = (),
) -> Refreshed:
    """Age an organisation's canaries until now, by the warden's clock.

    Raises:
        PlantingRefusedError, ImportRefusedError: nothing was written, or not all of it.
    """
    database = Database(address_for(settings, layout, WORKER), size=_CONNECTIONS)
    warden = _ToNobody(layout.operator_socket, asker="canaries")
    report = ImportReport()
    try:
        opener, _ = await begin_import(warden, organisation)
        try:
            work = _Work(database, warden, opener)
            canaries = await work.name_all()
            growths = await work.growths()
            spare = _spare(organisation, paths, growths)
            unmatched = await work.write(growths, spare, report)
            return Refreshed(
                canaries=canaries, written=report.resources, unmatched=unmatched
            )
        finally:
            await end_import(warden, database, opener, report)
    finally:
        await warden.close()
        await database.close()


class _Work:
    """One refreshing, from the list of canaries to what was written."""

    def __init__(
        self, database: Database, warden: WardenClient, opener: Opener
    ) -> None:
        self._database = database
        self._warden = warden
        self._opener = opener
        self._since: dict[str, int] = {}
        self._until = 0

    async def name_all(self) -> int:
        """Have the warden name the canaries; how many there are."""
        last = ""
        while True:
            asked = AgeCanaries(self._opener.session, last)
            given = await self._warden.ask(asked, AgingCanaries)
            if isinstance(given, Refusal):
                raise PlantingRefusedError(f"{given.why} {given.mend}")
            if not given.patients:
                return len(self._since)
            self._since.update(given.patients)
            self._until = given.until
            last = given.patients[-1][0]

    async def growths(self) -> list[Growth]:
        """What each is to get: what a patient like it got, drawn by lot."""
        if not self._since:
            return []
        number = self._opener.organisation
        canaries = list(self._since)
        of_work = [type_code(one) for one in OF_WORK]
        async with self._database.connection(number) as connection:
            doubles = [
                row["number"]
                for row in await connection.fetch(_DOUBLES, number, canaries, of_work)
            ]
            if not doubles:
                return []
            chosen = {one: secrets.choice(doubles) for one in canaries}
            since = {one: from_microseconds(at) for one, at in self._since.items()}
            rows = await connection.fetch(
                _NEWS,
                number,
                list(set(chosen.values())),
                min(since.values()),
                from_microseconds(self._until),
            )
        news: dict[int, list[Row]] = defaultdict(list)
        for row in rows:
            news[row["patient"]].append(row)
        return [
            growth
            for one in canaries
            for growth in _growths(one, news[chosen[one]], since[one])
        ]

    async def write(
        self,
        growths: Sequence[Growth],
        spare: Mapping[str, list[Spare]],
        report: ImportReport,
    ) -> int:
        """Write them, each dated like its double; how many had no match."""
        clock = DatedLike()
        loader = Loader(
            self._database,
            self._warden,
            opener=self._opener,
            limits=Limits(),
            clock=clock,
            adds_to=frozenset(self._since),
        )
        unmatched = 0
        for growth in growths:
            texts = _texts(growth, spare)
            unmatched += len(growth.news) - len(texts)
            if texts:
                clock.moment = growth.at
                document = _document(texts)
                report.count(await loader.load(document, is_last_chance=True))
        if report.refused:
            raise PlantingRefusedError(str(report.refused[0]))
        return unmatched


def _growths(patient: str, rows: Sequence[Row], since: datetime) -> Iterator[Growth]:
    """What was written at one moment is written at one moment."""
    by_moment: dict[datetime, list[tuple[str, datetime | None]]] = defaultdict(list)
    for row in rows:
        if row["last_updated"] > since:
            told = (type_name(row["type"]), row["clinical_at"])
            by_moment[row["last_updated"]].append(told)
    for at, news in by_moment.items():
        yield Growth(patient, at, tuple(news))


def _texts(
    growth: Growth, spare: Mapping[str, list[Spare]]
) -> list[tuple[str, str, bytes]]:
    """(type, id, JSON) of each that has a match; what is spare is used once."""
    found = []
    for type_, clinical_at in growth.news:
        if spare.get(type_):
            one = spare[type_].pop()
            id_, text = written_for(one, growth.patient, clinical_at)
            found.append((type_, id_, text))
    return found


def _document(texts: Sequence[tuple[str, str, bytes]]) -> Document:
    return Document(
        name="refresh",
        text=b"\n".join(text for _, _, text in texts),
        entries=tuple(
            Entry(place=f"{type_}/{id_}", raw=text, type=type_, id=id_)
            for type_, id_, text in texts
        ),
    )


# What is spare


def _spare(
    organisation: str, paths: Sequence[Path], growths: Sequence[Growth]
) -> dict[str, list[Spare]]:
    """By type, in no order, as many as are needed where there are so many."""
    needed: dict[str, int] = defaultdict(int)
    for growth in growths:
        for type_, _ in growth.news:
            needed[type_] += 1
    found: dict[str, list[Spare]] = defaultdict(list)
    if paths:
        _take(paths, found)
    read_so_far = 0
    while not paths and read_so_far < MOST_SPARE and _lacks(found, needed):
        with tempfile.TemporaryDirectory(prefix="wardkeep-canaries-") as folder:
            made_records(organisation, _AT_ONCE, Path(folder))
            _take([Path(folder)], found)
        read_so_far += _AT_ONCE
    for kept in found.values():
        kept.sort(key=lambda _: secrets.token_bytes(8))
    return found


def _lacks(found: Mapping[str, list[Spare]], needed: Mapping[str, int]) -> bool:
    return any(len(found[type_]) < many for type_, many in needed.items())


def _take(paths: Sequence[Path], found: dict[str, list[Spare]]) -> None:
    sources = find(paths, Limits())
    problems = list(sources.refused)
    for source in sources.sources:
        text = read(Path(source.path), source.member, Limits())
        if isinstance(text, Problem):
            problems.append(text)
            continue
        for document in documents(source, text, Limits()):
            if isinstance(document, Problem):
                problems.append(document)
            else:
                for one in spare_in(document):
                    found[one.type].append(one)
    if problems:
        raise PlantingRefusedError(str(problems[0]))
