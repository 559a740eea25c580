# SPDX-License-Identifier: Apache-2.0
"""A protocol as its author sees it: every mistake at its rule, every example run.

What comes from a page is bounded before it is run: each answer of an example runs all
rules, and a few kilobytes could ask for an hour of it.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.triage.checking import Checked, check_plan, played
from wardkeep.fhir.triage.content import STRICT_ORDER, Content, Rule, content_of
from wardkeep.fhir.triage.engine import Result, Turn
from wardkeep.fhir.triage.library import engine_of

MOST_RULES, MOST_QUESTIONS, MOST_EXAMPLES = 200, 150, 800
MOST_WORK = 100_000
"""Answers times rules of all examples; about half a second."""
_ACTION = re.compile(r"action\[(\d{1,6})\]")
_ITEM = re.compile(r"Questionnaire\.item\(([^)]*)\)")


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """An example, and what came out of it."""

    given: str
    is_meant: bool
    """Whether the author says that the rule holds."""
    suggests: str
    held: bool
    came_to: str
    """A disposition; empty: nothing is suggested."""
    wrong: str
    """Why it could not be run; empty: it ran."""

    @property
    def passes(self) -> bool:
        is_suggested = self.suggests in ("", self.came_to)
        return not self.wrong and self.held is self.is_meant and is_suggested


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """All that is to be told of a protocol."""

    problems: tuple[Problem, ...]
    content: Content | None
    """None: it cannot be run at all."""
    checked: Checked | None = None

    def of_rule(self, number: int) -> tuple[Problem, ...]:
        """Of the rule that stands at this place."""
        return tuple(one for one in self.problems if rule_at(one) == number)

    def of_question(self, link: str) -> tuple[Problem, ...]:
        return tuple(one for one in self.problems if question_at(one) == link)

    @property
    def elsewhere(self) -> tuple[Problem, ...]:
        """What is wrong with neither a rule nor a question."""
        return tuple(
            one
            for one in self.problems
            if rule_at(one) is None and question_at(one) is None
        )


def rule_at(problem: Problem) -> int | None:
    """The place of the rule that a problem is about, from 0."""
    found = _ACTION.search(problem.place)
    return int(found[1]) if found else None


def question_at(problem: Problem) -> str | None:
    found = _ITEM.search(problem.place)
    return found[1] if found else None


def judged(plan: Resource, asked: Resource) -> Judged:
    """Whatever was uploaded; the same bytes are judged once."""
    return _judged(_Pair(plan, asked))


class _Pair:
    """Two resources, equal where their bytes are."""

    def __init__(self, plan: Resource, asked: Resource) -> None:
        self.plan, self.asked = plan, asked
        self._key = (plan.compact, asked.compact)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Pair) and self._key == other._key


@lru_cache(maxsize=32)
def _judged(pair: _Pair) -> Judged:
    found = content_of(pair.plan, pair.asked)
    content = found if isinstance(found, Content) else None
    if content is not None:
        much = too_much(content)
        if much is not None:
            return Judged(problems=(much,), content=None)
    checked = check_plan(pair.plan, [pair.asked])
    once = tuple(dict.fromkeys(checked.problems))
    return Judged(problems=once, content=content, checked=checked)


def too_much(content: Content) -> Problem | None:
    """Why it is not run here; None: it is."""
    examples = sum(len(one.examples) for one in content.rules)
    counted = (
        ("rules", len(content.rules), MOST_RULES),
        ("questions", len(content.items), MOST_QUESTIONS),
        ("examples", examples, MOST_EXAMPLES),
    )
    for what, many, most in counted:
        if many > most:
            wrong = f"it has {many} {what}; {most} can be worked on here"
            mend = "Split it: one protocol for one complaint."
            return Problem(place="PlanDefinition", wrong=wrong, mend=mend)
    work = sum(
        work_of(content, example.given)
        for rule in content.rules
        for example in rule.examples
    )
    if work > MOST_WORK:
        wrong = "its examples take too long to run on a page"
        mend = "Write fewer examples, or check it by: wardkeep triage check."
        return Problem(place="PlanDefinition", wrong=wrong, mend=mend)
    return None


def work_of(content: Content, given: str) -> int:
    """What an example costs: of a strict order every question is answered."""
    is_strict = content.engine == STRICT_ORDER
    answers = len(content.items) if is_strict else given.count(";") + 1
    return answers * len(content.rules)


def examples_run(content: Content, rule: Rule) -> tuple[Ran, ...]:
    """Each example of a rule, through the engine."""
    return tuple(_ran(content, rule))


def _ran(content: Content, rule: Rule) -> Iterator[Ran]:
    engine = engine_of(content)
    for one in rule.examples:
        turn = played(content, engine, one.given)
        result = turn.result if isinstance(turn, Turn) else Result()
        yield Ran(
            given=one.given,
            is_meant=one.fires,
            suggests=one.suggests,
            held=any(it.rule == rule.id for it in result.fired),
            came_to=result.disposition,
            wrong="" if isinstance(turn, Turn) else str(turn),
        )
