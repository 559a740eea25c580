# SPDX-License-Identifier: Apache-2.0
"""What the work explains, from the write that says so; and what nobody can forge."""

import secrets
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import msgspec
import pytest

from support.acts import Colleague, colleague, confirm
from support.warden import Installation, RunningWarden, running_warden, warden_at_home
from wardkeep.assembly.database import WEB, address_for
from wardkeep.base.clock import SystemClock, microseconds_since_epoch
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import (
    Answer,
    Done,
    Grant,
    NewKeys,
    Refusal,
    SessionView,
)
from wardkeep.disclosure.people import (
    ChangeRole,
    EndPerson,
    EndTeam,
    JoinTeam,
    LeaveTeam,
    ListTeams,
    PlaceTeam,
    SaveTeam,
    StandFor,
    Teams,
)
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import (
    CheckSession,
    Disclose,
    EndAccount,
    ForWork,
    Item,
    NewPatientKeys,
    SaidTie,
    SetWork,
)
from wardkeep.fhir.store.rows import insert_patient
from wardkeep.identity.roles import REACH, Role
from wardkeep.teams.relationships import SELF_MADE
from wardkeep.warden.service.tying import LONGEST

REASON = "rang about results from Tuesday"
WARD = "Location/w-7"
HOUR = 3600 * 1_000_000
OWN = Role.WARD_NURSE.budget.own_work


class MovedClock(SystemClock):
    """The machine's clock, moved on as a test says."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead

    def monotonic_seconds(self) -> float:
        return super().monotonic_seconds() + self.ahead.total_seconds()


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
async def warden(
    installation: Installation, clock: MovedClock
) -> AsyncIterator[RunningWarden]:
    async with warden_at_home(installation, clock=clock) as running:
        yield running


def now() -> int:
    return microseconds_since_epoch(SystemClock().now())


def tie(
    who: str, *, id_: str = "e-1", kind: str = "ward", hours: int = 9, type_: str = ""
) -> SaidTie:
    until = now() + hours * HOUR
    return SaidTie(type_ or "Encounter", id_, who, kind, now() - HOUR, until)


async def admitted(
    warden: RunningWarden, many: int, *ties: SaidTie, prefix: str = ""
) -> list[Item]:
    """New patients by an import, each with an Encounter e-N that tells these ties."""
    session = await warden.import_session(warden.home)
    named = tuple(f"p-{prefix}{secrets.token_hex(6)}" for _ in range(many))
    said = tuple(
        msgspec.structs.replace(one, id=f"{one.id}-{patient}")
        for patient in named
        for one in ties
    )
    refs = tuple((("Encounter", f"e-1-{one}", 1),) for one in named)
    asked = ForWork(NewPatientKeys(session, named, refs), said)
    made = await warden.operator.ask(asked, NewKeys)
    assert isinstance(made, NewKeys), made
    return [
        Item(one.patient, Tier.RECORD, one.wrapped[1], (("Observation", "o", 1),))
        for one in made.patients
    ]


async def who_is_who(
    warden: RunningWarden,
    *members: str,
    practitioners: Sequence[tuple[str, tuple[str, ...]]] = (),
) -> None:
    asked = SetWork(
        warden.home, tuple(practitioners), (("Ward 7", (WARD,), tuple(members)),)
    )
    assert await warden.operator.ask(asked, Done) == Done()


async def opens(warden: RunningWarden, token: str, item: Item) -> str:
    """Open without a reason: why it opened, or the refusal's code in brackets."""
    asked = Disclose(token, Purpose.DIRECT_CARE, "", Action.READ, (item,))
    answer = await warden.door.ask_any(asked)
    if isinstance(answer, Refusal):
        return f"({answer.code})"
    assert isinstance(answer, Grant)
    return answer.relationships[0]


async def writes(
    warden: RunningWarden,
    token: str,
    item: Item,
    *ties: SaidTie,
    id_: str = "e-1",
    action: Action = Action.WRITE,
    type_: str = "Encounter",
) -> Answer:
    """Ask for keys to write an Encounter that tells these ties, with a reason."""
    named = msgspec.structs.replace(item, resources=((type_, id_, 1),))
    asked = Disclose(token, Purpose.DIRECT_CARE, REASON, action, (named,))
    return await warden.door.ask_any(ForWork(asked, ties))


