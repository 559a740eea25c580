# SPDX-License-Identifier: Apache-2.0
"""The operator's people: what they reach by a grant, and all that they do not."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from support.acts import Colleague, colleague, confirm
from support.owner import owner_of, until_waited_for
from support.warden import Installation, RunningWarden, running_warden
from wardkeep.base.clock import FrozenClock
from wardkeep.disclosure.answers import (
    Answer,
    Done,
    Grant,
    NewKeys,
    Refusal,
    SessionView,
    SignedIn,
)
from wardkeep.disclosure.people import (
    AddPeople,
    ApproveRights,
    ChangeRole,
    NewPerson,
    SwitchOrganisation,
    Waiting,
)
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import (
    CheckSession,
    ComputeTokens,
    Disclose,
    EndAccount,
    Item,
    NewPatientKeys,
    OpenSharedKey,
)
from wardkeep.disclosure.support import (
    EndSupport,
    GrantSupport,
    ListMyGrants,
    ListSupport,
    MyGrants,
    Support,
    SupportWatched,
    WatchSupport,
)

START = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
REASON = "call 4711: the chart stays empty"


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(START)


class Scene(NamedTuple):
    """An organisation, two who may grant, and one of the operator's people."""

    ada: Colleague
    pia: Colleague
    wren: Colleague
    organisation: int


async def scene_of(warden: RunningWarden) -> Scene:
    warden.home = f"org-{secrets.token_hex(4)}"
    number = await warden.organisation(warden.home)
    ada = await colleague(warden, "administrator", name="Ada Holt")
    pia = await colleague(warden, "privacy_officer", name="Pia Stone")
    account = await warden.account("support", organisation="support", name="Wren")
    token, key = await warden.enrol(account)
    return Scene(ada, pia, Colleague(account, token, key), number)


@pytest.fixture
async def warden(
    installation: Installation, clock: FrozenClock
) -> AsyncIterator[RunningWarden]:
    async with running_warden(installation, clock=clock) as running:
        yield running


@pytest.fixture
async def scene(warden: RunningWarden) -> Scene:
    return await scene_of(warden)


def asking(wren: Colleague, *patients: str, **changed: object) -> GrantSupport:
    told = {"minutes": 30, "reason": REASON, "is_record": True, **changed}
    return GrantSupport(account=wren.account, patients=patients, **told)  # type: ignore[arg-type]


async def grant(
    warden: RunningWarden, scene: Scene, *patients: str, **changed: object
) -> str:
    """Granted by two; the grant's id."""
    act = asking(scene.wren, *patients, **changed)
    waiting = await confirm(warden, scene.ada, act, Waiting)
    assert isinstance(waiting, Waiting), waiting
    approved = await confirm(warden, scene.pia, ApproveRights(waiting.request), Done)
    assert approved == Done(), approved
    listed = await warden.door.ask(ListSupport(scene.ada.token), Support)
    assert isinstance(listed, Support)
    return listed.grants[0].id


async def test_two_that_are_confirmed_at_once_are_one(
    warden: RunningWarden, scene: Scene, installation: Installation
) -> None:
    """Ten patients by two grants of five, because neither saw the other."""
    first = await confirm(warden, scene.ada, asking(scene.wren, "p-1"), Waiting)
    second = await confirm(warden, scene.ada, asking(scene.wren, "p-2"), Waiting)
    assert isinstance(first, Waiting)
    assert isinstance(second, Waiting)
    eve = await colleague(warden, "administrator", name="Eve Lark")
    async with owner_of(installation) as owner:
        async with owner.transaction():
            await owner.execute("lock table warden.support_grant in share mode")
            both = [
                asyncio.create_task(confirm(warden, who, ApproveRights(one), Done))
                for who, one in ((scene.pia, first.request), (eve, second.request))
            ]
            await until_waited_for(owner, many=2)
        answers = await asyncio.gather(*both)
    assert sorted(type(one).__name__ for one in answers) == ["Done", "Refusal"]
    listed = await warden.door.ask(ListSupport(scene.ada.token), Support)
    assert isinstance(listed, Support)
    assert len(listed.grants) == 1


async def gone_there(warden: RunningWarden, scene: Scene) -> str:
    """Wren's session in the organisation."""
    asked = SwitchOrganisation(scene.wren.token, scene.organisation)
    there = await warden.door.ask(asked, SignedIn)
    assert isinstance(there, SignedIn), there
    return there.token


async def item(warden: RunningWarden, patient: str, tier: Tier = Tier.RECORD) -> Item:
    token = await warden.import_session(warden.home)
    made = await warden.operator.ask(NewPatientKeys(token, (patient,)), NewKeys)
    assert isinstance(made, NewKeys), made
    wrapped = made.patients[0].wrapped[tier - 1]
    return Item(patient, tier, wrapped, (("Observation", "o-1", 1),))


