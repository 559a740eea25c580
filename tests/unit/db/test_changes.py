# SPDX-License-Identifier: Apache-2.0
"""What changes is told with the commit, heard by all, and never taken for granted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from support.postgres import FreshDatabase
from support.waiting import until
from wardkeep.base.ids import OrganisationId
from wardkeep.db.changes import CHANNEL, Changed, Ear, Topic, read, tell
from wardkeep.db.connection import Connection, connect

FERNHILL = OrganisationId(1)
CLINIC = Topic("clinic", "3")


class Heard:
    """An ear, and what came to it."""

    def __init__(self, database: FreshDatabase) -> None:
        self.changes: list[Changed] = []
        self.states: list[bool] = []
        self._ear = Ear(
            database.address("wardkeep_web"),
            heard=self.changes.append,
            listens=self.states.append,
        )
        self.task = asyncio.create_task(self._ear.listen())

    async def end(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


@pytest.fixture
async def heard(fresh_database: FreshDatabase) -> AsyncIterator[Heard]:
    made = Heard(fresh_database)
    await until(lambda: made.states == [True])
    yield made
    await made.end()


@pytest.fixture
async def writer(fresh_database: FreshDatabase) -> AsyncIterator[Connection]:
    made = await connect(fresh_database.address("wardkeep_worker"))
    yield made
    await made.close()


@pytest.fixture
async def superuser(fresh_database: FreshDatabase) -> AsyncIterator[Connection]:
    made = await connect(fresh_database.superuser)
    yield made
    await made.close()


async def test_a_change_is_heard_once_it_is_committed_and_not_before(
    heard: Heard, writer: Connection
) -> None:
    async with writer.transaction():
        await tell(writer, FERNHILL, [CLINIC, CLINIC, Topic("desk")])
        await asyncio.sleep(0.1)
        assert heard.changes == []
    await until(lambda: len(heard.changes) > 1)
    assert [(one.organisation, one.topic) for one in heard.changes] == [
        (FERNHILL, CLINIC),
        (FERNHILL, Topic("desk")),
    ]


async def test_what_was_not_committed_is_never_heard(
    heard: Heard, writer: Connection
) -> None:
    with suppress(ZeroDivisionError):
        async with writer.transaction():
            await tell(writer, FERNHILL, [CLINIC])
            raise ZeroDivisionError
    await tell(writer, FERNHILL, [Topic("after")])
    await until(lambda: bool(heard.changes))
    assert [one.topic.kind for one in heard.changes] == ["after"]


async def test_nothing_to_tell_is_no_question(writer: Connection) -> None:
    writer.hang_up()
    await tell(writer, FERNHILL, [])


async def test_all_ears_hear_the_same_mark_and_each_change_has_its_own(
    fresh_database: FreshDatabase, heard: Heard, writer: Connection
) -> None:
    other = Heard(fresh_database)
    await until(lambda: other.states == [True])
    await tell(writer, FERNHILL, [CLINIC])
    await tell(writer, FERNHILL, [CLINIC])
    await until(lambda: len(heard.changes) > 1)
    await until(lambda: len(other.changes) > 1)
    await other.end()
    assert heard.changes == other.changes
    assert heard.changes[0].mark != heard.changes[1].mark


async def test_a_lost_connection_is_said_and_made_anew(
    heard: Heard, writer: Connection, superuser: Connection
) -> None:
    await superuser.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where usename = 'wardkeep_web' and datname = current_database()"
    )
    await until(lambda: heard.states == [True, False, True])
    await tell(writer, FERNHILL, [CLINIC])
    await until(lambda: bool(heard.changes))


async def test_what_no_writer_of_ours_says_is_not_heard(
    heard: Heard, writer: Connection
) -> None:
    for said in ("", "1 clinic/3", "x clinic/3 0123456789abcdef", "1 9/3 " + "0" * 16):
        await writer.execute("select pg_notify($1, $2)", CHANNEL, said)
    await tell(writer, FERNHILL, [CLINIC])
    await until(lambda: bool(heard.changes))
    assert len(heard.changes) == 1


def test_a_kind_of_topic_that_no_writer_could_name_is_read_as_nothing() -> None:
    assert read("1 -a/3 0123456789abcdef") is None


@pytest.mark.parametrize(
    ("kind", "key"),
    [("Clinic", "3"), ("", ""), ("clinic", "Ash, Rowan"), ("clinic", "x" * 81)],
)
def test_a_topic_says_no_more_than_ids(kind: str, key: str) -> None:
    with pytest.raises(ValueError, match="an id of ours"):
        Topic(kind, key)
