# SPDX-License-Identifier: Apache-2.0
"""A telephone system that is nobody's tells each event once it is heard, by one id."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from wardkeep.assembly.synthetic_telephone import (
    TELLS_FROM_THE_DAYS_BEGINNING,
    Line,
    SyntheticTelephone,
    told_between,
)
from wardkeep.base.clock import FrozenClock
from wardkeep.crypto.es256 import new_es256_key, private_jwk
from wardkeep.fhir.bars.tokens import Post, Reply
from wardkeep.fhir.urgent.telephone.events import Batch, Event, read_event

NOW = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
LINE = Line(
    origin="http://localhost:1",
    client="5e5510f0-0000-4000-8000-000000000001",
    jwk=private_jwk(new_es256_key()),
    extensions=("4001", "4002"),
    calls_an_hour=90,
)


class Server:
    """Takes what it is told, or does not."""

    def __init__(self) -> None:
        self.is_there = True
        self.batches: list[Batch] = []
        self.signed_in = 0

    def ask(self, post: Post) -> Reply:
        if not self.is_there:
            return Reply(0)
        if post.url.endswith("/oauth/token"):
            self.signed_in += 1
            return Reply(200, b'{"access_token": "t"}')
        assert post.headers["Authorization"] == "Bearer t"
        self.batches.append(msgspec.json.decode(post.body, type=Batch))
        return Reply(200, b"{}")

    @property
    def ids(self) -> list[str]:
        return [one.id for batch in self.batches for one in batch.events]


def test_what_it_tells_is_what_the_way_in_takes() -> None:
    told = told_between(LINE, NOW - timedelta(hours=4), NOW)
    assert len(told) > 200
    sent = msgspec.convert({"sent_at": "", "events": told}, Batch).events
    for one in sent:
        assert isinstance(read_event(one, system=LINE.client, now=NOW), Event)
    kinds = {one["event"] for one in told}
    assert kinds == {
        *("Offered", "Queued", "Delivered", "Established", "ConnectionCleared")
    }


def test_spans_that_follow_each_other_tell_everything_once() -> None:
    whole = told_between(LINE, NOW - timedelta(hours=2), NOW)
    parts: list[dict[str, Any]] = []
    for nth in range(8):
        since = NOW - timedelta(minutes=15 * (8 - nth))
        parts += told_between(LINE, since, since + timedelta(minutes=15))
    assert parts == whole


def test_what_an_outage_kept_back_is_told_after_it() -> None:
    server, clock = Server(), FrozenClock(NOW)
    telephone = SyntheticTelephone(LINE, clock=clock, ask=server.ask)
    first = telephone.tell()
    assert first == len(server.ids) > 0
    server.is_there = False
    clock.move(timedelta(hours=1))
    assert telephone.tell() == 0
    clock.move(timedelta(minutes=5))
    server.is_there = True
    assert telephone.tell() > 0
    since = NOW - TELLS_FROM_THE_DAYS_BEGINNING
    whole = told_between(LINE, since, NOW + timedelta(minutes=65))
    assert server.ids == [one["id"] for one in whole]
    assert server.signed_in == 2, "a token lasts minutes"