async def open_(
    warden: RunningWarden,
    token: str,
    items: Sequence[Item],
    action: Action = Action.READ,
) -> Answer:
    care = Purpose.DIRECT_CARE
    question = Disclose(token, care, "my own words", action, tuple(items))
    return await warden.door.ask(question, Grant)


def code_of(answer: object) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code


async def test_a_grant_by_two_opens_its_patients_and_is_watched(
    warden: RunningWarden, scene: Scene
) -> None:
    anna = await item(warden, "anna")
    granted = await grant(warden, scene, "anna")
    token = await gone_there(warden, scene)
    assert isinstance(await open_(warden, token, [anna]), Grant)
    entry = warden.entries()[-1]
    # Whatever was asked, purpose and reason are the organisation's.
    assert (entry.purpose, entry.reason) == ("support", REASON)
    assert entry.subjects[0].relationship == "support grant"
    seen = await warden.door.ask(WatchSupport(scene.pia.token, granted), SupportWatched)
    assert isinstance(seen, SupportWatched)
    assert [one.patient for one in seen.openings] == ["anna"]
    mine = await warden.door.ask(ListMyGrants(token), MyGrants)
    assert isinstance(mine, MyGrants)
    assert mine.grants[0].is_here


async def test_without_a_grant_support_reaches_nothing(
    warden: RunningWarden, scene: Scene
) -> None:
    anna = await item(warden, "anna")
    wren = scene.wren.token
    assert code_of(await open_(warden, wren, [anna])) != ""
    there = SwitchOrganisation(wren, scene.organisation)
    assert code_of(await warden.door.ask(there, SignedIn)) == "not-your-work"
    for question in (
        ComputeTokens(wren, (b"a",)),
        NewPatientKeys(wren, ("new",)),
        OpenSharedKey(wren, b"x" * 60),
        ListSupport(wren),
    ):
        assert code_of(await warden.door.ask_any(question)) == "not-your-work"


async def test_a_grant_reaches_no_other_patient_tier_or_act(
    warden: RunningWarden, scene: Scene
) -> None:
    anna, bert = await item(warden, "anna"), await item(warden, "bert")
    sealed = await item(warden, "carl", Tier.SEALED)
    banner = await item(warden, "dora", Tier.BANNER)
    record = await item(warden, "dora")
    await grant(warden, scene, "anna", "carl")
    token = await gone_there(warden, scene)
    assert code_of(await open_(warden, token, [bert])) == "not-granted"
    assert isinstance(await open_(warden, token, [anna, bert]), Refusal)
    assert code_of(await open_(warden, token, [sealed])) == "not-granted"
    for act in (Action.FIND, Action.SEARCH, Action.WRITE, Action.DELETE):
        assert code_of(await open_(warden, token, [anna], act)) == "not-granted", act
    for question in (
        ComputeTokens(token, (b"a",)),
        NewPatientKeys(token, ("new",)),
        OpenSharedKey(token, b"x" * 60),
    ):
        assert code_of(await warden.door.ask_any(question)) == "not-your-work"
    listed = await warden.door.ask(ListSupport(scene.ada.token), Support)
    assert isinstance(listed, Support)
    await warden.door.ask(EndSupport(scene.ada.token, listed.grants[0].id), Done)
    back = await warden.sign_in(scene.wren.key)
    assert isinstance(back, SignedIn)
    scene = scene._replace(wren=scene.wren._replace(token=back.token))
    await grant(warden, scene, "dora", is_record=False)
    token = await gone_there(warden, scene)
    assert isinstance(await open_(warden, token, [banner]), Grant)
    assert code_of(await open_(warden, token, [record])) == "not-granted"


async def test_the_minutes_end_it_and_no_clock_lengthens_them(
    warden: RunningWarden, scene: Scene, clock: FrozenClock
) -> None:
    anna = await item(warden, "anna")
    await grant(warden, scene, "anna", minutes=15)
    token = await gone_there(warden, scene)
    for _ in range(2):
        clock.move(timedelta(minutes=7))
        assert isinstance(await open_(warden, token, [anna]), Grant)
    clock.move(timedelta(minutes=2))
    clock.step_wall_time(timedelta(minutes=-60))
    assert isinstance(await open_(warden, token, [anna]), Refusal)
    back = await warden.sign_in(scene.wren.key)
    assert isinstance(back, SignedIn)
    assert isinstance(await open_(warden, back.token, [anna]), Refusal)


