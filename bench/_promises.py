# SPDX-License-Identifier: Apache-2.0
"""What is promised of containment, attacked on a ground of many patients.

The drills' own code on a ground as large as asked for; each row says what was found
beside what was promised.
"""

import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from bench._small_promises import (
    grants_beyond,
    minutes_at_home,
    ways_without_factor,
)
from support.acts import confirm
from support.template import settings_for
from wardkeep.assembly.drills import (
    DrillBrokenError,
    DrillResult,
    Ground,
    as_in_2022,
    by_backup,
    by_ledger,
    by_scraping,
    by_session,
    by_theft,
    by_touch,
    by_work,
    by_wreck,
    ground,
)
from wardkeep.assembly.drills.ground import HOME, Person
from wardkeep.assembly.drills.meadow import meadow
from wardkeep.assembly.drills.running import A_DAY_LATER
from wardkeep.disclosure.answers import Done
from wardkeep.disclosure.containment import BreakGlass, Containment, ReadContainment
from wardkeep.warden.glass import APART_SECONDS

EMERGENCIES = 20
_SECONDS_TO_FREEZE = 5


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of a promise."""

    promise: str
    """Its number in the table of promises, as P1."""
    what: str
    bound: float
    measured: float
    is_floor: bool = False
    """Whether the bound is the least, and not the most, that is promised."""

    @property
    def is_met(self) -> bool:
        if self.is_floor:
            return self.measured >= self.bound
        return self.measured <= self.bound


Drill = Callable[[Ground], Awaitable[DrillResult]]
DRILLS: Sequence[tuple[str, str, Drill]] = (
    ("P3", "fields readable in a dump of the database", by_theft.database_dump),
    ("P3", "fields readable in the stolen backups", by_backup.backup_theft),
    ("P3", "fields readable on the web process's disk", by_wreck.disk_theft),
    ("P12", "patients, a supporter without a grant", by_theft.supplier),
    ("P8", "changes of the ledger unnoticed", by_ledger.ledger_edited),
    ("P8", "older ledgers unnoticed", by_ledger.ledger_rolled_back),
    ("P8", "traces the database's owner takes", by_wreck.ledger_and_the_owner),
    ("P1", "patients, a stolen session", by_session.stolen_cookie),
    ("P1", "the same, the attack of 2022", as_in_2022.august_2022),
    ("P1", "the same, booked into strangers' care", by_work.self_booked),
    ("P2", "patients, the web process for an hour", by_touch.web_taken_over),
    ("P2", "the same, with work that it forges", by_work.forged_work),
    ("P13", "ways into homes, a carer's own visits", by_session.ways_into_homes),
)
WALKS = (
    ("search", by_scraping.by_search),
    ("reference", by_scraping.by_reference),
    ("reference in time", by_scraping.by_reference_in_time),
    ("name", by_scraping.by_name),
    ("id", by_scraping.by_id),
)


@asynccontextmanager
async def ground_of(patients: int) -> AsyncIterator[Ground]:
    """Two organisations of so many patients, and a third with canaries among them."""
    with tempfile.TemporaryDirectory(prefix="wardkeep-promises-") as folder:
        settings = settings_for(Path(folder))
        async with ground(settings, patients=patients) as made:
            await meadow(made, patients)
            yield made


async def attacked(made: Ground, say: Callable[[str], None]) -> list[Row]:
    """Every drill here, the emergencies and the scrapers, a day apart."""
    rows = []
    for promise, what, drill in DRILLS:
        say(what)
        rows += _told(say, _rows_of(promise, what, await drill(made)))
        made.clock.move(A_DAY_LATER)
    say("sign-in paths, support grants, homes")
    rows += _told(say, await _small(made))
    made.clock.move(A_DAY_LATER)
    say("emergencies")
    rows += _told(say, await _emergencies(made))
    made.clock.move(A_DAY_LATER)
    for way, walk in WALKS:
        say(f"{by_scraping.RUNS} scrapers by {way}")
        rows += _told(say, await _scraped(made, way, walk))
    return rows


def _told(say: Callable[[str], None], rows: list[Row]) -> list[Row]:
    """Said as they are found, so that a run that is ended leaves them."""
    for one in rows:
        say(f"{one.promise} {one.what}: {one.measured:,.2f} of {one.bound:,g}")
    return rows


def _rows_of(promise: str, what: str, found: DrillResult) -> list[Row]:
    rows = [Row(promise=promise, what=what, bound=found.bound, measured=found.reached)]
    if found.ways_in is not None:
        homes = "ways into homes, the attack of 2022"
        rows.append(Row(promise="P13", what=homes, bound=0, measured=found.ways_in))
    return rows


async def _scraped(made: Ground, way: str, walk: by_scraping.Walk) -> list[Row]:
    found = await by_scraping.runs_of(made, walk, runs=by_scraping.RUNS)
    opened = by_scraping.p95([one.opened for one in found])
    # Who reached nobody, as by names that too many share, is stopped by nothing.
    evaded = sum(bool(one.opened) and not one.is_stopped for one in found)
    slowest = max(one.seconds_to_freeze for one in found)
    return [
        Row(promise="P4", what=f"by {way}: {what}", bound=bound, measured=measured)
        for what, bound, measured in (
            (f"opened, p95 of {len(found)} scrapers", by_scraping.BOUND, opened),
            ("scrapers whom no canary stopped", 0, evaded),
            ("s until all was closed, slowest", _SECONDS_TO_FREEZE, slowest),
        )
    ]


async def _small(made: Ground) -> list[Row]:
    before, after = await minutes_at_home(made)
    return [
        Row(promise=promise, what=what, bound=bound, measured=measured)
        for promise, what, bound, measured in (
            ("P11", "ways to sign in by what can be phished", 0, ways_without_factor()),
            ("P12", "grants beyond 5 patients, 60 min", 0, await grants_beyond(made)),
            ("P13", "minutes before a visit that its home opens", 30, before),
            ("P13", "minutes after it", 60, after),
        )
    ]


async def _emergencies(made: Ground) -> list[Row]:
    """A doctor who has nothing left to spend: glass broken for one after the other.

    As fast as a program: from the fourth in an hour on it opens a while after the one
    before, which the page says (`warden/glass.py`). That is waited for, and measured.
    """
    doctor, officer = await made.person("doctor"), await made.person("privacy_officer")
    everybody = made.patients[HOME]
    haul = by_session.Haul(made, doctor)
    for patient in everybody:
        if not await haul.take(patient, touches=True):
            break
    beds = everybody[haul.tried : haul.tried + EMERGENCIES]
    blocked, others, waited = 0, 0, 0.0
    for bed, next_bed in zip(beds, everybody[haul.tried + EMERGENCIES :], strict=False):
        await _break_glass(made, doctor, bed)
        if await made.reads(doctor.token, bed):
            made.clock.move(timedelta(seconds=APART_SECONDS))
            waited = APART_SECONDS
            blocked += bool(await made.reads(doctor.token, bed))
        others += not await made.reads(doctor.token, next_bed)
    waiting = await _to_be_looked_at(made, officer)
    missing = len(set(beds) - waiting)
    return [
        Row(promise="P10", what=what, bound=bound, measured=many)
        for what, bound, many in (
            (f"of {EMERGENCIES} emergencies that were blocked", 0, blocked),
            ("s that one of them waited, longest", APART_SECONDS, waited),
            ("other patients opened by broken glass", 0, others),
            ("broken glass that nobody is asked to look at", 0, missing),
        )
    ]


async def _break_glass(made: Ground, who: Person, patient: str) -> None:
    act = BreakGlass(patient, "life")
    answer = await confirm(made, who, act, Done)  # type: ignore[arg-type]
    if not isinstance(answer, Done):
        raise DrillBrokenError(str(answer))


async def _to_be_looked_at(made: Ground, officer: Person) -> set[str]:
    answer = await made.door.ask_any(ReadContainment(officer.token))
    if not isinstance(answer, Containment):
        raise DrillBrokenError(str(answer))
    return {one.patient for one in answer.alarms if not one.reviewed_at}
