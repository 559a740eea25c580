# SPDX-License-Identifier: Apache-2.0
"""A program's contract: so many different patients in each hour, also over a start."""

from pathlib import Path

import msgspec
import pytest

from support.ledgers import ACCOUNT, entry_about, open_ledger
from wardkeep.warden.contracts import (
    APP,
    PACKED,
    SERVICE_ROLE,
    WINDOW_SECONDS,
    Contracts,
)
from wardkeep.warden.recent import last_day

BEGAN = entry_about("p").at / 1_000_000


def test_an_hour_later_there_is_as_much_again() -> None:
    contracts = Contracts()
    contracts.opened("a", ["p-1", "p-2"], now=0.0)
    contracts.opened("a", ["p-3"], now=10.0)
    assert contracts.left_after("a", ["p-4"], most=4, now=10.0) == 0
    assert contracts.left_after("a", ["p-1"], most=4, now=10.0) == 1
    later = WINDOW_SECONDS + 1
    assert contracts.left_after("a", ["p-4"], most=4, now=later) == 2
    assert contracts.left_after("a", [], most=4, now=later + 10) == 4


def test_what_was_opened_counts_for_an_hour_to_the_second() -> None:
    contracts = Contracts()
    for patient, when in (("a", 100.0), ("b", 200.0), ("a", 300.0)):
        contracts.opened("a", [patient], now=when)
    found = [
        contracts.left_after("a", ["p", "q", "b"], most=9, now=3600.0 + now)
        for now in (200.0, 201.0, 300.0, 301.0)
    ]
    assert found == [5, 5, 5, 6]
    assert contracts.left_after("another", ["p", "q"], most=1, now=0.0) == -1


@pytest.mark.parametrize(
    ("changed", "whose"),
    [
        ({"role": "service"}, {ACCOUNT}),
        ({"role": "service", "action": "find"}, {ACCOUNT}),
        ({"role": "service", "action": "pack"}, set()),
        ({"role": "service", "outcome": "awaited"}, set()),
        ({"role": "service", "outcome": "refusal:contract-spent"}, set()),
        ({"role": "ward_nurse", "request": "search Observation"}, set()),
        ({"role": "doctor", "request": "app an-app:read"}, {"an-app"}),
        ({"role": "ward_nurse", "request": "app an-app:read:a"}, {"an-app"}),
        # What an app asks for without a purpose is no record.
        ({"request": "app an-app:read", "purpose": ""}, set()),
    ],
)
def test_whose_contract_an_entry_counts_for(
    tmp_path: Path, changed: dict[str, str], whose: set[str]
) -> None:
    ledger = open_ledger(tmp_path)
    ledger.append(msgspec.structs.replace(entry_about("p"), **changed))
    ledger.commit()
    found = Contracts.recounted(last_day(ledger, now=BEGAN, monotonic=0.0))
    ledger.close()
    assert set(found._seen) == whose


def test_a_start_counts_programs_and_apps_again_and_nobody_else(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    by_program = msgspec.structs.replace(entry_about("p-1"), role=SERVICE_ROLE)
    for one in (
        by_program,
        msgspec.structs.replace(by_program, outcome="refusal:contract-spent"),
        # What a kiosk took along sealed is opened by nobody.
        msgspec.structs.replace(entry_about("p-4"), role=SERVICE_ROLE, action=PACKED),
        msgspec.structs.replace(entry_about("p-2"), request=f"{APP}an-app: read"),
        entry_about("p-3"),
    ):
        ledger.append(one)
    ledger.commit()
    found = Contracts.recounted(last_day(ledger, now=BEGAN + 5, monotonic=70.0))
    ledger.close()
    for later, left in ((0.0, 8), (WINDOW_SECONDS - 6, 8), (WINDOW_SECONDS - 4, 9)):
        for whose in (ACCOUNT, "an-app"):
            assert found.left_after(whose, [], most=9, now=70.0 + later) == left
        if left == 8:
            assert set(found._seen) == {ACCOUNT, "an-app"}