# What the work explains


async def test_a_ward_expects_whoever_is_admitted_and_others_are_asked(
    warden: RunningWarden,
) -> None:
    nurse, other = [await colleague(warden, "ward_nurse") for _ in range(2)]
    await who_is_who(warden, nurse.account)
    [item] = await admitted(warden, 1, tie(WARD))
    assert await opens(warden, nurse.token, item) == "ward"
    assert await opens(warden, other.token, item) == "(reason-needed)"


async def test_what_is_over_explains_nothing_any_more(
    warden: RunningWarden, clock: MovedClock
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    await who_is_who(warden, nurse.account)
    [item] = await admitted(warden, 1, tie(WARD, hours=1))
    assert await opens(warden, nurse.token, item) == "ward"
    clock.ahead = timedelta(minutes=61)
    token = (await warden.sign_in(nurse.key)).token  # type: ignore[union-attr]
    assert await opens(warden, token, item) == "(reason-needed)"


async def test_a_restart_forgets_no_tie_and_nobody_in_a_team(
    installation: Installation, warden: RunningWarden
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    await who_is_who(warden, nurse.account)
    [item] = await admitted(warden, 1, tie(WARD))
    await warden.service.close()
    async with running_warden(installation) as again:
        signed_in = await again.sign_in(nurse.key)
        assert not isinstance(signed_in, Refusal)
        assert await opens(again, signed_in.token, item) == "ward"


async def test_a_newer_version_and_a_deletion_end_what_was_told_before(
    warden: RunningWarden,
) -> None:
    nurse, doctor = [await colleague(warden, one) for one in ("ward_nurse", "doctor")]
    await who_is_who(warden, nurse.account)
    [item] = await admitted(warden, 1)
    assert isinstance(await writes(warden, doctor.token, item, tie(WARD)), Grant)
    assert await opens(warden, nurse.token, item) == "ward"
    moved = await writes(warden, doctor.token, item, tie("Location/w-8"))
    assert isinstance(moved, Grant)
    assert await opens(warden, nurse.token, item) == "(reason-needed)"
    await writes(warden, doctor.token, item, tie(WARD))
    assert await opens(warden, nurse.token, item) == "ward"
    await writes(warden, doctor.token, item, action=Action.DELETE)
    assert await opens(warden, nurse.token, item) == "(reason-needed)"


async def test_a_refused_write_explains_nothing(warden: RunningWarden) -> None:
    nurse, clerk = [
        await colleague(warden, one) for one in ("ward_nurse", "finance_clerk")
    ]
    await who_is_who(warden, nurse.account)
    [item] = await admitted(warden, 1)
    assert isinstance(await writes(warden, clerk.token, item, tie(WARD)), Refusal)
    assert await opens(warden, nurse.token, item) == "(reason-needed)"


async def test_reading_tells_no_ties(warden: RunningWarden) -> None:
    nurse, doctor = [await colleague(warden, one) for one in ("ward_nurse", "doctor")]
    await who_is_who(warden, nurse.account)
    [item] = await admitted(warden, 1)
    read = await writes(warden, doctor.token, item, tie(WARD), action=Action.READ)
    assert isinstance(read, Grant)
    assert await opens(warden, nurse.token, item) == "(reason-needed)"


# Who is who


async def test_an_administrator_signs_who_is_who_and_nobody_for_themselves(
    warden: RunningWarden,
) -> None:
    admin = await colleague(warden, "administrator")
    doctor = await colleague(warden, "doctor", name="Rowan Ash")
    await who_is_who(warden)
    [item] = await admitted(warden, 1, tie("Practitioner/d-1", kind="appointment"))
    assert await opens(warden, doctor.token, item) == "(reason-needed)"
    mine = StandFor(doctor.account, ("Practitioner/d-1",))
    assert await confirm(warden, admin, mine, Done) == Done()
    assert await opens(warden, doctor.token, item) == "appointment"
    for act in (
        StandFor(admin.account, ("Practitioner/d-2",)),
        StandFor(doctor.account, ("Patient/d-2",)),
        StandFor("nobody", ("Practitioner/d-2",)),
    ):
        assert isinstance(await confirm(warden, admin, act, Done), Refusal)
    own = await confirm(warden, doctor, mine, Done)
    assert isinstance(own, Refusal)
    assert own.code == "not-your-work"
    nobody = StandFor(doctor.account, ())
    assert await confirm(warden, admin, nobody, Done) == Done()
    assert await opens(warden, doctor.token, item) == "(reason-needed)"


async def test_one_practitioner_is_one_account(warden: RunningWarden) -> None:
    admin, first, second = [
        await colleague(warden, one) for one in ("administrator", "doctor", "doctor")
    ]
    named = ("Practitioner/d-1",)
    assert await confirm(warden, admin, StandFor(first.account, named), Done) == Done()
    taken = await confirm(warden, admin, StandFor(second.account, named), Done)
    assert isinstance(taken, Refusal)
    assert taken.code == "already-there"


async def team_of(warden: RunningWarden, admin: Colleague) -> Teams:
    found = await warden.door.ask(ListTeams(admin.token), Teams)
    assert isinstance(found, Teams), found
    return found


async def test_a_team_is_placed_joined_for_a_shift_and_left(
    warden: RunningWarden, clock: MovedClock
) -> None:
    admin = await colleague(warden, "administrator")
    nurse = await colleague(warden, "ward_nurse")
    made = await warden.door.ask_any(SaveTeam(admin.token, "Nights"))
    team = made.id  # type: ignore[union-attr]
    [item] = await admitted(warden, 1, tie(WARD, hours=40))
    assert await confirm(warden, admin, PlaceTeam(team, (WARD,)), Done) == Done()
    evening = now() + HOUR
    shift = JoinTeam(team, nurse.account, evening, evening + 12 * HOUR)
    assert await confirm(warden, admin, shift, Done) == Done()
    [view] = (await team_of(warden, admin)).teams
    assert view.places == (WARD,)
    assert view.members == ((nurse.account, "Rowan Ash", shift.until),)
    assert await opens(warden, nurse.token, item) == "(reason-needed)"
    clock.ahead = timedelta(hours=2)
    token = (await warden.sign_in(nurse.key)).token  # type: ignore[union-attr]
    assert await opens(warden, token, item) == "ward"
    clock.ahead = timedelta(hours=14)
    token = (await warden.sign_in(nurse.key)).token  # type: ignore[union-attr]
    assert await opens(warden, token, item) == "(reason-needed)"
    admin = admin._replace(
        token=(await warden.sign_in(admin.key)).token  # type: ignore[union-attr]
    )
    assert (await team_of(warden, admin)).teams[0].members == ()
    again = JoinTeam(team, nurse.account)
    assert await confirm(warden, admin, again, Done) == Done()
    assert await opens(warden, token, item) == "ward"
    left = await warden.door.ask_any(LeaveTeam(admin.token, team, nurse.account))
    assert left == Done()
    assert await opens(warden, token, item) == "(reason-needed)"


async def test_what_is_no_shift_and_no_place_is_refused_in_words(
    warden: RunningWarden,
) -> None:
    admin, nurse = [
        await colleague(warden, one) for one in ("administrator", "ward_nurse")
    ]
    made = await warden.door.ask_any(SaveTeam(admin.token, "Nights"))
    team = made.id  # type: ignore[union-attr]
    for act in (
        PlaceTeam(team, ("Practitioner/x",)),
        PlaceTeam("no team", (WARD,)),
        JoinTeam("no team", nurse.account),
        JoinTeam(team, nurse.account, until=now() - HOUR),
        JoinTeam(team, nurse.account, now() + 2 * HOUR, now() + HOUR),
        JoinTeam(team, "nobody"),
    ):
        assert isinstance(await confirm(warden, admin, act, Done), Refusal), act
    for asked in (
        LeaveTeam(admin.token, "no team", nurse.account),
        LeaveTeam(admin.token, team, "nobody"),
        LeaveTeam(nurse.token, team, nurse.account),
        LeaveTeam("no session", team, nurse.account),
    ):
        assert isinstance(await warden.door.ask_any(asked), Refusal), asked
    by_nurse = await confirm(warden, nurse, PlaceTeam(team, (WARD,)), Done)
    assert isinstance(by_nurse, Refusal)


async def test_a_team_that_ended_and_a_leaver_are_explained_by_nothing(
    warden: RunningWarden,
) -> None:
    admin, nurse, doctor = [
        await colleague(warden, one)
        for one in ("administrator", "ward_nurse", "doctor")
    ]
    await who_is_who(
        warden, nurse.account, practitioners=[(doctor.account, ("Practitioner/d-1",))]
    )
    [item] = await admitted(warden, 1, tie(WARD), tie("Practitioner/d-1"))
    assert await opens(warden, nurse.token, item) == "ward"
    [team] = (await team_of(warden, admin)).teams
    assert await warden.door.ask_any(EndTeam(admin.token, team.id)) == Done()
    assert await opens(warden, nurse.token, item) == "(reason-needed)"
    assert await confirm(warden, admin, EndPerson(doctor.account), Done) == Done()
    next_one = await colleague(warden, "doctor")
    taken_on = StandFor(next_one.account, ("Practitioner/d-1",))
    assert await confirm(warden, admin, taken_on, Done) == Done()
    assert await opens(warden, next_one.token, item) == "ward"
    await warden.operator.ask(EndAccount(next_one.account), Done)
    assert (await team_of(warden, admin)).practitioners == ()


@pytest.mark.parametrize(
    ("role", "by_team"), [("doctor", "ward"), ("ward_nurse", "(reason-needed)")]
)
async def test_who_gets_another_role_or_stays_for_longer_is_still_who_they_are(
    warden: RunningWarden, clock: MovedClock, role: str, by_team: str
) -> None:
    admin, nurse = [await colleague(warden, one) for one in ("administrator", "doctor")]
    named = (nurse.account, ("Practitioner/n-1",))
    await who_is_who(warden, nurse.account, practitioners=[named])
    [on_ward] = await admitted(warden, 1, tie(WARD))
    [on_list] = await admitted(warden, 1, tie("Practitioner/n-1", kind="caseload"))
    ends = now() + 400 * HOUR
    act = ChangeRole(nurse.account, role, ends)
    assert await confirm(warden, admin, act, Done) == Done()
    clock.ahead = timedelta(minutes=2)
    await warden.service._save_sessions()
    token = (await warden.sign_in(nurse.key)).token  # type: ignore[union-attr]
    assert await opens(warden, token, on_list) == "caseload"
    assert await opens(warden, token, on_ward) == by_team


@pytest.mark.parametrize(
    "wrong",
    ["no organisation", "no account", "no place", "no practitioner", "two accounts"],
)
async def test_the_operator_is_told_what_is_wrong(
    warden: RunningWarden, wrong: str
) -> None:
    account, other = [await warden.account("doctor") for _ in range(2)]
    named = ("Practitioner/d-1",)
    asked = {
        "no organisation": SetWork("nowhere", ((account, named),)),
        "no account": SetWork(
            warden.home, (("3b1f8a52-0c49-4a37-9d5e-6f1f0a2b7c11", named),)
        ),
        "no place": SetWork(warden.home, (), (("Ward 7", named, ()),)),
        "no practitioner": SetWork(warden.home, ((account, (WARD,)),)),
        "two accounts": SetWork(warden.home, ((account, named), (other, named))),
    }[wrong]
    assert isinstance(await warden.operator.ask_any(asked), Refusal)


# What nobody can forge


async def test_what_a_nurse_writes_for_herself_explains_a_few_a_day(
    warden: RunningWarden, clock: MovedClock
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    await who_is_who(warden, nurse.account)
    items = await admitted(warden, OWN + 2)
    for item in items:
        assert isinstance(
            await writes(warden, nurse.token, item, tie(WARD, hours=90)), Grant
        )
    clock.ahead = timedelta(hours=25)
    token = (await warden.sign_in(nurse.key)).token  # type: ignore[union-attr]
    found = [await opens(warden, token, item) for item in items]
    assert found == [f"ward{SELF_MADE}"] * OWN + ["(reason-needed)"] * 2
    assert await opens(warden, token, items[0]) == f"ward{SELF_MADE}"


async def test_a_restart_does_not_give_anew_what_ones_own_writing_explained(
    installation: Installation, warden: RunningWarden
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    await who_is_who(warden, nurse.account)
    items = await admitted(warden, OWN + 1)
    for item in items:
        await writes(warden, nurse.token, item, tie(WARD, hours=90))
    for item in items[:OWN]:
        assert await opens(warden, nurse.token, item) == f"ward{SELF_MADE}"
    await warden.service.close()
    async with running_warden(installation) as again:
        signed_in = await again.sign_in(nurse.key)
        assert not isinstance(signed_in, Refusal)
        last = await opens(again, signed_in.token, items[-1])
        assert last == "(reason-needed)"


async def test_writing_oneself_into_strangers_care_spends_the_reach_first(
    warden: RunningWarden,
) -> None:
    nurse, friend = [await colleague(warden, "ward_nurse") for _ in range(2)]
    await who_is_who(warden, nurse.account, friend.account)
    items = await admitted(warden, REACH + 5)
    told = [
        isinstance(await writes(warden, nurse.token, item, tie(WARD)), Grant)
        for item in items
    ]
    assert told == [True] * REACH + [False] * 5
    found = [await opens(warden, friend.token, item) for item in items]
    assert found == ["ward"] * REACH + ["(reason-needed)"] * 5


async def test_a_tie_names_nobody_whom_its_question_does_not_open(
    warden: RunningWarden,
) -> None:
    nurse, doctor = [await colleague(warden, one) for one in ("ward_nurse", "doctor")]
    await who_is_who(warden, nurse.account)
    mine, other = await admitted(warden, 2)
    await writes(warden, doctor.token, mine, tie(WARD, id_="e-other"))
    assert await opens(warden, nurse.token, mine) == "(reason-needed)"
    assert await opens(warden, nurse.token, other) == "(reason-needed)"


@pytest.mark.parametrize(
    "forged",
    [
        tie(WARD, kind="broken glass"),
        tie(WARD, kind="own record"),
        tie(WARD, kind="contract"),
        tie("Patient/p"),
        tie("Location/"),
        tie(WARD, hours=-2),
        tie(WARD, hours=LONGEST // timedelta(hours=1) + 1),
        SaidTie("Encounter", "e-1", WARD, "visit", -(10**17), 1 - 10**17),
    ],
    ids=[
        *("glass", "own", "contract", "a patient", "no id", "backwards", "too long"),
        "before all calendars",
    ],
)
async def test_a_tie_that_our_own_resources_never_tell_is_not_taken(
    warden: RunningWarden, forged: SaidTie
) -> None:
    doctor = await colleague(warden, "doctor")
    [item] = await admitted(warden, 1)
    answer = await writes(warden, doctor.token, item, forged)
    assert isinstance(answer, Refusal)
    assert answer.code == "not-understood"


async def registers(
    warden: RunningWarden, token: str, patient: str, who: str = WARD
) -> Answer:
    """Ask for keys of a new patient, with a stay that tells a tie."""
    keys = NewPatientKeys(token, (patient,), ((("Encounter", f"e-{patient}", 1),),))
    return await warden.door.ask_any(ForWork(keys, (tie(who, id_=f"e-{patient}"),)))


async def test_registering_somebody_who_is_here_already_explains_nothing(
    installation: Installation, warden: RunningWarden
) -> None:
    nurse, friend = [await colleague(warden, "ward_nurse") for _ in range(2)]
    await who_is_who(warden, nurse.account, friend.account)
    [item] = await admitted(warden, 1)
    await stored(installation, warden, item.patient)
    assert isinstance(await registers(warden, nurse.token, item.patient), NewKeys)
    assert await opens(warden, friend.token, item) == "(reason-needed)"
    assert await opens(warden, nurse.token, item) == "(reason-needed)"


async def stored(
    installation: Installation, warden: RunningWarden, patient: str
) -> None:
    """The row that makes a patient known, as the web process writes it."""
    number = await organisation_of(warden)
    database = Database(
        address_for(installation.settings, installation.layout, WEB), size=1
    )
    async with database.connection(OrganisationId(number)) as connection:
        await insert_patient(
            connection,
            OrganisationId(number),
            patient=patient,
            wrapped=(b"b", b"r", b"s"),
        )
    await database.close()


async def organisation_of(warden: RunningWarden) -> int:
    session = await warden.import_session(warden.home)
    view = await warden.operator.ask(CheckSession(session), SessionView)
    assert isinstance(view, SessionView)
    return view.organisation


async def test_a_person_admits_so_many_new_patients_a_day_whom_others_expect(
    warden: RunningWarden,
) -> None:
    nurse, friend = [await colleague(warden, "ward_nurse") for _ in range(2)]
    await who_is_who(warden, nurse.account, friend.account)
    found = []
    for _ in range(OWN + 2):
        patient = f"p-{secrets.token_hex(6)}"
        made = await registers(warden, nurse.token, patient)
        assert isinstance(made, NewKeys)
        wrapped = made.patients[0].wrapped[1]
        item = Item(patient, Tier.RECORD, wrapped, (("Observation", "o", 1),))
        found.append(await opens(warden, friend.token, item))
    assert found == ["ward"] * OWN + ["(reason-needed)"] * 2


async def test_a_session_of_a_call_taker_has_todays_callers_and_few_of_the_fortnight(
    warden: RunningWarden, clock: MovedClock
) -> None:
    """Each call explains for two weeks; a shift needs its own, and they are many."""
    role, who = Role.HEALTH_ADVISOR, "Practitioner/t-1"
    taker = await colleague(warden, role.value)
    await who_is_who(warden, practitioners=[(taker.account, (who,))])

    async def called(token: str, n: int) -> str:
        """A call of today; why it opens."""
        patient = f"p-{n}-{secrets.token_hex(6)}"
        keys = NewPatientKeys(token, (patient,), ((("Encounter", f"e-{n}", 1),),))
        day = microseconds_since_epoch(clock.now()) - 24 * HOUR
        said = SaidTie("Encounter", f"e-{n}", who, "contact", day, day + 400 * HOUR)
        made = await warden.door.ask(ForWork(keys, (said,)), NewKeys)
        assert isinstance(made, NewKeys)
        wrapped = made.patients[0].wrapped[1]
        items.append(Item(patient, Tier.RECORD, wrapped, (("Observation", "o", 1),)))
        return await opens(warden, token, items[-1])

    items: list[Item] = []
    explained, most = f"contact{SELF_MADE}", role.budget.own_work
    todays = [await called(taker.token, n) for n in range(most + 3)]
    assert todays == [explained] * (most + 3)
    clock.ahead = timedelta(hours=50)
    token = (await warden.sign_in(taker.key)).token  # type: ignore[union-attr]
    before = [await opens(warden, token, item) for item in items]
    assert before == [explained] * most + ["(reason-needed)"] * 3
    assert await called(token, len(items)) == explained


async def test_the_operators_socket_opens_nothing_by_way_of_the_work(
    warden: RunningWarden,
) -> None:
    [item] = await admitted(warden, 1)
    session = await warden.import_session(warden.home)
    asked = Disclose(session, Purpose.DIRECT_CARE, REASON, Action.READ, (item,))
    answer = await warden.operator.ask_any(ForWork(asked, ()))
    assert isinstance(answer, Refusal)
    nobody = ForWork(NewPatientKeys("no session", ("p",)), ())
    assert isinstance(await warden.operator.ask_any(nobody), Refusal)
