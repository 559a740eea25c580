# SPDX-License-Identifier: Apache-2.0
"""Blind scraping: going through whoever there is, until a canary is among them.

Four ways, two hundred times each from another beginning: with an account's own passkey,
so that no limit on strangers stops it sooner, and with a program's key.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

import msgspec

from wardkeep.assembly.demo.chance import Chance
from wardkeep.assembly.drills.ground import SURNAME, Ground, Person
from wardkeep.assembly.drills.meadow import (
    MEADOW,
    PRACTITIONERS,
    given_names,
    meadow,
    practitioner,
)
from wardkeep.assembly.drills.programs import stolen_program
from wardkeep.assembly.drills.result import NOBODY, DrillResult, Scenario, Scenarios
from wardkeep.base.ids import OrganisationId
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.purpose import Purpose
from wardkeep.fhir.search.query import Query, parse_query
from wardkeep.fhir.store.finding import Facts, Finder
from wardkeep.fhir.store.outcomes import FoundPatients, Opener
from wardkeep.fhir.store.search_request import SearchPage, SearchRequest, sorts_of
from wardkeep.fhir.store.searching import Searcher

RUNS = 200
"""Of each way."""
BOUND = 60
"""Patients opened, in 95 of 100 runs (PRODUCT, P4)."""
A_PAGE = 10
BY_ID, BY_TIME = ("", "-_id"), ("_lastUpdated", "-_lastUpdated")
"""How a program has whoever is behind a reference sorted: both ways round."""
_CONTRACT = 500
_CLOSED = "a canary: records closed by themselves"
_FROZEN = frozenset({"frozen", "not-signed-in"})
_APART = timedelta(hours=2)
"""Between two runs, so that neither has what the other left of an hour."""


class Run(NamedTuple):
    """One scraper, to its end."""

    opened: int
    """Patients opened, the canary among them."""
    is_stopped: bool
    """Whether a canary did it; other limits, and the end of all records, did not."""
    seconds_to_freeze: float
    """From the answer with the canary, or without, to the first refusal."""


Walk = Callable[[Ground, Chance], Awaitable[Run]]


def shuffled(things: Sequence[str], chance: Chance) -> list[str]:
    """The same in another order, which the chance alone decides."""
    return sorted(things, key=lambda one: (chance.below(1 << 30), one))


async def _by_person(ground: Ground, patients: AsyncIterator[str], who: Person) -> Run:
    """Open one after the other, and use the passkey whenever it is asked for."""
    opened, last, patient = 0, time.perf_counter(), ""
    async for patient in patients:
        if await _open(ground, patient, who):
            break
        opened, last = opened + 1, time.perf_counter()
    # Another once more, where the lists ended: they may have ended because of it.
    other = next(one for one in ground.patients[MEADOW] if one != patient)
    said = await _open(ground, other, who)
    return Run(opened, said in _FROZEN, time.perf_counter() - last)


async def _open(ground: Ground, patient: str, who: Person) -> str:
    said = await ground.reads(who.token, patient, organisation=MEADOW)
    if said != "prove-again":
        return said
    await ground.prove(who)
    return await ground.reads(who.token, patient, organisation=MEADOW)


async def by_id(ground: Ground, chance: Chance) -> Run:
    """Each id in its order, from anywhere on: as read from a log, or a leaked list."""
    everybody = sorted(await meadow(ground))
    start = chance.below(len(everybody))
    who = await ground.person("doctor", organisation=MEADOW)
    return await _by_person(ground, _each(everybody[start:] + everybody[:start]), who)


async def _each(things: Sequence[str]) -> AsyncIterator[str]:
    for one in things:
        yield one


async def by_name(ground: Ground, chance: Chance) -> Run:
    """*Find a patient* with a surname and one first name after the other."""
    await meadow(ground)
    who = await ground.person("doctor", organisation=MEADOW)
    return await _by_person(ground, _found_by_name(ground, chance, who), who)


async def _found_by_name(
    ground: Ground, chance: Chance, who: Person
) -> AsyncIterator[str]:
    finder = Finder(ground.database, ground.door)
    opener = _opener(ground, who.token)
    for name in shuffled(given_names(), chance):
        facts = Facts(family=SURNAME, given=name)
        found = await finder.find(facts, opener=opener)
        if isinstance(found, Refusal):
            await ground.prove(who)
            found = await finder.find(facts, opener=opener)
        if isinstance(found, Refusal):
            return
        if isinstance(found, FoundPatients):
            for one in found.patients:
                yield one.id


async def by_search(ground: Ground, chance: Chance) -> Run:
    """The API's own search for everybody, page after page, each by another order."""
    await meadow(ground)
    months = [f"{n:02d}" for n in range(1, 10)]
    years = shuffled([str(n) for n in range(1930, 1990)], chance)
    birthdays = [
        f"{year}-{month}" for year in years for month in shuffled(months, chance)
    ]
    queries = (("Patient", (("birthdate", day),)) for day in birthdays)
    return await _by_program(ground, queries, "system/Patient.rs")


