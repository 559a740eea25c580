# SPDX-License-Identifier: Apache-2.0
"""The attack of August 2022, step by step, with 2022's figures beside ours.

Its figures are those that law firms and the trade press give; the regulator's notice of
March 2025 was not read for it:

- 79,404 people: https://actnowtraining.blog/2025/03/27/3-million-fine-for-nhs-it-supplier
- 890 people's ways into homes:
  https://thelens.slaughterandmay.com/post/102k7c5/ico-ransomware-fine-cut-from-6m-to-3-07m-for-nhs-saas-provider
- 16 customers whose records were taken:
  https://inquisitiveminds.bristows.com/post/102k8rt/ico-issues-its-first-ever-processor-fine-under-uk-gdpr
- the way in, 19 GB, 295 machines, about 658 customers, nine months:
  https://alstonprivacy.com/ico-fine-ransomware-saas-advanced-health
"""

import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import NoReturn

from wardkeep.assembly.database import WEB, address_for
from wardkeep.assembly.drills.by_session import (
    A_LIST,
    A_SWEEP,
    EXPECTED,
    WORDS,
    Haul,
    wanted,
)
from wardkeep.assembly.drills.ground import (
    ELSEWHERE,
    HOME,
    SURNAME,
    DrillBrokenError,
    Ground,
)
from wardkeep.assembly.drills.result import (
    PATIENTS,
    WAYS_IN,
    DrillResult,
    Scenario,
    Scenarios,
    Step,
    unless_any,
)
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection, connect
from wardkeep.db.errors import DatabaseRefusedError
from wardkeep.disclosure.answers import Refusal, SignedIn
from wardkeep.disclosure.containment import FreezeNow
from wardkeep.disclosure.purpose import Action
from wardkeep.disclosure.questions import ClientSignIn, FinishSignIn
from wardkeep.identity.roles import REACH
from wardkeep.warden.freezes import ORGANISATION

PEOPLE, HOMES, CUSTOMERS, TAKEN_FROM, GIGABYTES = 79_404, 890, 658, 16, 19
_NEXT = 50
"""Patients of the next customer who are tried."""
_AT_ONCE = 100
_PASSWORD = b'{"username": "nurse", "password": "Summer2022!"}'
_EVERY_ROW = "select body from record.resource"
_WRECKS = (
    "truncate record.resource",
    "delete from record.resource",
    "delete from record.history",
    "drop table record.resource",
    "drop schema record cascade",
)
_NUMBER = "select number from record.patient where id = $1"
_BODY = "select body from record.resource where patient = $1 limit 1"
_OVERWRITE = (
    "update record.resource set version = version + 1, body = $2 where patient = $1"
)
_HISTORY = "select count(*) from record.history where patient = $1 and body = $2"
_NOISE = bytes(64)
_WORDS = WORDS | {
    "no-right": "the web's role of the database may not",
    "kept": "what it overwrites stays in history",
    "not-your-work": "it is nobody's work who treats patients",
    "one-patient-at-a-time": "one record a question",
    "list-too-long": "20 people a list",
    "page-too-long": "pages are for programs",
    "extract-not-agreed": "two people agree on an extract first",
    "role-does-not-reach": "a doctor visits no home",
    "passkey-due": "the passkey, for each home",
}


async def august_2022(ground: Ground) -> DrillResult:
    """The attack of 2022: a customer's sign-in, then everything from there.

    The password opens nothing, so a doctor's live session is given to each step all the
    same, and the web process's way into the database to the last two.
    """
    began = time.perf_counter()
    haul, records = await _records(ground)
    steps = [await _sign_in(ground), records]
    steps += [await step(ground) for step in _AFTER]
    ways_in = next(one.got for one in steps if one.unit == WAYS_IN)
    return DrillResult(
        scenario="2022",
        attacker="a password; a doctor's session all the same, and the web's database",
        reached=sum(one.got for one in steps if one.unit == PATIENTS),
        ways_in=ways_in,
        bound=EXPECTED + REACH,
        tried=sum(one.tried for one in steps),
        seconds=time.perf_counter() - began,
        stopped_by=haul.stop,
        steps=tuple(steps),
    )


