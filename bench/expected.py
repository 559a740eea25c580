# SPDX-License-Identifier: Apache-2.0
"""What expected sets cost: processor time an opening and a write, memory a tie."""

import time
import tracemalloc
from collections.abc import Callable

from bench._trust import Trust
from bench._trust_day import START, Published, Written
from wardkeep.base.clock import microseconds_since_epoch
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.work.ties import ties_of
from wardkeep.teams.relationships import ExpectedSets
from wardkeep.teams.rosters import Roster, Seat
from wardkeep.teams.ties import Source, Tie

HOME = 1
ASKED = 20_000


def run() -> dict[str, float]:
    """Microseconds of processor time, and bytes."""
    trust = Trust(Published(6, 10))
    written = list(trust.before())
    tracemalloc.start()
    expected = ExpectedSets()
    expected.ties.put(_told(written))
    bytes_held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    expected.rosters[HOME] = _roster(trust)
    some = written[:ASKED]
    accounts = [one.account for one in trust.staff]

    def explain() -> None:
        for n, one in enumerate(some):
            expected.explains(
                account=accounts[n % len(accounts)],
                organisation=HOME,
                patient=one.patient,
                at=START,
            )

    return {
        "ties held": float(len(expected.ties)),
        "bytes a tie": bytes_held / len(expected.ties),
        "µs to find whether work explains an opening": _cpu(explain) / len(some),
        "µs to read the ties of a resource": _cpu(lambda: _told(some)) / len(some),
    }


def _told(written: list[Written]) -> dict[Source, tuple[Tie, ...]]:
    now = microseconds_since_epoch(START)
    found = {}
    for one in written:
        type_, id_ = one.content["resourceType"], one.content["id"]
        said = ties_of(Resource(type_, id_, one.content, b""), id_, now=now)
        ties = tuple(Tie(tie.who, tie.kind, tie.since, tie.until, "b") for tie in said)
        found[Source(HOME, type_, id_, one.patient)] = ties
    return found


def _roster(trust: Trust) -> Roster:
    people = [one for one in trust.staff if one.team]
    return Roster(
        {one.account: frozenset({one.reference}) for one in people},
        {one.team: trust.places.stood_for(one.team) for one in people},
        {one.account: (Seat(one.team),) for one in people if one.has_seat},
    )


def _cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1_000_000