async def test_the_button_ends_it_at_once_with_its_sessions(
    warden: RunningWarden, scene: Scene
) -> None:
    anna = await item(warden, "anna")
    granted = await grant(warden, scene, "anna")
    token = await gone_there(warden, scene)
    assert isinstance(await open_(warden, token, [anna]), Grant)
    stranger_home, home = f"org-{secrets.token_hex(4)}", warden.home
    await warden.organisation(stranger_home)
    warden.home = stranger_home
    stranger = await colleague(warden, "administrator", name="Zed")
    warden.home = home
    ends = EndSupport(stranger.token, granted)
    assert code_of(await warden.door.ask(ends, Done)) == "no-such-grant"
    assert await warden.door.ask(EndSupport(scene.pia.token, granted), Done) == Done()
    assert code_of(await open_(warden, token, [anna])) == "not-signed-in"
    asked = WatchSupport(scene.ada.token, granted)
    seen = await warden.door.ask(asked, SupportWatched)
    assert isinstance(seen, SupportWatched)
    assert (seen.grant.ended_by, seen.grant.openings) == ("Pia Stone", 1)
    back = await warden.sign_in(scene.wren.key)
    assert isinstance(back, SignedIn)
    again = SwitchOrganisation(back.token, scene.organisation)
    assert code_of(await warden.door.ask(again, SignedIn)) == "not-your-work"


async def test_one_person_alone_grants_nothing(
    warden: RunningWarden, scene: Scene
) -> None:
    act = asking(scene.wren, "anna")
    waiting = await confirm(warden, scene.ada, act, Waiting)
    assert isinstance(waiting, Waiting)
    own = await confirm(warden, scene.ada, ApproveRights(waiting.request), Done)
    assert code_of(own) == "second-person"
    nurse = await colleague(warden, "ward_nurse", name="Nell")
    assert code_of(await confirm(warden, nurse, act, Waiting)) == "not-your-work"
    assert isinstance(await confirm(warden, scene.wren, act, Waiting), Refusal)
    mine = await warden.door.ask(ListMyGrants(scene.wren.token), MyGrants)
    assert mine == MyGrants(())


@pytest.mark.parametrize(
    "wrong",
    [
        {"patients": ("a", "b", "c", "d", "e", "f")},
        {"patients": ()},
        {"patients": ("../x",)},
        {"minutes": 61},
        {"minutes": 0},
        {"reason": "x"},
        {"account": "nobody"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
async def test_a_grant_has_bounds_in_patients_and_minutes(
    warden: RunningWarden, scene: Scene, wrong: dict[str, object]
) -> None:
    told = {
        "account": scene.wren.account,
        "patients": ("anna",),
        "minutes": 15,
        "reason": REASON,
        **wrong,
    }
    act = GrantSupport(**told)  # type: ignore[arg-type]
    assert code_of(await confirm(warden, scene.ada, act, Waiting)) == "bad-rights"


async def test_nobody_is_made_support_by_an_organisation(
    warden: RunningWarden, scene: Scene
) -> None:
    nurse = await colleague(warden, "ward_nurse", name="Nell")
    for act in (
        AddPeople((NewPerson("Eve", "support"),)),
        ChangeRole(nurse.account, "support"),
        asking(nurse, "anna"),
    ):
        assert code_of(await confirm(warden, scene.ada, act, Waiting)) == "bad-rights"


async def test_a_grant_is_for_one_person_and_ends_with_their_account(
    warden: RunningWarden, scene: Scene
) -> None:
    anna = await item(warden, "anna")
    await grant(warden, scene, "anna")
    other = await warden.account("support", organisation="support", name="Ivo")
    token, _ = await warden.enrol(other)
    asked = SwitchOrganisation(token, scene.organisation)
    assert code_of(await warden.door.ask(asked, SignedIn)) == "not-your-work"
    there = await gone_there(warden, scene)
    await warden.operator.ask(EndAccount(scene.wren.account), Done)
    assert code_of(await open_(warden, there, [anna])) == "not-signed-in"


async def test_a_restart_neither_ends_nor_lengthens_a_grant(
    installation: Installation, clock: FrozenClock
) -> None:
    async with running_warden(installation, clock=clock) as warden:
        scene = await scene_of(warden)
        anna = await item(warden, "anna")
        granted = await grant(warden, scene, "anna", minutes=15)
        token = await gone_there(warden, scene)
        assert isinstance(await open_(warden, token, [anna]), Grant)
    clock.move(timedelta(minutes=5))
    async with running_warden(installation, clock=clock) as warden:
        assert isinstance(await open_(warden, token, [anna]), Grant)
        asked = WatchSupport(scene.ada.token, granted)
        seen = await warden.door.ask(asked, SupportWatched)
        assert isinstance(seen, SupportWatched)
        assert len(seen.openings) == 2
        clock.move(timedelta(minutes=9, seconds=50))
        assert isinstance(await open_(warden, token, [anna]), Grant)
        clock.move(timedelta(seconds=11))
        gone = await warden.door.ask(CheckSession(token), SessionView)
        assert code_of(gone) == "not-signed-in"