async def _sign_in(ground: Ground) -> Step:
    """A user name and a password, to each question that signs somebody in."""
    said = [
        await ground.door.ask(FinishSignIn(_PASSWORD, "drill"), SignedIn),
        await ground.door.ask(ClientSignIn(_PASSWORD.decode()), SignedIn),
    ]
    got = sum(not isinstance(one, Refusal) for one in said)
    return Step(
        what="sign in with one password and no second factor",
        then="one user name and password of a customer's",
        then_many=1,
        tried=len(said),
        got=got,
        unit="sessions",
        stopped_by=unless_any(got, "no password signs in: only a passkey or a key"),
    )


async def _records(ground: Ground) -> tuple[Haul, Step]:
    """That customer's records one by one, and by lists as soon as they are refused."""
    doctor = await ground.person("doctor", expects=EXPECTED)
    haul, everybody = Haul(ground, doctor), wanted(ground, doctor, 0)
    for patient in everybody:
        before = len(haul.refusals)
        if not await haul.take(patient):
            break
        if len(haul.refusals) == 1 > before:
            rest = everybody[-A_LIST:]
            haul.tried += 1
            if await ground.lists(doctor.token, rest):
                haul.reached.update(rest)
            else:
                haul.refusals.append("prove-again")
    step = Step(
        what="read that customer's records, with a doctor's live session",
        then=f"{PEOPLE:,} people's, of all customers together",
        then_many=PEOPLE,
        tried=haul.tried,
        got=len(haul.reached),
        unit=PATIENTS,
        bound=EXPECTED + REACH,
        stopped_by=haul.stop,
    )
    return haul, step


async def _next_customer(ground: Ground) -> Step:
    doctor = await ground.person("doctor", expects=EXPECTED)
    others = ground.patients[ELSEWHERE][:_NEXT]
    refusals = [
        await ground.reads(doctor.token, patient, organisation=ELSEWHERE)
        for patient in others
    ]
    return _one_by_one(
        refusals,
        what="go on to the next customer",
        then=f"records of {TAKEN_FROM} customers",
        then_many=TAKEN_FROM,
        unit=PATIENTS,
    )


def _one_by_one(
    said: Sequence[str], *, what: str, then: str, then_many: int, unit: str
) -> Step:
    """Of what was asked for one after the other: the refusals' codes, or nothing."""
    got = said.count("")
    return Step(
        what=what,
        then=then,
        then_many=then_many,
        tried=len(said),
        got=got,
        unit=unit,
        stopped_by=unless_any(got, _each(said)),
    )


async def _ways_in(ground: Ground) -> Step:
    """Ways in that a doctor's session gets, and a carer's without her passkey."""
    doctor = await ground.person("doctor", expects=EXPECTED)
    await ground.set_ways_in(doctor.expected)
    carer = await ground.person("carer")
    now = ground.clock.now()
    for patient in doctor.expected:
        await ground.plan_visit(carer, patient, starts=now)
    ground.clock.move(timedelta(minutes=6))
    said = [
        await ground.reads_way_in(who.token, patient)
        for who in (doctor, carer)
        for patient in doctor.expected
    ]
    return _one_by_one(
        said,
        what="read how people's homes are entered",
        then=f"{HOMES} people's",
        then_many=HOMES,
        unit=WAYS_IN,
    )


async def _whole_database(ground: Ground) -> Step:
    """Everybody in one question, whichever; and every row, by the web's own role."""
    doctor = await ground.person("doctor", expects=EXPECTED)
    many = ground.patients[HOME][:_AT_ONCE]
    ways = (Action.READ, Action.FIND, Action.SEARCH, Action.COPY, Action.EXTRACT)
    said = [await ground.asks_at_once(doctor.token, many, way) for way in ways]
    got, rows = said.count("") * len(many), await _every_row(ground)
    got += sum(SURNAME.encode() in one for one in rows)
    sealed = unless_any(got, f"{_each(said)}; rows are sealed under keys elsewhere")
    return Step(
        what="take the whole database out",
        then=f"{GIGABYTES} GB",
        then_many=GIGABYTES,
        tried=len(said) + len(rows),
        got=got,
        unit=PATIENTS,
        stopped_by=sealed,
    )


