# SPDX-License-Identifier: Apache-2.0
"""A code that opens a home is stored from no form but the one that sets ways in."""

from wardkeep.web.forms import Form

TYPED = "rang, then used the keysafe, code 4821"


def test_a_text_with_a_code_is_refused_and_kept_and_not_said_again() -> None:
    form = Form({"reason": TYPED})
    assert form.text("reason", called="the reason") == ""
    problem = form.problems["reason"]
    assert "4821" not in f"{problem.wrong}{problem.mend}"
    assert "way in" in problem.mend
    assert form.values["reason"] == TYPED


def test_where_ways_in_are_set_it_is_taken() -> None:
    form = Form({"where": TYPED})
    assert form.optional_text("where", called="where it is", is_way_in=True) == TYPED
    assert form.text("where", called="where it is", is_way_in=True) == TYPED
    assert form.problems == {}
