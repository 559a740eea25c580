# SPDX-License-Identifier: Apache-2.0
"""Asking a partner in the moment: bounded, and without a word of anybody."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from wardkeep.base.clock import FrozenClock
from wardkeep.base.ids import OrganisationId
from wardkeep.fhir.bars.fetching import LARGEST, Fetching
from wardkeep.fhir.bars.judging import Judged, Verdict
from wardkeep.fhir.bars.questions import ASK, Told
from wardkeep.fhir.bars.sending import _as_follows
from wardkeep.fhir.bars.tokens import Post, Reply
from wardkeep.jobs.job import Job

NOW = datetime(2026, 11, 29, 15, tzinfo=UTC)
TOKEN = Reply(200, b'{"access_token": "t"}')
JOB = Job(number=1, kind=ASK, organisation=OrganisationId(1), argument="q", attempts=1)


class Keys:
    def own(self, organisation: OrganisationId) -> str | None:
        del organisation
        return None

    def at(self, organisation: OrganisationId, *, client: str, url: str) -> str | None:
        del organisation, url
        return f"signed-for-{client}" if client else None


class Rows:
    """A connection that has one question, and notes what is written."""

    def __init__(self, **question: Any) -> None:
        self.question = {
            "question": "q",
            "asked_at": NOW,
            "kind": "times",
            "argument": "2026-11-29T16:00:00Z",
            "system": "http://fhir.nhs.uk/Id/dos-service-id",
            "service": "2000000111",
            "endpoint": "https://there.example/fhir/",
            "token_url": "https://there.example/token",
            "client": "me",
            **question,
        }
        self.written: list[tuple[Any, ...]] = []

    async def fetch_row(self, sql: str, *values: object) -> Any:
        del sql, values
        return self.question

    async def execute(self, sql: str, *values: object) -> str:
        self.written.append((sql.split(maxsplit=1)[0], *values))
        return "UPDATE 1"


def fetched(rows: Rows, *replies: Reply, at: datetime = NOW) -> list[Post]:
    """Every request that was made of the partner."""
    posts: list[Post] = []
    left = list(replies)

    def ask(post: Post) -> Reply:
        posts.append(post)
        return left.pop(0)

    fetching = Fetching(keys=Keys(), ask=ask, clock=FrozenClock(at))
    asyncio.run(fetching.fetch(JOB, cast("Any", rows)))
    return posts


def told(rows: Rows) -> tuple[str, str]:
    *_, answer, failure = rows.written[-1]
    return answer, failure


def test_times_are_asked_for_as_the_standard_says_and_name_nobody() -> None:
    rows = Rows()
    token, asked = fetched(rows, TOKEN, Reply(200, b'{"resourceType": "Bundle"}'))
    assert b"client_assertion=signed-for-me" in token.body
    assert (asked.method, asked.body) == ("GET", b"")
    assert asked.url.startswith("https://there.example/fhir/Slot?Schedule.actor")
    assert "status=free" in asked.url
    assert "le2026-11-29T16" in asked.url
    # All of them at once: the first ones by time are not the first ones that are told.
    assert "_count=500" in asked.url
    assert asked.headers["Authorization"] == "Bearer t"
    assert "NHSD-Target-Identifier" in asked.headers
    assert told(rows) == ("{}", "")
    # What is older than a few minutes goes first.
    assert rows.written[0] == ("delete", 1, NOW - timedelta(minutes=5))


def test_how_a_booking_stands_is_read_by_its_id() -> None:
    rows = Rows(kind="appointment", argument="a-1")
    _, asked = fetched(rows, TOKEN, Reply(200, b"{}"))
    assert asked.url == "https://there.example/fhir/Appointment/a-1"
    assert told(rows) == ("", "refused")
    for id_, answer in (
        ("a-1", ('{"status":"arrived"}', "")),
        ("a-2", ("", "refused")),
    ):
        fetched(rows, TOKEN, Reply(200, appointment(id_)))
        assert told(rows) == answer
    assert Told(at=NOW, answer='{"status":"arrived"}').status == "arrived"


def appointment(id_: str, status: str = "arrived") -> bytes:
    """As a partner may tell it: with whom it is about."""
    who = {
        "identifier": {
            "system": "https://fhir.nhs.uk/Id/nhs-number",
            "value": "9990000018",
        },
        "display": "Odette Quillfeather",
    }
    content = {
        "resourceType": "Appointment",
        "id": id_,
        "status": status,
        "comment": "Odette rang twice",
        "participant": [{"actor": who, "status": "accepted"}],
    }
    return json.dumps(content).encode()


def test_whoever_copies_the_database_reads_nobody_in_an_answer() -> None:
    """It lies there in the clear, and in the log of writes long after."""
    slot = {
        "resourceType": "Slot",
        "id": "s-1",
        "status": "free",
        "start": "2026-11-29T15:30:00Z",
        "end": "2026-11-29T15:40:00Z",
        "comment": "kept for Odette Quillfeather",
    }
    patient = {"resourceType": "Patient", "name": [{"family": "Quillfeather"}]}
    entry = [{"resource": slot}, {"resource": patient}]
    bundle = json.dumps({"resourceType": "Bundle", "entry": entry}).encode()
    rows = Rows()
    for kind, argument, body in (
        ("appointment", "a-1", appointment("a-1")),
        ("appointment", "a-1", appointment("a-1", "Odette Quillfeather")),
        ("times", "2026-11-29T16:00:00Z", bundle),
    ):
        rows = Rows(kind=kind, argument=argument)
        fetched(rows, TOKEN, Reply(200, body))
        assert told(rows)[1] == ""
        for word in ("9990000018", "Odette", "Quillfeather", "rang twice"):
            assert word not in str(rows.written), word
    assert [one.slot for one in Told(at=NOW, answer=told(rows)[0]).times] == ["s-1"]


@pytest.mark.parametrize("argument", ["..", ".", "a/../1", "", "a b"])
def test_what_is_no_id_is_asked_for_nowhere(argument: str) -> None:
    rows = Rows(kind="appointment", argument=argument)
    assert fetched(rows, TOKEN, Reply(200, b"{}")) == []
    assert told(rows) == ("", "refused")


@pytest.mark.parametrize(
    ("replies", "failure"),
    [
        ((Reply(0),), "unreachable"),
        ((Reply(401, b"{}"),), "unreachable"),
        ((Reply(200, b"no JSON"),), "unreachable"),
        ((TOKEN, Reply(0)), "unreachable"),
        ((TOKEN, Reply(503, b"{}")), "refused"),
        ((TOKEN, Reply(200, b"<html>")), "refused"),
        ((TOKEN, Reply(200, b'"text"')), "refused"),
        ((TOKEN, Reply(200, b"\xff\xfe")), "refused"),
        # An error is no day without free times, whatever its status says
        ((TOKEN, Reply(200, b'{"resourceType":"OperationOutcome"}')), "refused"),
        ((TOKEN, Reply(200, b"{}")), "refused"),
        ((TOKEN, Reply(200, json.dumps({"a": "x" * LARGEST}).encode())), "refused"),
    ],
)
def test_a_partner_who_fails_is_no_answer(
    replies: tuple[Reply, ...], failure: str
) -> None:
    rows = Rows()
    fetched(rows, *replies)
    assert told(rows) == ("", failure)


def test_a_question_that_nobody_waits_for_is_not_asked() -> None:
    rows = Rows()
    assert fetched(rows, at=NOW + timedelta(seconds=5)) == []
    assert told(rows) == ("", "slow")
    rows = Rows(client="")
    assert fetched(rows) == []
    assert told(rows) == ("", "unreachable")


def test_a_slow_partner_holds_up_nobody_elses_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wardkeep.fhir.bars.fetching.WAIT_SECONDS", 0.05)
    rows = Rows()

    def ask(post: Post) -> Reply:
        del post
        time.sleep(0.3)
        return TOKEN

    fetching = Fetching(keys=Keys(), ask=ask, clock=FrozenClock(NOW))
    asyncio.run(fetching.fetch(JOB, cast("Any", rows)))
    assert told(rows) == ("", "slow")


def test_what_cannot_be_read_is_no_time() -> None:
    assert Told(at=NOW, answer="").times == ()
    assert Told(at=NOW, answer='{"times": 7}').times == ()
    assert Told(at=NOW, answer="[]").status == ""


def test_a_withdrawal_of_what_never_arrived_is_done() -> None:
    missing = Judged(Verdict.NEVER, "404 REC_NOT_FOUND not-found")
    never_left, left = {"follows_nothing": True}, {"follows_nothing": False}
    assert _as_follows(missing, never_left).verdict is Verdict.DONE
    assert _as_follows(missing, left).verdict is Verdict.NEVER
    wrong = Judged(Verdict.NEVER, "422 REC_UNPROCESSABLE_ENTITY invariant")
    assert _as_follows(wrong, never_left).verdict is Verdict.NEVER