async def _every_row(ground: Ground) -> list[bytes]:
    """Of both customers, as the web process may have them: sealed."""
    found: list[bytes] = []
    async with as_web(ground) as web:
        for where in (HOME, ELSEWHERE):
            await web.serve(OrganisationId(ground.numbers[where]))
            found += [row["body"] for row in await web.fetch(_EVERY_ROW)]
    if len(found) < len(ground.patients[HOME]) + len(ground.patients[ELSEWHERE]):
        message = f"only {len(found)} rows were there to be taken"
        raise DrillBrokenError(message)
    return found


async def _shut_down(ground: Ground) -> Step:
    """Whatever would stop work everywhere; then colleagues of both customers work."""
    doctor = await ground.person("doctor", expects=EXPECTED)
    answer = await ground.door.ask_any(
        FreezeNow(doctor.token, ORGANISATION, "", "maintenance")
    )
    said = [answer.code if isinstance(answer, Refusal) else ""]
    async with as_web(ground) as web:
        await web.serve(OrganisationId(ground.numbers[HOME]))
        said += [await refused_to(web, wreck) for wreck in _WRECKS]
        said.append(await _overwritten(web, doctor.expected[0]))
    stopped = [
        where for where in (HOME, ELSEWHERE) if not await _is_at_work(ground, where)
    ]
    return Step(
        what="shut everything down",
        then=f"about {CUSTOMERS} customers without it, some for nine months",
        then_many=CUSTOMERS,
        tried=len(said),
        got=len(stopped),
        unit="customers",
        stopped_by=unless_any(len(stopped) + said.count(""), _each(said)),
    )


@contextlib.asynccontextmanager
async def as_web(ground: Ground) -> AsyncIterator[Connection]:
    """With the web process's own password, as whoever took it over has it."""
    connection = await connect(address_for(ground.settings, ground.layout, WEB))
    try:
        yield connection
    finally:
        await connection.close()


class _UndoneError(Exception):
    """It went through, and is taken back: the next drill needs its ground."""


def _undo() -> NoReturn:
    raise _UndoneError


async def refused_to(web: Connection, statement: str) -> str:
    """A statement's refusal, or nothing."""
    try:
        async with web.transaction():
            await web.execute(statement)
            _undo()
    except _UndoneError:
        return ""
    except DatabaseRefusedError:
        return "no-right"


async def _overwritten(web: Connection, patient: str) -> str:
    """Noise over a record, as its next version; nothing, if what was there is gone."""
    number = await web.fetch_value(_NUMBER, patient)
    before = await web.fetch_value(_BODY, number)
    kept = 0
    try:
        async with web.transaction():
            await web.execute(_OVERWRITE, number, _NOISE)
            kept = await web.fetch_value(_HISTORY, number, before)
            _undo()
    except _UndoneError:
        return "kept" if kept else ""
    except DatabaseRefusedError:
        return "no-right"


async def _is_at_work(ground: Ground, where: str) -> bool:
    """Whether a doctor there opens a patient of the day."""
    doctor = await ground.person("doctor", expects=1, organisation=where)
    patient = doctor.expected[0]
    said = await ground.reads(doctor.token, patient, organisation=where)
    ground.values.pop(patient, None)  # A colleague read it, at work.
    return not said


def _each(codes: Sequence[str]) -> str:
    """What each refusal means, once each."""
    return "; ".join(dict.fromkeys(_WORDS.get(one, one) for one in codes if one))


_AFTER: Sequence[Callable[[Ground], Awaitable[Step]]] = (
    _next_customer,
    _ways_in,
    _whole_database,
    _shut_down,
)
SCENARIOS: Scenarios = (
    Scenario("2022", "The attack of August 2022", august_2022, A_SWEEP + 4 * EXPECTED),
)
