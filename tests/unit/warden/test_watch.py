# SPDX-License-Identifier: Apache-2.0
"""What the watch freezes, how deep, and whom a freeze of suppliers names."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.ledgers import open_ledger
from wardkeep.base.clock import FrozenClock
from wardkeep.identity.roles import Role
from wardkeep.ledger.log import Ledger
from wardkeep.warden import freezes
from wardkeep.warden.alarms import Alarms
from wardkeep.warden.breaker import Breaker
from wardkeep.warden.budgets import Budgets
from wardkeep.warden.freezes import Freezes
from wardkeep.warden.glass import BrokenGlass
from wardkeep.warden.limits import Limits
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.service.watch import FREEZE, Watch
from wardkeep.warden.sessions import Session, Sessions, SignedInAs

NOW = datetime(2026, 11, 23, 9, 41, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = open_ledger(tmp_path / "ledger")
    yield made
    made.close()


@pytest.fixture
def watch(ledger: Ledger) -> Watch:
    clock = FrozenClock(NOW)
    return Watch(
        budgets=Budgets(),
        breaker=Breaker(),
        glass=BrokenGlass(),
        freezes=Freezes(),
        alarms=Alarms(clock),
        limits=Limits(),
        trace=Trace(ledger, clock),
        clock=clock,
    )


def session() -> Session:
    _, made = Sessions(FrozenClock(NOW)).start(
        SignedInAs(
            account="a",
            display_name="Rowan Ash",
            organisation=1,
            organisation_name="Ash",
            organisation_slug="ash",
            role=Role.WARD_NURSE,
            factor="passkey",
            credential=b"k",
            device="",
        )
    )
    return made


@pytest.mark.parametrize("first", sorted(freezes.CLOSES_RECORDS))
def test_whose_records_are_closed_is_stopped_wholly_by_what_is_worse_and_once(
    watch: Watch, ledger: Ledger, first: str
) -> None:
    nurse = session()
    watch.freeze_account(nurse, first, "many were opened")
    for cause in sorted(freezes.CLOSES_RECORDS):
        watch.freeze_account(nurse, cause, "and again")
    found = watch.freezes.of(nurse)
    assert found is not None
    assert (found.cause, found.is_of_records_only, len(watch.freezes)) == (
        first,
        True,
        1,
    )
    for _ in range(2):
        watch.freeze_account(nurse, freezes.SCRAPING, "went on without a passkey")
        found = watch.freezes.of(nurse)
        assert found is not None
        assert (found.cause, found.is_of_records_only) == (freezes.SCRAPING, False)
    watch.freeze_account(nurse, first, "nothing is left to close")
    ledger.commit()
    actions = [ledger.read(n).action for n in range(ledger.committed_size)]
    assert actions == [FREEZE, FREEZE]
    assert len(watch.freezes) == 2
