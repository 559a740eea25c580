# SPDX-License-Identifier: Apache-2.0
"""A national data set: who asks and agrees, what the operator gets, and how long."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from support.acts import Colleague, colleague, confirm, options_for
from support.desks import desk_of
from support.ledgers import no_room_in
from support.owner import until_waited_for
from support.warden import (
    Installation,
    RunningWarden,
    warden_at_home,
)
from wardkeep.base.clock import FrozenClock
from wardkeep.base.ids import new_uuid
from wardkeep.db.connection import Connection
from wardkeep.disclosure.answers import (
    Answer,
    Created,
    Done,
    Grant,
    NewKeys,
    Refusal,
    SessionView,
)
from wardkeep.disclosure.canaries import CanaryCounts, CountCanaries, PlantCanaries
from wardkeep.disclosure.confirming import (
    ActDescription,
    DescribeAct,
    FinishConfirm,
)
from wardkeep.disclosure.data_sets import (
    AGREED_DAYS,
    MOST_TAKEN,
    AgreeDataSet,
    AskDataSet,
    BeginDataSet,
    DataSetBegun,
    EndDataSet,
    ListDataSets,
    Releases,
    ReleaseView,
    WithdrawDataSet,
    period_named,
)
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import (
    CheckSession,
    Disclose,
    Item,
    NewPatientKeys,
    TakeForDataSet,
)
from wardkeep.warden.service.data_sets import _NOT_OPEN, _SECOND_PERSON, DataSets
from wardkeep.warden.sessions import Session

WHY = "monthly submission of November"
PERIOD = "2026-11"


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 11, 29, 9, 0, tzinfo=UTC))


@pytest.fixture
async def warden(
    installation: Installation, clock: FrozenClock
) -> AsyncIterator[RunningWarden]:
    async with warden_at_home(installation, clock=clock) as running:
        yield running


def asked(**changed: str) -> AskDataSet:
    act = AskDataSet(id=new_uuid(), data_set="mhsds", period=PERIOD, reason=WHY)
    return msgspec.structs.replace(act, **changed)


async def code_of(warden: RunningWarden, who: Colleague, act: object) -> str:
    question = DescribeAct(who.token, act)  # type: ignore[arg-type]
    answer = await warden.door.ask(question, ActDescription)
    assert isinstance(answer, Refusal), answer
    return answer.code


async def ask(warden: RunningWarden, who: Colleague) -> str:
    act = asked()
    assert isinstance(await confirm(warden, who, act, Created), Created)
    return act.id


async def agreed(warden: RunningWarden) -> tuple[str, Colleague, Colleague]:
    """A release that two people agreed on, and the two."""
    first = await colleague(warden, "administrator")
    second = await colleague(warden, "privacy_officer")
    release = await ask(warden, first)
    assert await confirm(warden, second, AgreeDataSet(release), Done) == Done()
    return release, first, second


async def begin(warden: RunningWarden, period: str = PERIOD) -> DataSetBegun | Refusal:
    return await warden.operator.ask(
        BeginDataSet(warden.home, "mhsds", period), DataSetBegun
    )


async def begun(warden: RunningWarden) -> DataSetBegun:
    found = await begin(warden)
    assert isinstance(found, DataSetBegun), found
    return found


async def item_for(
    warden: RunningWarden,
    patient: str,
    tier: Tier = Tier.RECORD,
    type_: str = "Patient",
) -> Item:
    token = await warden.import_session(warden.home)
    made = await warden.door.ask(NewPatientKeys(token, (patient,)), NewKeys)
    assert isinstance(made, NewKeys)
    return Item(
        patient, tier, made.patients[0].wrapped[tier - 1], ((type_, patient, 1),)
    )


def question(token: str, *items: Item, action: Action = Action.EXTRACT) -> Disclose:
    return Disclose(token, Purpose.NATIONAL_RETURN, "", action, items)


async def take(warden: RunningWarden, token: str, *items: Item) -> Answer:
    return await warden.operator.ask_any(TakeForDataSet(question(token, *items)))


async def one_of(warden: RunningWarden, who: Colleague, id_: str) -> ReleaseView:
    found = await warden.door.ask(ListDataSets(who.token), Releases)
    assert isinstance(found, Releases)
    return next(one for one in found.releases if one.id == id_)


def refusal_of(answer: Answer) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code


@pytest.mark.parametrize("role", ["doctor", "care_coordinator", "receptionist"])
async def test_whose_work_it_is_not_neither_asks_nor_sees(
    warden: RunningWarden, role: str
) -> None:
    who = await colleague(warden, role)
    assert await code_of(warden, who, asked()) == "not-your-work"
    assert await code_of(warden, who, AgreeDataSet(new_uuid())) == "not-your-work"
    for one in (ListDataSets(who.token), WithdrawDataSet(who.token, new_uuid())):
        assert refusal_of(await warden.door.ask_any(one)) == "not-your-work"


@pytest.mark.parametrize(
    "changed",
    [
        {"data_set": "csds"},
        {"period": "2026-13"},
        {"period": "November"},
        {"id": "one"},
        {"reason": "because"},
        {"reason": "why " * 60},
    ],
)
async def test_what_is_not_whole_is_not_asked(
    warden: RunningWarden, changed: dict[str, str]
) -> None:
    who = await colleague(warden, "administrator")
    assert (await code_of(warden, who, asked(**changed))).startswith("bad")


async def test_a_month_that_has_not_begun_is_not_asked_for(
    warden: RunningWarden,
) -> None:
    who = await colleague(warden, "administrator")
    assert await code_of(warden, who, asked(period="2026-12")) == "not-over"


async def test_what_is_asked_waits_and_gives_the_operator_nothing(
    warden: RunningWarden,
) -> None:
    who = await colleague(warden, "administrator")
    release = await ask(warden, who)
    view = await one_of(warden, who, release)
    assert (view.is_mine, view.agreed_at, view.reason) == (True, 0, WHY)
    assert refusal_of(await begin(warden)) == "not-agreed"


async def test_nobody_agrees_to_what_they_asked_for(warden: RunningWarden) -> None:
    who = await colleague(warden, "privacy_officer")
    release = await ask(warden, who)
    assert await code_of(warden, who, AgreeDataSet(release)) == "second-person"


async def test_one_of_the_two_is_a_privacy_officer(warden: RunningWarden) -> None:
    first, second = [await colleague(warden, "administrator") for _ in range(2)]
    release = await ask(warden, first)
    assert await code_of(warden, second, AgreeDataSet(release)) == "second-person"


async def test_another_organisation_neither_sees_nor_agrees(
    warden: RunningWarden,
) -> None:
    who = await colleague(warden, "administrator")
    release = await ask(warden, who)
    home, warden.home = warden.home, f"org-{secrets.token_hex(4)}"
    await warden.organisation(warden.home)
    stranger = await colleague(warden, "privacy_officer")
    assert await code_of(warden, stranger, AgreeDataSet(release)) == "not-open"
    found = await warden.door.ask(ListDataSets(stranger.token), Releases)
    assert found == Releases(())
    assert home != warden.home


async def test_of_two_who_agree_at_once_one_does(warden: RunningWarden) -> None:
    first = await colleague(warden, "administrator")
    others = [await colleague(warden, "privacy_officer") for _ in range(3)]
    release = await ask(warden, first)
    act = AgreeDataSet(release)
    answers = await asyncio.gather(*[confirm(warden, one, act, Done) for one in others])
    assert sum(one == Done() for one in answers) == 1


async def test_the_signature_of_one_act_agrees_to_no_other(
    warden: RunningWarden,
) -> None:
    first = await colleague(warden, "administrator")
    second = await colleague(warden, "privacy_officer")
    one, other = await ask(warden, first), await ask(warden, first)
    options = await options_for(warden, second, AgreeDataSet(one))
    assert not isinstance(options, Refusal)
    response = second.key.sign_in(options.options)
    sent = FinishConfirm(second.token, AgreeDataSet(other), response)
    assert refusal_of(await warden.door.ask_any(sent)) == "not-confirmed"
    assert (await one_of(warden, first, other)).agreed_at == 0


async def test_what_was_agreed_on_is_taken_by_the_operator_alone(
    warden: RunningWarden,
) -> None:
    release, first, _ = await agreed(warden)
    found = await begun(warden)
    assert (found.release, found.version) == (release, "6.0")
    item = await item_for(warden, "ann")
    # The session is worth nothing at the door's socket, where the web process is.
    at_the_door = await warden.door.ask_any(question(found.token, item))
    assert refusal_of(at_the_door) == "not-signed-in"
    assert isinstance(await take(warden, found.token, item), Grant)
    [entry] = [
        one
        for one in warden.entries()
        if one.action == "extract" and one.organisation == found.organisation
    ]
    assert (entry.purpose, entry.role) == ("national-return", "extractor")
    assert [one.patient for one in entry.subjects] == ["ann"]
    ended = EndDataSet(
        session=found.token, is_check=False, patients=1, digest="ab" * 32
    )
    assert await warden.operator.ask(ended, Done) == Done()
    assert refusal_of(await take(warden, found.token, item)) == "not-signed-in"
    view = await one_of(warden, first, release)
    assert (view.taken, view.patients, view.digest) == (1, 1, "ab" * 32)


async def test_its_session_does_nothing_else(warden: RunningWarden) -> None:
    await agreed(warden)
    token = (await begun(warden)).token
    item = await item_for(warden, "ann")
    for action in Action:
        if action is not Action.EXTRACT:
            other = TakeForDataSet(question(token, item, action=action))
            code = refusal_of(await warden.operator.ask_any(other))
            assert code == "not-understood"
    view = await warden.door.ask_any(CheckSession(token))
    assert not isinstance(view, SessionView) or view.role == "extractor"
    for one in (ListDataSets(token), WithdrawDataSet(token, new_uuid())):
        assert isinstance(await warden.door.ask_any(one), Refusal)


async def test_nothing_sealed_and_no_other_type_goes(warden: RunningWarden) -> None:
    await agreed(warden)
    token = (await begun(warden)).token
    sealed = await item_for(warden, "ann", Tier.SEALED)
    assert refusal_of(await take(warden, token, sealed)) == "role-does-not-reach"
    note = await item_for(warden, "ben", type_="Composition")
    assert refusal_of(await take(warden, token, note)) == "extract-not-agreed"


async def test_a_canary_is_in_no_data_set_and_is_not_met_by_one(
    warden: RunningWarden,
) -> None:
    await agreed(warden)
    token = (await begun(warden)).token
    planted = PlantCanaries(warden.home, ("nobody",))
    assert isinstance(await warden.operator.ask(planted, CanaryCounts), CanaryCounts)
    item = await item_for(warden, "nobody")
    assert isinstance(await take(warden, token, item), Refusal)
    counts = await warden.operator.ask(CountCanaries(warden.home), CanaryCounts)
    assert isinstance(counts, CanaryCounts)
    assert counts.met == 0


async def test_no_session_of_a_person_takes_one(warden: RunningWarden) -> None:
    _, first, second = await agreed(warden)
    doctor = await colleague(warden, "doctor")
    item = await item_for(warden, "ann")
    for who in (first, second, doctor):
        asked_for = question(who.token, item)
        answer = await warden.door.ask_any(asked_for)
        assert refusal_of(answer) in {"extract-not-agreed", "frozen"}
        answer = await warden.operator.ask_any(TakeForDataSet(asked_for))
        assert refusal_of(answer) == "not-signed-in"


async def test_who_tries_it_ten_times_is_frozen(warden: RunningWarden) -> None:
    doctor = await colleague(warden, "doctor")
    items = [await item_for(warden, f"patient-{n}") for n in range(11)]
    codes = [
        refusal_of(await warden.door.ask_any(question(doctor.token, one)))
        for one in items
    ]
    assert codes[0] == "extract-not-agreed"
    # Frozen, and its sessions are over.
    assert codes[-1] in {"frozen", "not-signed-in"}


async def test_it_holds_for_three_weeks_and_for_its_month(
    warden: RunningWarden, clock: FrozenClock
) -> None:
    await agreed(warden)
    assert refusal_of(await begin(warden, "2026-10")) == "not-agreed"
    clock.move(timedelta(days=AGREED_DAYS) - timedelta(minutes=1))
    found = await begun(warden)
    clock.move(timedelta(minutes=2))
    item = await item_for(warden, "ann")
    assert refusal_of(await take(warden, found.token, item)) == "not-signed-in"
    assert refusal_of(await begin(warden)) == "not-agreed"


async def test_it_is_begun_so_often_and_no_oftener(warden: RunningWarden) -> None:
    await agreed(warden)
    for _ in range(MOST_TAKEN):
        await begun(warden)
    assert refusal_of(await begin(warden)) == "not-agreed"


async def test_withdrawn_it_stops_at_once(warden: RunningWarden) -> None:
    release, first, second = await agreed(warden)
    token = (await begun(warden)).token
    item = await item_for(warden, "ann")
    withdrawn = WithdrawDataSet(second.token, release)
    assert await warden.door.ask(withdrawn, Done) == Done()
    assert refusal_of(await take(warden, token, item)) == "not-signed-in"
    assert refusal_of(await begin(warden)) == "not-agreed"
    assert refusal_of(await warden.door.ask_any(withdrawn)) == "not-open"
    assert (await one_of(warden, first, release)).withdrawn_at > 0


async def test_a_check_changes_nothing_of_what_was_taken(warden: RunningWarden) -> None:
    release, first, _ = await agreed(warden)
    found = await begun(warden)
    ended = EndDataSet(session=found.token, is_check=True, patients=9, digest="")
    assert await warden.operator.ask(ended, Done) == Done()
    assert refusal_of(await warden.operator.ask_any(ended)) == "not-signed-in"
    view = await one_of(warden, first, release)
    assert (view.taken, view.patients) == (1, 0)


async def test_unknown_names_are_not_agreed_on(warden: RunningWarden) -> None:
    await agreed(warden)
    for asked_for in (
        BeginDataSet("nowhere", "mhsds", PERIOD),
        BeginDataSet(warden.home, "csds", PERIOD),
    ):
        assert refusal_of(await warden.operator.ask_any(asked_for)) == "not-agreed"


def test_months_are_written_as_they_are() -> None:
    february = period_named("2028-02")
    assert february is not None
    assert (february.ends.day, february.name) == (29, "2028-02")
    for odd in ("", "2026", "2026-1", "2026-00", "2026-11-01", "x", "2026-W05"):
        assert period_named(odd) is None, odd


# What comes twice, and what changes meanwhile


async def test_a_form_that_is_sent_twice_asks_once_and_tells_nothing_of_others(
    warden: RunningWarden,
) -> None:
    first, act = await colleague(warden, "administrator"), asked()
    assert isinstance(await confirm(warden, first, act, Created), Created)
    assert await confirm(warden, first, act, Done) == Done()
    told = [one for one in warden.entries() if act.id in one.request]
    assert [one.action for one in told] == ["ask-data-set"]
    warden.home = f"org-{secrets.token_hex(4)}"
    await warden.organisation(warden.home)
    stranger = await colleague(warden, "privacy_officer")
    assert await confirm(warden, stranger, act, Done) == Done()
    theirs = await warden.door.ask(ListDataSets(stranger.token), Releases)
    assert theirs == Releases(())


async def test_whoever_gets_past_the_page_agrees_to_nothing_all_the_same(
    warden: RunningWarden,
) -> None:
    """What the page shows is no rule: the act holds both of its own."""
    first = await colleague(warden, "privacy_officer")
    second = await colleague(warden, "administrator")
    release = await ask(warden, first)
    desk, act = desk_of(warden, DataSets), AgreeDataSet(release)
    assert await desk._agree(session_of(warden, first), act) == _SECOND_PERSON
    withdrawn = WithdrawDataSet(first.token, release)
    assert await warden.door.ask(withdrawn, Done) == Done()
    assert await desk._agree(session_of(warden, second), act) == _NOT_OPEN
    # Nor does a signature say what it was for, so it fits no other that is asked for
    assert await desk._asked_for(session_of(warden, second), act) == b""
    assert (await one_of(warden, first, release)).agreed_at == 0


def session_of(warden: RunningWarden, who: Colleague) -> Session:
    session = warden.service._sessions.use(who.token)
    assert session is not None
    return session


async def test_what_was_withdrawn_elsewhere_meanwhile_is_not_decided_again(
    warden: RunningWarden, owner: Connection
) -> None:
    first = await colleague(warden, "administrator")
    second = await colleague(warden, "privacy_officer")
    one, other = await ask(warden, first), await ask(warden, first)
    before = len(warden.entries())
    async with owner.transaction():
        await owner.execute(
            "update warden.data_set_release set withdrawn_at = asked_at,"
            " withdrawn_by = asked_by where id = any($1::text[]::uuid[])",
            [one, other],
        )
        agreeing = asyncio.create_task(confirm(warden, second, AgreeDataSet(one), Done))
        await until_waited_for(owner)
    assert refusal_of(await agreeing) == "not-open"
    third = await ask(warden, first)
    async with owner.transaction():
        await owner.execute(
            "update warden.data_set_release set withdrawn_at = asked_at,"
            " withdrawn_by = asked_by where id = $1::text::uuid",
            third,
        )
        asked_for = WithdrawDataSet(second.token, third)
        withdrawing = asyncio.create_task(warden.door.ask_any(asked_for))
        await until_waited_for(owner)
    assert refusal_of(await withdrawing) == "not-open"
    told = [one.action for one in warden.entries()[before:]]
    assert not {"agree-data-set", "withdraw-data-set"} & set(told)


async def test_what_the_ledger_could_not_be_told_was_not_agreed_on(
    warden: RunningWarden, installation: Installation
) -> None:
    first = await colleague(warden, "administrator")
    second = await colleague(warden, "privacy_officer")
    release = await ask(warden, first)
    desk, act = desk_of(warden, DataSets), AgreeDataSet(release)
    session = session_of(warden, second)
    with no_room_in(installation.layout.ledger):
        refused = await desk._agree(session, act)
    assert refusal_of(refused) == "ledger-cannot-write"
    assert (await one_of(warden, first, release)).agreed_at == 0
    assert refusal_of(await begin(warden)) == "not-agreed"
    # It waits still, and is agreed on once there is room.
    assert await confirm(warden, second, act, Done) == Done()
    assert isinstance(await begin(warden), DataSetBegun)


async def test_what_is_withdrawn_ends_no_other_that_is_being_taken(
    warden: RunningWarden,
) -> None:
    release, first, second = await agreed(warden)
    older = asked(period="2026-10")
    assert isinstance(await confirm(warden, first, older, Created), Created)
    assert await confirm(warden, second, AgreeDataSet(older.id), Done) == Done()
    token, other = (await begun(warden)).token, await begin(warden, "2026-10")
    assert isinstance(other, DataSetBegun)
    withdrawn = WithdrawDataSet(second.token, release)
    assert await warden.door.ask(withdrawn, Done) == Done()
    item = await item_for(warden, "ann")
    assert refusal_of(await take(warden, token, item)) == "not-signed-in"
    assert isinstance(await take(warden, other.token, item), Grant)
