# SPDX-License-Identifier: Apache-2.0
"""`wardkeep dataset`: a national data set gone through, or taken as files.

It runs beside the warden, as its operator: two people of the organisation agreed before
(docs/decisions/0056-data-sets.md). One lot of patients is in memory at a time.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from wardkeep import __version__
from wardkeep.assembly.data_set_files import DataSetFiles
from wardkeep.assembly.database import WORKER, address_for
from wardkeep.assembly.layout import Layout
from wardkeep.base.clock import LONDON, SystemClock
from wardkeep.base.ids import OrganisationId
from wardkeep.base.settings import Settings
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Done, Grant, Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.data_sets import (
    BeginDataSet,
    DataSetBegun,
    EndDataSet,
    period_named,
)
from wardkeep.disclosure.purpose import Action, Purpose
from wardkeep.disclosure.questions import Disclose, Item, SaidTie, TakeForDataSet
from wardkeep.disclosure.sealed import OpenGrant
from wardkeep.fhir.data_sets.facts import Fact
from wardkeep.fhir.data_sets.filling import Filler, Row
from wardkeep.fhir.data_sets.ground import Ground, Month
from wardkeep.fhir.data_sets.of_patient import facts_of
from wardkeep.fhir.data_sets.reading import DataSetRefusedError, MonthReader
from wardkeep.fhir.data_sets.reports import Counts, ReportWriter
from wardkeep.fhir.data_sets.specification import Specification, specification
from wardkeep.fhir.data_sets.surveying import (
    Surveyor,
    header_fact,
    place_facts,
    staff_facts,
)
from wardkeep.fhir.store.outcomes import Opener

_CONNECTIONS = 2
SYSTEM = f"Wardkeep {__version__}"
Show = Callable[[int], None]
"""Told how many patients were gone through."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator asked for."""

    data_set: str
    organisation: str
    """Its short name."""
    period: str
    """As in 2026-11."""
    provider: str = ""
    """The organisation's ODS code."""
    commissioner: str = ""
    """The ODS code of who pays, where one pays for everybody."""
    folder: Path | None = None
    """Where the files go; None: it is only gone through."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    organisation: str
    period: str
    version: str
    patients: int
    counts: Counts
    names: dict[str, str]
    """What teams are called, by their ids."""
    folder: str = ""
    digest: str = ""


class ByAgreement(WardenClient):
    """Asks for keys as the operator's socket gives them for what was agreed on."""

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
        asked = Disclose(session, purpose, reason, action, items, request)
        given = await self.ask(TakeForDataSet(asked), Grant)
        return given if isinstance(given, Refusal) else OpenGrant(given, items)


async def take(settings: Settings, layout: Layout, asked: Asked, show: Show) -> Taken:
    """Go through one month; write files where a folder is named.

    Raises:
        DataSetRefusedError: nobody agreed, or somebody withdrew it meanwhile.
        FolderError: the folder cannot be used.
    """
    database = Database(address_for(settings, layout, WORKER), size=_CONNECTIONS)
    warden = ByAgreement(layout.operator_socket, asker="data set")
    try:
        begun = await warden.ask(
            BeginDataSet(asked.organisation, asked.data_set, asked.period), DataSetBegun
        )
        if isinstance(begun, Refusal):
            message = f"{begun.why} {begun.mend}"
            raise DataSetRefusedError(message)
        return await _Taking(database, warden, begun, asked).run(show)
    finally:
        await warden.close()
        await database.close()


