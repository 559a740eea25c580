# SPDX-License-Identifier: Apache-2.0
"""Erasure: who may ask and approve, what is closed for good, what survives a stop."""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from support.acts import ApproveErasure
from support.owner import owner_of
from support.warden import Installation, RunningWarden, running_warden
from wardkeep.assembly.database import OWNER, WARDEN, address_for
from wardkeep.base.clock import FrozenClock, SystemClock
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import (
    Created,
    Done,
    Erasures,
    ErasureView,
    Grant,
    NewKeys,
    Refusal,
)
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import (
    AskErasure,
    CreateOrganisation,
    Disclose,
    Item,
    ListErasures,
    NewPatientKeys,
    WithdrawErasure,
)
from wardkeep.warden import erasures

WHY = "asked in a letter of 1 May"
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


class People(NamedTuple):
    """Sessions of those who may decide, and of one who may not."""

    officer: str
    other_officer: str
    administrator: str
    doctor: str


@contextlib.asynccontextmanager
async def warden_of(
    installation: Installation, clock: FrozenClock | None = None
) -> AsyncIterator[RunningWarden]:
    async with running_warden(installation, clock=clock) as warden:
        for slug in ("fernhill", "larkspur"):
            await warden.operator.ask(CreateOrganisation(slug, slug.title()), Created)
        yield warden


async def people_of(warden: RunningWarden) -> People:
    return People(
        officer=await warden.session("privacy_officer"),
        other_officer=await warden.session("privacy_officer"),
        administrator=await warden.session("administrator"),
        doctor=await warden.session("doctor"),
    )


async def item_for(warden: RunningWarden, patient: str) -> Item:
    token = await warden.import_session()
    given = await warden.operator.ask(NewPatientKeys(token, (patient,)), NewKeys)
    assert isinstance(given, NewKeys), given
    wrapped = given.patients[0].wrapped[Tier.RECORD - 1]
    return Item(patient, Tier.RECORD, wrapped, (("Observation", "o-1", 1),))


async def ask(warden: RunningWarden, session: str, patient: str) -> str:
    """The id of the question, or the code of a refusal."""
    question = AskErasure(session, patient, "person-asked", WHY)
    given = await warden.door.ask(question, Created)
    return given.code if isinstance(given, Refusal) else given.id


async def decide(warden: RunningWarden, question: object) -> str:
    """Empty for yes, or the code of a refusal."""
    if isinstance(question, ApproveErasure):
        given = await question.by(warden.door)
    else:
        assert isinstance(question, WithdrawErasure)
        given = await warden.door.ask(question, Done)
    return given.code if isinstance(given, Refusal) else ""


async def listed(warden: RunningWarden, session: str, id_: str) -> ErasureView:
    given = await warden.door.ask(ListErasures(session), Erasures)
    assert isinstance(given, Erasures), given
    [found] = [one for one in given.erasures if one.id == id_]
    return found


async def opened(warden: RunningWarden, session: str, item: Item) -> str:
    question = Disclose(
        session, Purpose.DIRECT_CARE, "rang about results", Action.READ, (item,)
    )
    given = await warden.door.ask(question, Grant)
    return given.code if isinstance(given, Refusal) else "opened"


def entries_about(warden: RunningWarden, patient: str) -> list[str]:
    ledger = warden.service._ledger
    return [
        entry.action
        for entry in ledger.entries(0, ledger.committed_size)
        if patient in entry.patients
    ]


async def test_two_people_close_a_record_for_good(installation: Installation) -> None:
    async with warden_of(installation) as warden:
        who = await people_of(warden)
        item = await item_for(warden, "p-gone")
        assert await opened(warden, who.doctor, item) == "opened"
        erasure = await ask(warden, who.administrator, "p-gone")
        assert await opened(warden, who.doctor, item) == "opened"
        assert await decide(warden, ApproveErasure(who.officer, erasure)) == ""
        # The item has the wrapped key, as a backup that is put back would.
        assert await opened(warden, who.doctor, item) == "erased"
        view = await listed(warden, who.officer, erasure)
        assert view.done_at >= view.approved_at > 0
        assert view.ground == "person-asked"
        actions = entries_about(warden, "p-gone")
        wanted = ["ask-erasure", "approve-erasure", "erase"]
        assert [one for one in actions if one in wanted] == wanted
    async with running_warden(installation) as again:
        doctor = await again.session("doctor")
        assert await opened(again, doctor, item) == "erased"


