# SPDX-License-Identifier: Apache-2.0
"""The demo's hospital asks by questions, and no other organisation does."""

from datetime import date

import msgspec

from wardkeep.assembly.demo import DemoOrganisation
from wardkeep.assembly.demo.decision_support import contents_in_use
from wardkeep.fhir.triage.in_use import in_use
from wardkeep.fhir.triage.library import NAMES, shipped_content

Organisations = dict[str, DemoOrganisation]


def test_all_that_is_shipped_is_in_use_and_says_that_nobody_reviewed_it(
    organisations: Organisations, today: date
) -> None:
    entries = contents_in_use(organisations["fernhill"], today)
    read = [in_use(msgspec.json.encode(one["resource"]), 1) for one in entries]
    assert [one.content.named for one in read if one is not None and one.is_on] == [
        shipped_content(name).named for name in NAMES
    ]
    for one in read:
        assert one is not None
        assert one.approval.lead == "Dr Bram Tidewater, GMC 0000000"
        assert "Nobody reviewed it" in one.approval.words
        assert one.approval.by.display == "Gwenda Larkspire"


def test_it_is_off_where_nobody_is_called(
    organisations: Organisations, today: date
) -> None:
    assert contents_in_use(organisations["larkspur"], today) == []
