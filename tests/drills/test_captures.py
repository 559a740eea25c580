# SPDX-License-Identifier: Apache-2.0
"""What kiosks bring back: who changed it meanwhile stands, and a desk hears of it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import pytest_asyncio

from drills.test_erasure_races import erase
from support.clinics import OTHER, PLACE, Town, Who, clinic_town
from support.warden import Installation
from wardkeep.apps.check_in.offline import _PASSES, believed
from wardkeep.base.clock import FrozenClock
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.arrivals.captures import (
    AnotherCaptureError,
    Became,
    Captures,
    Claim,
    became_of,
    note,
)
from wardkeep.fhir.arrivals.heard_kiosks import SILENT_AFTER, HeardKiosks
from wardkeep.fhir.clinics.outcomes import (
    AlreadyIn,
    CheckedIn,
    NoSuchAppointment,
    WrongDay,
    WrongSite,
)
from wardkeep.fhir.clinics.words import Channel, Doer
from wardkeep.warden.service.said import (
    ERASED,
    FROZEN,
    LEDGER_CANNOT_WRITE,
    NOT_SIGNED_IN,
    NOT_YOUR_WORK,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")
NINE = datetime(2026, 12, 7, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def clock() -> FrozenClock:
    return FrozenClock(NINE)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(installation: Installation, clock: FrozenClock) -> AsyncIterator[Town]:
    async with clinic_town(installation, clock=clock) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(town: Town) -> Who:
    return await town.works("receptionist")


def claim_of(
    who: Who, appointment: str, at: datetime = NINE, *, whose: str = ""
) -> Claim:
    return Claim(
        id=UUID(new_uuid()),
        kiosk=UUID(who.by.account),
        kiosk_name="Main entrance",
        appointment=appointment,
        patient=whose or f"{appointment}-patient",
        claimed_at=at,
    )


def offline(who: Who, *places: str) -> Doer:
    return Doer(who.by.account, Channel.OFFLINE, frozenset(places))


async def brings(town: Town, who: Who, claim: Claim, *places: str) -> Became:
    """As the kiosk's page does it, with the line in the same transaction."""
    now = town.clock.now()
    came = await town.clinic.desk.arrive(
        claim.appointment,
        by=offline(who, *places),
        opener=who.opener,
        also=(note(town.organisation, claim, Became.CHECKED_IN, at=now),),
    )
    assert not isinstance(came, Refusal)
    became = became_of(came)
    if not isinstance(came, CheckedIn):
        kept = Captures(town.database).keep
        assert await kept(town.organisation, claim, became, at=now)
    return became


async def waiting(town: Town) -> dict[str, str]:
    found = await Captures(town.database).waiting(
        town.organisation, at=town.clock.now()
    )
    return {one.appointment: one.became for one in found}


async def test_who_sat_down_an_hour_ago_is_not_late_and_time_is_the_servers(
    town: Town, desk: Who
) -> None:
    booked = await town.books("sat-down", starts=NINE - 90 * MINUTE)
    claim = claim_of(desk, booked, NINE - 100 * MINUTE)
    assert await brings(town, desk, claim) is Became.CHECKED_IN
    arrived = await town.clinic.rows.arrival(town.organisation, booked)
    assert arrived == (town.clock.now(), Channel.OFFLINE)
    known = await Captures(town.database).known(town.organisation, claim.id, booked)
    assert known is Became.CHECKED_IN
    assert booked not in await waiting(town)
    merged = await Captures(town.database).merged(
        town.organisation, at=town.clock.now()
    )
    assert [one.kiosk for one in merged] == ["Main entrance"]


async def test_what_a_desk_did_meanwhile_stands(town: Town, desk: Who) -> None:
    came = await town.books("came", starts=NINE + 5 * MINUTE)
    missed = await town.books("missed", starts=NINE - 40 * MINUTE)
    off = await town.books("off", starts=NINE + 5 * MINUTE)
    act = town.clinic.desk
    await act.arrive(came, by=desk.by, opener=desk.opener)
    await act.no_show(missed, by=desk.by, opener=desk.opener)
    await act.cancel(off, why="Ill", by=desk.by, opener=desk.opener)
    for id_, became in (
        (came, Became.ALREADY_IN),
        (missed, Became.NOT_ON),
        (off, Became.NOT_ON),
    ):
        assert await brings(town, desk, claim_of(desk, id_)) is became
    left = await waiting(town)
    assert (left[missed], left[off]) == ("not-on", "not-on")
    assert came not in left
    captures = Captures(town.database)
    for one in await captures.waiting(town.organisation, at=town.clock.now()):
        assert one.claimed_at == NINE
        await captures.look_at(town.organisation, one.id, at=town.clock.now())
    assert await waiting(town) == {}