async def test_who_approves_signs_whom_it_is_about_and_not_a_number(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        who = await people_of(warden)
        await item_for(warden, "signed-for")
        erasure = await ask(warden, who.administrator, "signed-for")
        assert await decide(warden, ApproveErasure(who.officer, erasure)) == ""
    async with owner_of(installation) as owner:
        signed = await owner.fetch("select act from warden.signed_act")
    assert [one for one in signed if b"signed-for" in one["act"]] != []


async def test_what_the_ledger_cannot_hold_is_not_approved(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def is_written() -> bool:
        return False

    async with warden_of(installation) as warden:
        who = await people_of(warden)
        item = await item_for(warden, "p-unwritten")
        erasure = await ask(warden, who.administrator, "p-unwritten")
        approve = ApproveErasure(who.officer, erasure)
        monkeypatch.setattr(warden.service._eraser, "_written", is_written)
        assert await decide(warden, approve) == "ledger-cannot-write"
        assert await opened(warden, who.doctor, item) == "opened"
        assert (await listed(warden, who.officer, erasure)).approved_at == 0
        monkeypatch.undo()
        assert await decide(warden, approve) == ""
        assert await opened(warden, who.doctor, item) == "erased"


async def test_nobody_gets_an_erased_id_again(installation: Installation) -> None:
    async with warden_of(installation) as warden:
        who = await people_of(warden)
        erasure = await ask(warden, who.officer, "p-never-again")
        assert await decide(warden, ApproveErasure(who.other_officer, erasure)) == ""
        token = await warden.import_session()
        question = NewPatientKeys(token, ("p-never-again",))
        given = await warden.operator.ask(question, NewKeys)
        assert isinstance(given, Refusal)
        assert given.code == "erased"


async def test_one_person_alone_erases_nothing(installation: Installation) -> None:
    async with warden_of(installation) as warden:
        who = await people_of(warden)
        item = await item_for(warden, "p-alone")
        erasure = await ask(warden, who.officer, "p-alone")
        code = await decide(warden, ApproveErasure(who.officer, erasure))
        assert code == "second-person"
        by_doctor = await decide(warden, ApproveErasure(who.doctor, erasure))
        assert by_doctor == "not-your-work"
        assert await opened(warden, who.doctor, item) == "opened"
        assert (await listed(warden, who.officer, erasure)).approved_at == 0


async def test_a_privacy_officer_must_be_one_of_the_two(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        who = await people_of(warden)
        second = await warden.session("administrator")
        erasure = await ask(warden, who.administrator, "p-administrators")
        assert await decide(warden, ApproveErasure(second, erasure)) == "second-person"


async def test_other_organisations_see_and_decide_nothing(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        who = await people_of(warden)
        stranger = await warden.session("privacy_officer", organisation="larkspur")
        erasure = await ask(warden, who.officer, "p-ours")
        for question in (
            ApproveErasure(stranger, erasure),
            WithdrawErasure(stranger, erasure),
            ApproveErasure(stranger, "no id"),
        ):
            assert await decide(warden, question) == "not-open"
        given = await warden.door.ask(ListErasures(stranger), Erasures)
        assert isinstance(given, Erasures)
        assert erasure not in [one.id for one in given.erasures]


async def test_what_was_withdrawn_can_be_asked_again_but_not_approved(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        who = await people_of(warden)
        first = await ask(warden, who.officer, "p-kept")
        assert await ask(warden, who.administrator, "p-kept") == "already-there"
        assert await decide(warden, WithdrawErasure(who.administrator, first)) == ""
        assert await decide(warden, ApproveErasure(who.other_officer, first)) == (
            "not-open"
        )
        assert len(await ask(warden, who.administrator, "p-kept")) == 36


@pytest.mark.parametrize(
    ("patient", "ground", "reason"),
    [
        ("", "person-asked", WHY),
        ("p", "because", WHY),
        ("p", "court-order", "short"),
        ("not an id", "court-order", WHY),
    ],
)
async def test_a_question_that_says_too_little_is_refused(
    installation: Installation, patient: str, ground: str, reason: str
) -> None:
    async with warden_of(installation) as warden:
        officer = await warden.session("privacy_officer")
        question = AskErasure(officer, patient, ground, reason)
        given = await warden.door.ask(question, Created)
        assert isinstance(given, Refusal)
        assert given.code == "bad-erasure"


async def test_what_was_approved_before_a_stop_is_done_at_the_start(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        who = await people_of(warden)
        second = await warden.account("privacy_officer")
        erasure = await ask(warden, who.officer, "p-interrupted")
        database = Database(
            address_for(installation.settings, installation.layout, WARDEN)
        )
        async with database.connection() as connection:
            # As if the warden had been killed behind the approval.
            assert await erasures.approve(
                connection, erasure, account=second, at=SystemClock().now()
            )
        await database.close()
    async with running_warden(installation) as again:
        officer = await again.session("privacy_officer")
        assert (await listed(again, officer, erasure)).done_at > 0
        await again.session("doctor")
        assert "erase" in entries_about(again, "p-interrupted")


async def test_a_database_put_back_from_a_backup_brings_nobody_back(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        who = await people_of(warden)
        item = await item_for(warden, "p-restored")
        erasure = await ask(warden, who.officer, "p-restored")
        assert await decide(warden, ApproveErasure(who.other_officer, erasure)) == ""
        database = Database(
            address_for(installation.settings, installation.layout, OWNER)
        )
        async with database.connection() as connection:
            # As a backup of the day before: the row is back, the erasure unknown.
            await connection.execute(
                "delete from warden.erasure where patient = 'p-restored'"
            )
        await database.close()
    async with running_warden(installation) as again:
        doctor = await again.session("doctor")
        assert await opened(again, doctor, item) == "erased"
