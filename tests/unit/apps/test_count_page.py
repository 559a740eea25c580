# SPDX-License-Identifier: Apache-2.0
"""A count on the security desk: looks are told apart, and a slip is no proof."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from wardkeep.apps.security import incident_counts as page
from wardkeep.breach.told import total_of
from wardkeep.ledger.reaching import Reach
from wardkeep.ui.kit import make_environment

KIT = make_environment({"security": Path(page.__file__).parent / "templates"})
NOON = 1_795_953_600_000_000


def shown(**found: Any) -> str:
    said: dict[str, Any] = {
        "at": NOON,
        "people": 5,
        "opened": 2,
        "records": 4,
        "sealed": 0,
        "first": NOON,
        "last": NOON,
        "types": (),
        "is_whole": True,
        "faults": (),
        "entries_read": 90,
        "root": "",
        "checkpoint": "",
        "certainly_not": (),
        "canaries": 0,
        "sessions": (),
        **found,
    }
    reach = Reach(**said)
    markup = KIT.get_template("security/count_part.html").render(
        found=SimpleNamespace(count="c", incident="", has_failed=False),
        reach=reach,
        sum=total_of(reach),
        things=(),
        onward=(),
        part=100,
        is_for_drafts=False,
    )
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())


def test_who_was_looked_up_is_no_opening_and_stands_in_no_list() -> None:
    said = shown(looked=2, looked_only=1, looked_at=76)
    assert "The records of 2 were opened; 2 more were shown in lists alone" in said
    assert "Of 2 people the list of who opened their record was read" in said
    assert "of 1 of these nothing else was seen" in said
    assert "Not among them: 76 records" in said
    assert "no letter is due" in said


def test_a_name_that_no_entry_is_of_is_warned_of_before_anybody_declares() -> None:
    said = shown(people=0, opened=0, unknown=(("device", "ab"), ("client", "x<y")))
    assert "does not know all that you typed" in said
    assert "the passkey ab; the program or app x&lt;y" in said
    assert said.index("does not know") < said.index("Nothing is declared yet")


def test_a_count_without_either_says_nothing_of_them() -> None:
    said = shown()
    for words in ("list of who opened", "Not among them", "does not know"):
        assert words not in said
