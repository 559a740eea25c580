# SPDX-License-Identifier: Apache-2.0
"""What comes with Wardkeep: each rule's own examples, sources, and off by default."""

from typing import NamedTuple

import pytest

from wardkeep.base.outcome import Problem
from wardkeep.fhir.triage.advice import advice_for, codes_named
from wardkeep.fhir.triage.checking import check_plan, played
from wardkeep.fhir.triage.content import Example, Rule
from wardkeep.fhir.triage.library import NAMES, engine_of, shipped, shipped_content
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.fhir.validation import check


class Case(NamedTuple):
    name: str
    rule: Rule
    example: Example


CASES = [
    Case(name, rule, example)
    for name in NAMES
    for rule in shipped_content(name).rules
    for example in rule.examples
]


@pytest.mark.parametrize(
    "case", CASES, ids=lambda one: f"{one.rule.id}: {one.example.given}"
)
def test_a_rule_does_what_its_own_example_says(case: Case) -> None:
    content = shipped_content(case.name)
    turn = played(content, engine_of(content), case.example.given)
    assert not isinstance(turn, Problem), str(turn)
    fired = {one.rule for one in turn.result.fired}
    assert (case.rule.id in fired) is case.example.fires
    if case.example.suggests:
        assert turn.result.disposition == case.example.suggests


@pytest.mark.parametrize("name", NAMES)
def test_an_author_is_told_of_nothing_wrong(name: str) -> None:
    plan, asked = shipped(name)
    checked = check_plan(plan, [asked])
    assert checked.problems == ()
    assert checked.rules >= 18
    assert checked.examples >= 2 * checked.rules


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_draft_and_an_experiment_that_nobody_signed(name: str) -> None:
    for one in shipped(name):
        assert one.content["status"] == "draft"
        assert one.content["experimental"] is True
        assert "approvalDate" not in one.content
        assert "endorser" not in one.content
        assert "NHS Pathways" not in one.compact.decode()
        assert check(one) == ()


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_says_its_source(name: str) -> None:
    for rule in shipped_content(name).rules:
        assert rule.citation, rule.id
        assert rule.clause, rule.id
        assert rule.url.startswith("https://"), rule.id


@pytest.mark.parametrize("name", NAMES)
def test_names_of_questions_and_rules_are_never_two_of_one(name: str) -> None:
    content = shipped_content(name)
    rules = [one.id for one in content.rules]
    assert len(set(rules)) == len(rules)
    assert {one.disposition for one in content.rules} <= DISPOSITIONS.keys()


@pytest.mark.parametrize("code", DISPOSITIONS)
def test_every_disposition_has_advice_for_when_it_gets_worse(code: str) -> None:
    advice = advice_for(code)
    assert advice
    for sentence in advice:
        assert sentence.endswith(".")
        assert len(sentence) <= 160, "a text message has 160 letters"


def test_advice_names_no_disposition_that_is_not_there() -> None:
    assert codes_named() <= DISPOSITIONS.keys()