class _Taking:
    """One taking, from the first patient to the manifest."""

    def __init__(
        self,
        database: Database,
        warden: WardenClient,
        begun: DataSetBegun,
        asked: Asked,
    ) -> None:
        self._database = database
        self._warden = warden
        self._begun = begun
        self._asked = asked
        self._specification: Specification = specification(asked.data_set)
        self._filler = Filler(self._specification)
        self._opener = Opener(
            session=begun.token,
            organisation=OrganisationId(begun.organisation),
            purpose=Purpose.NATIONAL_RETURN,
            reason=f"{self._specification.title}, {asked.period}",
        )
        self._report = ReportWriter(database, self._opener.organisation)
        self._rows: Counter[str] = Counter()
        self._patients = 0
        self._left_out = 0
        self._named: dict[str, dict[str, None]] = {
            "worker_id": {},
            "team_id": {},
            "ward": {},
        }

    async def run(self, show: Show) -> Taken:
        period = period_named(self._asked.period)
        if period is None:
            message = f"{self._asked.period!r} is no month; write it as 2026-11."
            raise DataSetRefusedError(message)
        files = None
        if self._asked.folder is not None:
            files = DataSetFiles(self._asked.folder, self._specification)
        digest = ""
        try:
            ground = await self._ground(Month(period.begins, period.ends))
            await self._begin_report()
            canaries = await self._people(ground, files, show)
            self._about_all(ground, files)
            counts = await self._finish_report(ground, canaries)
            if files is not None:
                digest = files.finish(self._manifest(counts))
        except BaseException:
            # Nothing half done is left lying about, whatever stopped it.
            if files is not None:
                files.throw_away()
            raise
        await self._end(digest)
        return Taken(
            organisation=self._begun.organisation_name,
            period=self._asked.period,
            version=self._begun.version,
            patients=self._patients,
            counts=counts,
            names=dict(ground.names),
            folder=str(self._asked.folder or ""),
            digest=digest,
        )

    async def _ground(self, month: Month) -> Ground:
        surveyor = Surveyor(self._database, self._warden, self._opener)
        return await surveyor.ground(
            month,
            self._specification.systems,
            provider=self._asked.provider,
            commissioner=self._asked.commissioner,
        )

    async def _begin_report(self) -> None:
        await self._report.begin(
            data_set=self._asked.data_set,
            version=self._begun.version,
            period=self._asked.period,
            at=SystemClock().now(),
        )

    async def _people(
        self, ground: Ground, files: DataSetFiles | None, show: Show
    ) -> int:
        """Every patient of the month; how many were no persons."""
        reader = MonthReader(
            self._database,
            self._warden,
            opener=self._opener,
            month=ground.month,
            teams=list(ground.teams),
        )
        async for lot in reader.people():
            faults = []
            for person in lot:
                facts = facts_of(person.resources, ground)
                filled = self._filler.fill(facts)
                self._patients += bool(facts)
                self._left_out += filled.left_out
                faults += [(person.number, one) for one in filled.faults]
                self._keep(filled.rows, files)
            await self._report.add(faults)
            show(self._patients)
        return reader.canaries

    def _keep(self, rows: Iterable[Row], files: DataSetFiles | None) -> None:
        kept = list(rows)
        for row in kept:
            self._rows[row.table.name] += 1
            for name, named in self._named.items():
                if row.fact.facts.get(name):
                    named[row.fact.facts[name]] = None
            if row.fact.source == "referral":
                self._named["team_id"][row.fact.teams[0]] = None
        if files is not None:
            files.write(kept)

    def _about_all(self, ground: Ground, files: DataSetFiles | None) -> None:
        """Header, staff, teams and wards: those who are named in a row."""
        made_at = SystemClock().now().astimezone(LONDON).isoformat(timespec="seconds")
        facts: list[Fact] = [
            header_fact(
                ground, version=self._begun.version, system=SYSTEM, made_at=made_at
            ),
            *staff_facts(ground, list(self._named["worker_id"])),
            *place_facts(
                ground, list(self._named["team_id"]), list(self._named["ward"])
            ),
        ]
        filled = self._filler.fill(facts)
        self._left_out += filled.left_out
        for fault in filled.faults:
            self._report.count(fault)
        self._keep(filled.rows, files)

    async def _finish_report(self, ground: Ground, canaries: int) -> Counts:
        counts = Counts(
            rows={one.name: self._rows[one.name] for one in self._specification.table},
            left_out=self._left_out,
            canaries=canaries,
            teams_without_type=ground.teams_without_type,
        )
        return await self._report.finish(
            counts,
            data_set=self._asked.data_set,
            period=self._asked.period,
            patients=self._patients,
        )

    def _manifest(self, counts: Counts) -> dict[str, object]:
        return {
            "data_set": self._specification.title,
            "version": self._begun.version,
            "organisation": self._begun.organisation_name,
            "provider": self._asked.provider,
            "period": self._asked.period,
            "made_by": SYSTEM,
            "release": self._begun.release,
            "patients": self._patients,
            "rows_left_out": counts.left_out,
            "names_checked": self._specification.names_checked,
            "codes_not_checked": [
                one.name for one in self._specification.codes if not one.checked
            ],
            "national_data_opt_out": "does not apply to this data set: it is collected"
            " under a direction (Health and Social Care Act 2012, section 259)",
        }

    async def _end(self, digest: str) -> None:
        ended = EndDataSet(
            session=self._begun.token,
            is_check=self._asked.folder is None,
            patients=self._patients,
            digest=digest,
        )
        given = await self._warden.ask(ended, Done)
        if isinstance(given, Refusal):
            message = f"{given.why} {given.mend}"
            raise DataSetRefusedError(message)
