# SPDX-License-Identifier: Apache-2.0
"""Lists are put in order before they are cut off, on a real database and warden."""

import secrets
from datetime import timedelta

import msgspec
import pytest

from support.clinics import Town, clinic_town
from support.warden import Installation
from wardkeep.fhir.messages import messages
from wardkeep.fhir.messages.message import ANSWER, THREAD, Message, message_resource
from wardkeep.fhir.messages.messages import Messages, Threads
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import Opener, Written
from wardkeep.fhir.tasks import tasks
from wardkeep.fhir.tasks.tasks import Open, Tasks
from wardkeep.fhir.tasks.to_do import ToDo, task_resource

NIA = Person("Practitioner/nia", "Nia Night")
DAN = Person("Practitioner/dan", "Dan Day")


class Ward(msgspec.Struct, frozen=True):
    """Two patients, and a nurse who writes about them."""

    town: Town
    opener: Opener
    patients: tuple[str, str]

    async def write(self, *made: Resource) -> None:
        drafts = [draft_of(one, str(one.content["id"])) for one in made]
        change = Change(drafts=drafts, expected=[None] * len(drafts))
        written = await self.town.writer.write(change, opener=self.opener)
        assert isinstance(written, Written), written


async def ward_of(town: Town) -> Ward:
    first, second = (f"p{secrets.token_hex(4)}" for _ in range(2))
    account = await town.warden.account("doctor", organisation=town.warden.home)
    for one in (first, second):
        await town.load([{"resourceType": "Patient", "id": one}])
        await town.warden.relate(account, one, organisation=town.warden.home)
    token, _ = await town.warden.enrol(account)
    opener = Opener(session=token, organisation=town.organisation)
    return Ward(town, opener, (first, second))


async def test_the_task_that_is_due_first_is_listed_however_many_there_are(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "MOST_LISTED", 3)
    async with clinic_town(installation, home=f"org-{secrets.token_hex(4)}") as town:
        ward, now = await ward_of(town), town.clock.now()
        who = ward.patients[0]
        # The later ones first: what is met first is not what is due first.
        made = [
            ToDo(
                id=f"{who}-{hours}",
                kind="result",
                words="Repeat it",
                due=now + timedelta(hours=hours),
                patient=who,
                priority="routine",
                requester=DAN,
                owner=NIA,
                asked=now,
                changed=now,
            )
            for hours in (9, 8, 7, 6, 1, 2)
        ]
        await ward.write(*map(task_resource, made))
        found = await Tasks(town.database, town.warden.door).open_for(
            NIA.reference, (), opener=ward.opener
        )
        assert isinstance(found, Open), found
        assert [one.id for one in found.tasks][:3] == [
            f"{who}-1",
            f"{who}-2",
            f"{who}-6",
        ]
        assert found.is_more
        monkeypatch.setattr(tasks, "MOST_LISTED", 6)
        whole = await Tasks(town.database, town.warden.door).open_for(
            NIA.reference, (), opener=ward.opener
        )
        assert isinstance(whole, Open), whole
        assert (len(whole.tasks), whole.is_more) == (6, False)


async def test_an_old_thread_with_a_new_answer_stands_before_newer_ones(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "MOST_THREADS", 2)
    async with clinic_town(installation, home=f"org-{secrets.token_hex(4)}") as town:
        ward, now = await ward_of(town), town.clock.now()
        who, other = ward.patients

        def said(id_: str, kind: str, thread: str, about: str) -> Resource:
            one = Message(
                id=f"{who}-{id_}",
                kind=kind,
                thread=f"{who}-{thread}",
                patient=about,
                sender=DAN,
                to=(NIA,) if kind == THREAD else (),
                sent=now,
                subject="About today",
                text="Please look at it.",
            )
            return message_resource(one)

        # One write after the other: the store says when each was written.
        for id_ in ("oldest", "older", "newer", "newest"):
            about = other if id_ == "newer" else who
            await ward.write(said(id_, THREAD, id_, about))
        await ward.write(said("answer", ANSWER, "oldest", who))
        found = Messages(town.database, town.warden.door)

        async def page(number: int, about: str = "") -> tuple[list[str], int]:
            threads = await found.mine(
                NIA.reference, (), opener=ward.opener, page=number, about=about
            )
            assert isinstance(threads, Threads), threads
            ids = [one.id.removeprefix(f"{who}-") for one in threads.lines]
            return ids, threads.total

        assert await page(0) == (["oldest", "newest"], 4)
        assert await page(1) == (["newer", "older"], 4)
        assert await page(2) == ([], 4)
        # Of one patient: none is hidden by newer ones about others.
        assert await page(0, other) == (["newer"], 1)
