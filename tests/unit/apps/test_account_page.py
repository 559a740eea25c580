# SPDX-License-Identifier: Apache-2.0
"""*What this account saw*: refused is asked for, and whom its counts leave out."""

import re
from pathlib import Path
from typing import Any

import pytest

from wardkeep.apps.security import account as page
from wardkeep.disclosure.containment import AccountRead, OpeningView
from wardkeep.ui.kit import make_environment

KIT = make_environment({"security": Path(page.__file__).parent / "templates"})
KIT.globals["asset"] = lambda name: f"/static/{name}"


def line(action: str, **more: Any) -> OpeningView:
    said: dict[str, Any] = {
        "entry": 7,
        "at": 1_795_953_600_000_000,
        "patient": "anna",
        "action": action,
        "tier": "banner",
        "purpose": "direct-care",
        "reason": "",
        "relationship": "",
        "resources": 0,
        "outcome": "",
        **more,
    }
    return OpeningView(**said)


def shown(*lines: OpeningView, rows: int = 0) -> str:
    """What stands between the page's header and its foot."""
    template = KIT.get_template("security/account.html")
    found = AccountRead("a-1", "Ada Byron", 34, 0, rows, 25, 50, lines)
    context = template.new_context(
        {
            "found": found,
            "numbers": page.numbered(one.patient for one in lines),
            "is_first": True,
            "kit": KIT.get_template("components.html").module,
        }
    )
    markup = "".join(template.blocks["content"](context))
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())


@pytest.mark.parametrize(
    ("action", "granted", "refused"),
    [
        ("read", "Opened", "Asked for"),
        ("find", "Shown in a list", "Asked for in a list"),
        ("write", "Changed", "Asked to change"),
        ("print", "Printed", "Asked to print"),
        ("break-glass", "Broke the glass", "Broke the glass"),
    ],
)
def test_what_was_refused_reads_as_asked_for(
    action: str, granted: str, refused: str
) -> None:
    why = {"outcome": "refusal:x", "because": "Not today.", "rule": "a-rule"}
    assert f"What {granted} , banner" in shown(line(action)).replace(",", " ,")
    said = shown(line(action, **why)).replace(",", " ,")
    assert f"What {refused} , banner Refused" in said


def test_it_says_whom_its_count_of_lists_leaves_out() -> None:
    said = shown(rows=0)
    assert "0 in lists whom nothing explains" in said
    assert "People whom the work explains stand in lists, too" in said
