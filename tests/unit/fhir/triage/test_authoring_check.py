# SPDX-License-Identifier: Apache-2.0
"""What an author is told: each mistake by its place and its mend, and all at once."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from support.triage import Json, question, resource, rule, written_as
from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.triage import written
from wardkeep.fhir.triage.checking import check_plan
from wardkeep.fhir.triage.content import STRICT_ORDER

WHEN_LATE = {"question": "late", "operator": "=", "answerBoolean": True}
CHOICE = {
    "answerOption": [{"valueCoding": {"system": "urn:x", "code": "home"}}],
}


class Mistake(NamedTuple):
    name: str
    made: tuple[Resource, Resource]
    place: str
    says: str


def told(pair: tuple[Resource, Resource]) -> tuple[Problem, ...]:
    plan, asked = pair
    return check_plan(plan, [asked]).problems


def without(key: str) -> Json:
    """A rule that lacks one element."""
    made = rule("a", "%a")
    del made[key]
    return made


def of_strict(
    questions: list[Json],
    rules: list[Json],
    *,
    otherwise: str = "clinician-6h",
    applies: str = "%age >= 16",
) -> Mistake:
    pair = written_as(
        questions, rules, engine=STRICT_ORDER, otherwise=otherwise, applies=applies
    )
    return Mistake("", pair, "", "")


A = [question("a")]
RULE = rule("a", "%a")
VAR: Json = {
    "name": "total",
    "language": "text/fhirpath",
    "expression": "iif(%a, 1, 0)",
}
SCORE: Json = {
    "name": "news2",
    "language": "application/x-wardkeep-score",
    "expression": "news2.total",
}


def mistakes() -> Iterator[Mistake]:
    yield Mistake(
        "unknown name",
        written_as(A, [rule("a", "%b")]),
        "PlanDefinition.action[0](a).condition",
        "%b is no question",
    )
    yield Mistake(
        "no condition",
        written_as(A, [without("condition")]),
        "action[0](a)",
        "exactly one condition",
    )
    yield Mistake(
        "comes to a number",
        written_as(A, [rule("a", "iif(%a, 1, 0)")]),
        "condition",
        "comes to a number",
    )
    yield Mistake(
        "no such disposition",
        written_as(A, [rule("a", "%a", "Dx999")]),
        "action[0](a).code",
        "Dx999",
    )
    yield Mistake(
        "no disposition", written_as(A, [without("code")]), "code", "no disposition"
    )
    yield Mistake(
        "no source",
        written_as(A, [without("documentation")]),
        "documentation.citation",
        "missing",
    )
    yield Mistake("no words", written_as(A, [without("title")]), "title", "missing")
    yield Mistake(
        "rule twice", written_as(A, [RULE, RULE]), "action[1](a)", "there twice"
    )
    yield Mistake(
        "no rule id", written_as(A, [rule("a b", "%a")]), "action[0]", "no id"
    )
    yield Mistake(
        "never shown to hold",
        written_as(A, [rule("a", "%a", examples={"age=40; a=no": False})]),
        "action[0](a)",
        "no example in which it holds",
    )
    yield Mistake(
        "never shown not to hold",
        written_as(A, [rule("a", "%a", examples={"age=40; a=yes": True})]),
        "action[0](a)",
        "no example in which it does not hold",
    )
    yield Mistake(
        "example that fails",
        written_as(
            A,
            [rule("a", "%a.not()", examples={"age=40; a=yes": True, "age=40": False})],
        ),
        "example[0]",
        "it does not hold",
    )
    yield Mistake(
        "example of nothing",
        written_as(A, [rule("a", "%a", examples={"age=40; b=yes": True})]),
        "example[0]",
        "it names b",
    )
    yield Mistake(
        "example with an age in words",
        written_as(A, [rule("a", "%a", examples={"age=old; a=yes": True})]),
        "example[0]",
        "it names old",
    )
    yield Mistake(
        "question for nothing",
        written_as([*A, question("idle")], [RULE]),
        "Questionnaire.item(idle)",
        "no rule and no score",
    )
    yield Mistake(
        "question twice", written_as([*A, *A], [RULE]), "item(a)", "there twice"
    )
    yield Mistake(
        "question with a name for nobody",
        written_as([*A, question("a-b")], [RULE]),
        "item(a-b)",
        "no name",
    )
    yield Mistake(
        "question that is text",
        written_as([*A, question("words", "text")], [RULE]),
        "item(words)",
        "type text",
    )
    yield Mistake(
        "age asked again",
        written_as([*A, question("age")], [RULE]),
        "item(age)",
        "name",
    )


def mistakes_of_meaning() -> Iterator[Mistake]:
    yield Mistake(
        "red flag that is measured",
        written_as(
            [question("a", "integer")],
            [
                rule(
                    "a",
                    "%a > 3",
                    red=True,
                    examples={"age=40; a=4": True, "age=40; a=3": False},
                )
            ],
        ),
        "action[0](a).condition",
        "depends on a could be taken back",
    )
    yield Mistake(
        "red flag of what was not asked",
        written_as(
            A,
            [
                rule(
                    "a",
                    "%a.empty()",
                    red=True,
                    examples={"age=40": True, "age=40; a=no": False},
                )
            ],
        ),
        "action[0](a).condition",
        "could be taken back",
    )
    yield Mistake(
        "red flag of a score",
        written_as(
            A,
            [rule("a", "%total >= 1", red=True)],
            variables=[VAR],
        ),
        "action[0](a).condition",
        "depends on total",
    )
    yield Mistake(
        "name of a variable that is taken",
        written_as(A, [RULE], variables=[VAR | {"name": "a"}]),
        "variable(a)",
        "taken",
    )
    yield Mistake(
        "score without its questions",
        written_as(A, [RULE], variables=[SCORE]),
        "variable(news2)",
        "lacks pregnant, respiratoryRate",
    )
    yield Mistake(
        "engine of nobody",
        written_as(A, [RULE], engine="oracle"),
        "extension",
        "the engine is “oracle”",
    )
    yield Mistake(
        "another language",
        written_as(
            A,
            [
                RULE
                | {
                    "condition": [
                        {
                            "kind": "applicability",
                            "expression": {"language": "text/cql", "expression": "a"},
                        }
                    ]
                }
            ],
        ),
        "condition",
        "its language is “text/cql”",
    )


def mistakes_of_order() -> Iterator[Mistake]:
    yield of_strict(A, [RULE], otherwise="self-care")._replace(
        name="strict order that sends people home",
        place="extension",
        says="ends in “self-care”",
    )
    yield of_strict(A, [RULE], otherwise="")._replace(
        name="strict order without an end", place="extension", says="ends in “”"
    )
    yield of_strict(A, [RULE], applies="")._replace(
        name="strict order for everybody", place="extension", says="for whom"
    )
    yield of_strict(
        [question("a", "choice", **CHOICE)], [rule("a", "%a = 'home'")]
    )._replace(
        name="strict order that asks for a choice", place="item(a)", says="is a choice"
    )
    yield of_strict(
        [question("a"), question("b")], [RULE, rule("b", "%b", red=True)]
    )._replace(
        name="red flag asked late", place="item(b)", says="asked after a, which is none"
    )
    yield of_strict(
        [question("a", enableWhen=[WHEN_LATE]), question("late")],
        [RULE, rule("late", "%late")],
    )._replace(
        name="depends on what comes later", place="item(a)", says="not asked before"
    )
    yield of_strict(
        [
            question("late"),
            {
                "linkId": "g",
                "type": "group",
                "enableWhen": [WHEN_LATE],
                "item": [question("a")],
            },
        ],
        [RULE, rule("late", "%late")],
    )._replace(name="group with a condition", place="item(g)", says="has a condition")


ALL = (*mistakes(), *mistakes_of_meaning(), *mistakes_of_order())


@pytest.mark.parametrize("mistake", ALL, ids=lambda one: str(one.name))
def test_a_mistake_is_told_by_its_place_and_its_mend(mistake: Mistake) -> None:
    problems = told(mistake.made)
    found = [
        one
        for one in problems
        if mistake.place in one.place and mistake.says in one.wrong
    ]
    assert found, [str(one) for one in problems]
    assert all(one.mend.endswith(".") for one in found)


def test_content_without_a_mistake_is_told_nothing() -> None:
    assert told(written_as(A, [rule("a", "%a", red=True)])) == ()
    assert told(of_strict(A, [rule("a", "%a", red=True)]).made) == ()


def test_all_mistakes_of_a_content_are_told_at_once() -> None:
    made = written_as(A, [rule("a", "%b"), rule("c", "%a", "nowhere"), RULE])
    assert len(told(made)) >= 2


def test_a_plan_without_its_questionnaire_is_told_which() -> None:
    plan, _ = written_as(A, [RULE])
    checked = check_plan(plan, [])
    (problem,) = checked.problems
    assert "urn:example:questions|1" in problem.wrong


def test_a_plan_that_is_no_fhir_is_told_so() -> None:
    _, asked = written_as(A, [RULE])
    broken = resource({"resourceType": "PlanDefinition", "action": "none"})
    (problem,) = check_plan(broken, [asked]).problems
    assert "FHIR R4" in problem.wrong
    wrong = {"resourceType": "PlanDefinition", "status": "perhaps"}
    plan, asked = written_as(A, [RULE])
    unfit = resource({**plan.content, **wrong})
    assert any("status" in one.place for one in check_plan(unfit, [asked]).problems)


def test_nobody_counts_a_rule_as_checked_that_says_it_was_not() -> None:
    made = rule("a", "%a")
    extension = made["extension"]
    assert isinstance(extension, list)
    extension.append({"url": written.UNCHECKED, "valueString": "The paper."})
    plan, asked = written_as(A, [made])
    assert check_plan(plan, [asked]).unchecked == 1