async def test_yesterdays_and_another_clinics_change_nothing(
    town: Town, desk: Who
) -> None:
    gone = await town.books("gone-by", starts=NINE - timedelta(days=1))
    there = await town.books("there", starts=NINE + 5 * MINUTE)
    assert await brings(town, desk, claim_of(desk, gone)) is Became.ANOTHER_DAY
    assert await brings(town, desk, claim_of(desk, there), OTHER) is Became.ELSEWHERE
    assert PLACE != OTHER
    for one in (gone, there):
        line = await town.clinic.rows.one(town.organisation, one)
        assert line is not None
        assert line.standing.value == "expected"


async def test_whose_appointment_is_gone_is_found_by_a_desk_all_the_same(
    town: Town, desk: Who
) -> None:
    """Somebody stands there, whatever became of the book meanwhile."""
    booked = await town.books("book-gone", starts=NINE + 5 * MINUTE)
    claim = claim_of(desk, "no-longer-there", whose=f"{booked}-patient")
    assert await brings(town, desk, claim) is Became.NOT_ON
    captures = Captures(town.database)
    now = town.clock.now()
    found = await captures.waiting(town.organisation, at=now)
    [one] = [one for one in found if one.id == claim.id]
    assert (one.patient, one.starts_at) == (f"{booked}-patient", None)
    await captures.look_at(town.organisation, one.id, at=now)


async def test_of_whom_was_erased_no_late_capture_is_kept(
    town: Town, desk: Who
) -> None:
    booked = await town.books("erased-late", starts=NINE + 5 * MINUTE)
    captures, now = Captures(town.database), town.clock.now()
    early = claim_of(desk, "erased-early", whose=f"{booked}-patient")
    assert await brings(town, desk, early) is Became.NOT_ON
    await erase(town, f"{booked}-patient")
    late = claim_of(desk, booked)
    assert not await captures.keep(town.organisation, late, Became.NOT_ON, at=now)
    for one in (early, late):
        known = await captures.known(town.organisation, one.id, one.appointment)
        assert known is None


@pytest.mark.parametrize(
    ("refusal", "is_passing"),
    [
        (NOT_SIGNED_IN, True),
        (LEDGER_CANNOT_WRITE, True),
        (FROZEN, True),
        (ERASED, False),
        (NOT_YOUR_WORK, False),
    ],
)
async def test_only_what_is_over_some_time_holds_up_who_comes_behind(
    refusal: Refusal, *, is_passing: bool
) -> None:
    assert (refusal.code in _PASSES) is is_passing


async def test_an_id_that_was_used_belongs_to_one_appointment(
    town: Town, desk: Who
) -> None:
    first = await town.books("first-id", starts=NINE + 5 * MINUTE)
    claim = claim_of(desk, first)
    await brings(town, desk, claim)
    captures = Captures(town.database)
    with pytest.raises(AnotherCaptureError):
        await captures.known(town.organisation, claim.id, "another")
    assert await captures.known(town.organisation, UUID(new_uuid()), first) is None


async def test_each_answer_of_a_desk_is_one_word_for_the_kiosk() -> None:
    assert became_of(NoSuchAppointment()) is Became.NOT_ON
    assert became_of(WrongDay(starts_at=NINE)) is Became.ANOTHER_DAY
    assert became_of(WrongSite(place="x", starts_at=NINE)) is Became.ELSEWHERE
    already = AlreadyIn(
        at=NINE,
        channel=Channel.DESK,
        standing="waiting",  # type: ignore[arg-type]
        route=(),
    )
    assert became_of(already) is Became.ALREADY_IN


@pytest.mark.parametrize("claimed", [1e300, -1e300, 0.0, 4e9, float("inf")])
async def test_a_device_that_says_an_impossible_time_is_not_believed(
    claimed: float,
) -> None:
    assert believed(claimed, NINE) == NINE


async def test_a_device_that_says_a_possible_time_is_quoted() -> None:
    said = NINE - 50 * MINUTE
    assert believed(said.timestamp(), NINE) == said


async def test_a_silent_kiosk_is_told_of_with_the_time_it_was_last_heard(
    town: Town, desk: Who
) -> None:
    kiosks = HeardKiosks(town.database)

    async def names(at: datetime) -> list[tuple[str, datetime]]:
        found = await kiosks.silent(town.organisation, at=at)
        return [(one.name, one.heard_at) for one in found]

    for name, at in (("Main entrance", NINE), ("Main entrance", NINE + MINUTE)):
        await kiosks.hear(town.organisation, kiosk=desk.by.account, name=name, at=at)
    assert await names(NINE + MINUTE + SILENT_AFTER) == []
    later = NINE + 2 * MINUTE + SILENT_AFTER
    assert await names(later) == [("Main entrance", NINE + MINUTE)]
    # One that was put away in the evening is nobody's trouble in the morning.
    assert await names(NINE + timedelta(days=1)) == []
