# SPDX-License-Identifier: Apache-2.0
"""The warden as a whole: too much at once, housekeeping, and what it says of itself."""

import asyncio
import contextlib

import pytest

from support.owner import owner_of
from support.waiting import until
from support.warden import Installation, RunningWarden, running_warden
from wardkeep.db.connection import connect
from wardkeep.db.embedded import EmbeddedPostgres
from wardkeep.db.errors import DatabaseBusyError, DatabaseUnavailableError
from wardkeep.db.server.folder import BOOTSTRAP_ROLE
from wardkeep.disclosure.answers import (
    Answer,
    CeremonyOptions,
    Created,
    Health,
    Refusal,
    SessionView,
    SignedIn,
)
from wardkeep.disclosure.questions import (
    AskHealth,
    BeginSignIn,
    CheckSession,
    CreateOrganisation,
    Hello,
    ListAccounts,
    LookAtInvitation,
)
from wardkeep.ledger.log import Ledger
from wardkeep.ledger.verify import verify
from wardkeep.warden.service import service as service_module
from wardkeep.warden.service.batch import Reply


async def health(warden: RunningWarden) -> Health:
    answer = await warden.door.ask(AskHealth(), Health)
    assert isinstance(answer, Health), answer
    return answer


async def test_health_tells_what_runs_and_nothing_of_any_patient(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        await warden.operator.ask(CreateOrganisation("fernhill", "Fernhill"), Created)
        await warden.session("doctor")
        said = await health(warden)
        assert said.is_ledger_writable
        assert said.is_database_reachable
        assert said.organisations == 1
        assert said.live_sessions >= 1
        assert said.ledger_size == warden.service._ledger.committed_size
        assert said.verify_key == warden.service.ledger.verify_key.public_bytes


async def test_a_question_outside_the_socket_s_own_is_not_understood(
    installation: Installation,
) -> None:
    """The sockets' decoders stop these; the service does not rely on it."""
    said: list[Answer] = []
    async with running_warden(installation) as warden:
        warden.service.answer_door(ListAccounts("fernhill"), said.append)
        warden.service.answer_operator(BeginSignIn(), said.append)
        warden.service.answer_door(Hello(1, "test"), said.append)
    assert [one.code for one in said if isinstance(one, Refusal)] == [
        "not-understood"
    ] * 3


async def test_answers_of_one_turn_leave_after_one_write_in_their_order(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[int] = []
    commits: list[int] = []

    def replying(number: int) -> Reply:
        return lambda _answer: said.append(number)

    async with running_warden(installation) as warden:
        commit = warden.service._ledger.commit

        def counted() -> None:
            commits.append(len(said))
            commit()

        monkeypatch.setattr(warden.service._ledger, "commit", counted)
        for number in range(3):
            warden.service.answer_door(CheckSession(""), replying(number))
        assert said == []
        await until(lambda: len(said) == 3)
        assert (said, commits) == ([0, 1, 2], [0])


async def test_more_work_than_may_wait_for_the_database_is_told_to_come_back(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "MAX_TASKS", 2)
    async with running_warden(installation) as warden, owner_of(installation) as owner:
        async with owner.transaction():
            await owner.execute("lock table warden.invitation")
            waiting = [
                asyncio.create_task(warden.door.ask(LookAtInvitation("x"), SignedIn))
                for _ in range(2)
            ]
            await until(lambda: len(warden.service._tasks) == 2)
            busy = await warden.door.ask(LookAtInvitation("x"), SignedIn)
            assert isinstance(busy, Refusal)
            assert busy.code == "busy"
            options = await warden.door.ask(BeginSignIn(), CeremonyOptions)
            assert isinstance(options, CeremonyOptions)
        for answer in await asyncio.gather(*waiting):
            assert isinstance(answer, Refusal)
            assert answer.code == "invitation-over"


async def test_without_a_database_questions_are_told_to_come_back(
    installation: Installation,
) -> None:
    superuser = EmbeddedPostgres(installation.layout.database).address(BOOTSTRAP_ROLE)
    async with running_warden(installation) as warden:
        owner = await connect(superuser)
        await owner.execute("alter role wardkeep_warden connection limit 0")
        try:
            while warden.service._database._free:
                warden.service._database._free.pop().hang_up()
            answer = await warden.door.ask(LookAtInvitation("x"), SignedIn)
            assert isinstance(answer, Refusal)
            assert answer.code == "database-unavailable"
            assert not (await health(warden)).is_database_reachable
            await warden.service._save_sessions()
        finally:
            await owner.execute("alter role wardkeep_warden connection limit -1")
            await owner.close()
        again = await warden.door.ask(LookAtInvitation("x"), SignedIn)
        assert isinstance(again, Refusal)
        assert again.code == "invitation-over"


async def test_work_begun_is_finished_before_the_warden_stops(
    installation: Installation,
) -> None:
    async with owner_of(installation) as owner, contextlib.AsyncExitStack() as stack:
        warden = await stack.enter_async_context(running_warden(installation))
        said: list[Answer] = []
        async with owner.transaction():
            await owner.execute("lock table warden.invitation")
            warden.service.answer_door(LookAtInvitation("x"), said.append)
            await until(lambda: warden.service._tasks)
            closing = asyncio.create_task(stack.aclose())
            for _ in range(20):
                await asyncio.sleep(0)
            assert not closing.done()
        await closing
        [answer] = said
        assert isinstance(answer, Refusal)
        assert answer.code == "invitation-over"


async def test_the_house_is_kept_whatever_goes_wrong_in_between(
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Checkpoints and sessions: a turn that fails must not be the last."""
    monkeypatch.setattr(service_module, "PUBLISH_SECONDS", 0.01)
    monkeypatch.setattr(service_module, "SAVE_SESSIONS_SECONDS", 0.02)
    in_the_way = installation.layout.ledger / ".checkpoint.new"
    async with running_warden(installation) as warden, owner_of(installation) as owner:
        await warden.operator.ask(CreateOrganisation("fernhill", "Fernhill"), Created)
        ledger = warden.service._ledger
        await owner.execute("revoke update on warden.session from wardkeep_warden")
        in_the_way.mkdir()
        try:
            token = await warden.session("doctor")
            await warden.door.ask(CheckSession(token), SessionView)
            await until(lambda: "checkpoint cannot be written: IsADir" in caplog.text)
            await until(lambda: "sessions cannot be saved" in caplog.text)
        finally:
            in_the_way.rmdir()
            await owner.execute("grant update on warden.session to wardkeep_warden")
        await until(lambda: is_published(ledger))
        await warden.door.ask(CheckSession(token), SessionView)
        session = next(iter(warden.service._sessions.live()))
        await until(lambda: not session.is_changed)
        key, origin = warden.service.ledger.verify_key, warden.service._origin
    assert verify(installation.layout.ledger, key, origin=origin).is_whole


def is_published(ledger: Ledger) -> bool:
    newest = ledger.checkpoint()
    return newest is not None and newest.size == ledger.committed_size


async def test_an_answer_that_never_came_about_is_a_refusal_and_a_line_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def failing(error: Exception) -> Answer:
        raise error

    for error, code in (
        (DatabaseBusyError(), "database-unavailable"),
        (DatabaseUnavailableError(), "database-unavailable"),
        (ValueError("what somebody sent"), "failed"),
    ):
        answer = await service_module._in_words(failing(error))
        assert isinstance(answer, Refusal)
        assert answer.code == code
    assert [record.message for record in caplog.records] == [
        "a question failed: ValueError"
    ]