async def by_reference(ground: Ground, chance: Chance) -> Run:
    """From each practitioner to everybody whom they ever looked at, by their ids."""
    return await _from_staff(ground, chance, BY_ID)


async def by_reference_in_time(ground: Ground, chance: Chance) -> Run:
    """The same in the order of writing, which no two loads share."""
    return await _from_staff(ground, chance, BY_TIME)


async def _from_staff(ground: Ground, chance: Chance, orders: Sequence[str]) -> Run:
    await meadow(ground)
    staff = shuffled([practitioner(n) for n in range(PRACTITIONERS)], chance)
    queries = (
        ("Observation", (("performer", f"Practitioner/{one}"),)) for one in staff
    )
    order = chance.pick(orders)
    return await _by_program(ground, queries, "system/Observation.rs", order)


Asked = tuple[str, tuple[tuple[str, str], ...]]


async def _by_program(
    ground: Ground, queries: Iterator[Asked], scope: str, order: str = ""
) -> Run:
    token = await stolen_program(
        ground, scope=scope, patients_per_hour=_CONTRACT, organisation=MEADOW
    )
    searcher = Searcher(ground.database, ground.door, clock=ground.clock)
    opened: set[str] = set()
    last = time.perf_counter()
    for type_, asked in queries:
        request: SearchRequest | None = _request(type_, asked, order)
        while request is not None:
            page = await searcher.search(request, opener=_opener(ground, token))
            if not isinstance(page, SearchPage):
                is_stopped = isinstance(page, Refusal) and page.code in _FROZEN
                return Run(len(opened), is_stopped, time.perf_counter() - last)
            opened.update(one.patient for one in page.matches if one.patient)
            last = time.perf_counter()
            request = _next(request, page)
    return Run(len(opened), False, 0.0)  # noqa: FBT003 - the named field of a tuple


def _request(type_: str, asked: Sequence[tuple[str, str]], order: str) -> SearchRequest:
    query = parse_query(type_, asked)
    if not isinstance(query, Query):
        raise TypeError(query)
    sorts = sorts_of(query, order) if order else ()
    if isinstance(sorts, str):
        raise TypeError(sorts)
    return SearchRequest(queries=(query,), count=A_PAGE, sorts=sorts)


def _next(request: SearchRequest, page: SearchPage) -> SearchRequest | None:
    if page.next is None:
        return None
    return msgspec.structs.replace(request, after=page.next)


def _opener(ground: Ground, token: str) -> Opener:
    return Opener(
        session=token,
        organisation=OrganisationId(ground.numbers[MEADOW]),
        purpose=Purpose.DIRECT_CARE,
        reason="rang about results from Tuesday",
    )


async def runs_of(ground: Ground, walk: Walk, *, runs: int) -> list[Run]:
    """The same way from so many beginnings."""
    found = []
    for number in range(runs):
        found.append(await walk(ground, Chance(walk.__name__, number)))
        ground.clock.move(_APART)
    return found


def p95(counts: Sequence[int]) -> int:
    """What 95 of 100 do not exceed."""
    ordered = sorted(counts)
    return ordered[-(-95 * len(ordered) // 100) - 1]


def _drill(name: str, title: str, attacker: str, walk: Walk) -> Scenario:
    async def run(ground: Ground) -> DrillResult:
        began = time.perf_counter()
        found = await runs_of(ground, walk, runs=RUNS)
        is_blind = all(one.is_stopped for one in found)
        slowest = max(one.seconds_to_freeze for one in found)
        return DrillResult(
            scenario=name,
            attacker=attacker,
            reached=p95([one.opened for one in found]),
            bound=BOUND if is_blind and slowest < _FIVE_SECONDS else 0,
            tried=sum(one.opened for one in found),
            seconds=time.perf_counter() - began,
            stopped_by=_CLOSED if is_blind else NOBODY,
        )

    return Scenario(name, title, run, runs=RUNS)


_FIVE_SECONDS = 5.0
SCENARIOS: Scenarios = (
    _drill(
        "scraping-by-search",
        "A program that searches",
        "a program's key, to page through the API's searches (p95 of 200 runs)",
        by_search,
    ),
    _drill(
        "scraping-by-reference",
        "A program that follows references",
        "a program's key, from practitioners to their patients (p95 of 200 runs)",
        by_reference,
    ),
    _drill(
        "scraping-by-name",
        "Somebody who tries names",
        "a doctor's account and passkey, to try name after name (p95 of 200 runs)",
        by_name,
    ),
    _drill(
        "scraping-by-id",
        "Somebody who goes through ids",
        "a doctor's account and passkey, to go through ids (p95 of 200 runs)",
        by_id,
    ),
)
