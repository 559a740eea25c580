# SPDX-License-Identifier: Apache-2.0
"""What an author is told of triage content: each problem with its place and mend.

It asks for what makes content safe to argue about: a source and a clause for each rule,
examples that pass and fail, red flags that no later answer can take back, and of
questions for call takers an order in which what kills is asked first.
"""

from collections.abc import Iterator, Sequence

import msgspec

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.questionnaires.questionnaire import placed
from wardkeep.fhir.triage import written
from wardkeep.fhir.triage.content import (
    STRICT_ORDER,
    Content,
    Example,
    Rule,
    content_of,
)
from wardkeep.fhir.triage.engine import About, Answer, Engine, Turn, go_on
from wardkeep.fhir.triage.held import is_by_authors
from wardkeep.fhir.triage.library import engine_of
from wardkeep.fhir.triage.strict_order import is_dangerous
from wardkeep.fhir.triage.wordings import not_in_a_checklist
from wardkeep.fhir.triage.written import read_plan
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Kind
from wardkeep.fhir.validation import check as check_structure

_NOT_FROM_A_CALL_TAKER = (Kind.SELF_CARE, Kind.INFORMATION, Kind.CONTACT)


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at, and what is wrong with it."""

    canonical: str
    engine: str = ""
    questions: int = 0
    rules: int = 0
    red_flags: int = 0
    examples: int = 0
    unchecked: int = 0
    """Rules that nobody held against the original publication."""
    problems: tuple[Problem, ...] = ()


def check_plan(plan: Resource, others: Sequence[Resource]) -> Checked:
    """One PlanDefinition; its Questionnaire is among the others."""
    read = read_plan(plan.compact)
    if read is None:
        wrong, mend = "it is not what FHIR R4 says", "Validate it first."
        problem = Problem(place="PlanDefinition", wrong=wrong, mend=mend)
        return Checked(canonical=plan.id or "", problems=(problem,))
    canonical = f"{read.url}|{read.version}"
    asked = next((one for one in others if _canonical(one) == read.asks), None)
    if asked is None:
        wrong = f"its Questionnaire “{read.asks}” is not there"
        mend = "Give its file too; relatedArtifact names it as url|version."
        problem = Problem(
            place="PlanDefinition.relatedArtifact", wrong=wrong, mend=mend
        )
        return Checked(canonical=canonical, problems=(problem,))
    problems = [*check_structure(plan), *check_structure(asked)]
    content = content_of(plan, asked)
    if not isinstance(content, Content):
        return Checked(canonical=canonical, problems=(*problems, *content))
    problems += check_content(content)
    return Checked(
        canonical=canonical,
        engine=content.engine,
        questions=len(content.items),
        rules=len(content.rules),
        red_flags=sum(one.is_red_flag for one in content.rules),
        examples=sum(len(one.examples) for one in content.rules),
        unchecked=sum(not is_by_authors(one) for one in content.rules),
        problems=tuple(problems),
    )


def _canonical(resource: Resource) -> str:
    return f"{resource.content.get('url')}|{resource.content.get('version')}"


def check_content(content: Content) -> Iterator[Problem]:
    """All that is wrong with content that compiles."""
    engine = engine_of(content)
    yield from _unused(content)
    for rule in content.rules:
        yield from _sourced(rule)
        yield from _lasting(content, rule)
        yield from _proved(content, engine, rule)
    if content.engine == STRICT_ORDER:
        yield from _in_order(content)
    else:
        yield from not_in_a_checklist(content.fits)


def _unused(content: Content) -> Iterator[Problem]:
    used = {link for rule in content.rules for link in rule.reads}
    used |= {link for one in content.variables if one.words for link in one.reads}
    for link in content.items:
        if link not in used:
            wrong = "no rule and no score depends on it"
            mend = "Leave it out, or write what it means."
            yield Problem(place=f"Questionnaire.item({link})", wrong=wrong, mend=mend)


def _sourced(rule: Rule) -> Iterator[Problem]:
    said = {
        "title": rule.words,
        "documentation.citation": rule.citation,
        "documentation.label": rule.clause,
        "documentation.url": rule.url.startswith("https://"),
    }
    for name, there in said.items():
        if not there:
            wrong = "it is missing"
            mend = "Say what the rule is, who published it, which clause, and where."
            yield Problem(place=f"{rule.place}.{name}", wrong=wrong, mend=mend)


def _lasting(content: Content, rule: Rule) -> Iterator[Problem]:
    """A red flag is made of ticks: what is measured is corrected, and would stick."""
    if not rule.is_red_flag:
        return
    reads = [link for link in rule.reads if content.items[link].type != "boolean"]
    variables = {one.name for one in content.variables} & rule.condition.reads
    if reads or variables or not rule.condition.is_lasting:
        named = ", ".join([*reads, *sorted(variables)]) or "iif(), exists() or empty()"
        wrong = f"a red flag that depends on {named} could be taken back by an answer"
        mend = "Let it depend on yes-or-no questions and %age, with and, or and .not()."
        yield Problem(place=f"{rule.place}.condition", wrong=wrong, mend=mend)


def _proved(content: Content, engine: Engine, rule: Rule) -> Iterator[Problem]:
    for fires in (True, False):
        if not any(one.fires is fires for one in rule.examples):
            wrong = f"no example in which it {'holds' if fires else 'does not hold'}"
            mend = f"Write one in the extension {written.TEST}."
            yield Problem(place=rule.place, wrong=wrong, mend=mend)
    for number, example in enumerate(rule.examples):
        place = f"{rule.place}.example[{number}]"
        wrong = _disproved(content, engine, rule, example)
        if wrong:
            mend = "Mend the rule or the example; ask the source which."
            yield Problem(place=place, wrong=wrong, mend=mend)


def _disproved(content: Content, engine: Engine, rule: Rule, example: Example) -> str:
    """What is wrong with an example; empty: nothing."""
    turn = played(content, engine, example.given)
    if isinstance(turn, Problem):
        return str(turn)
    fired = {one.rule for one in turn.result.fired}
    if (rule.id in fired) is not example.fires:
        return (
            f"with “{example.given}” it {'does not hold' if example.fires else 'holds'}"
        )
    found = turn.result.disposition
    if example.suggests and example.suggests != found:
        said = found or "nothing"
        return f"with “{example.given}” it comes to {said}, not to {example.suggests}"
    return ""


def played(content: Content, engine: Engine, given: str) -> Turn | Problem:
    """An example's text, as in `age=40; stridor=yes`, through an engine.

    In a strict order, what it does not name is answered with what is not dangerous.
    """
    parts = [one.partition("=") for one in given.split(";") if one.strip()]
    said = {name.strip(): value.strip() for name, _, value in parts}
    years, sex = said.pop("age", ""), said.pop("sex", "")
    unknown = [name for name in said if name not in content.items]
    if unknown or (years and not years.isdecimal()):
        wrong = f"it names {', '.join(unknown) or years}"
        mend = "Write linkIds of questions, age and sex, as in age=40; stridor=yes."
        return Problem(place="example", wrong=wrong, mend=mend)
    turn = engine.start(About(years=int(years) if years else None, sex=sex))
    if turn.is_ended:
        return turn
    if content.engine != STRICT_ORDER:
        answers = [Answer(link=link, value=value) for link, value in said.items()]
        return go_on(engine, turn, answers)
    while turn.asks:
        link = turn.asks[0].link
        safe = "no" if is_dangerous(content.items[link]) else "yes"
        found = engine.answer(turn, Answer(link=link, value=said.get(link, safe)))
        if isinstance(found, Problem):
            return found
        turn = found
    return turn


# What a strict order must be besides


def _in_order(content: Content) -> Iterator[Problem]:
    if content.applies is None:
        wrong = "it does not say for whom it is"
        mend = f"Write so in the extension {written.APPLIES}, as in %age >= 16."
        yield Problem(place="PlanDefinition.extension", wrong=wrong, mend=mend)
    named = DISPOSITIONS.get(content.otherwise)
    if named is None or named.kind in _NOT_FROM_A_CALL_TAKER:
        wrong = f"it ends in “{content.otherwise}” where no rule holds"
        mend = f"Let a clinician decide then: the extension {written.OTHERWISE}."
        yield Problem(place="PlanDefinition.extension", wrong=wrong, mend=mend)
    red = {link for one in content.rules if one.is_red_flag for link in one.reads}
    first_other = ""
    earlier: set[str] = set()
    for link, item in content.items.items():
        place = f"Questionnaire.item({link})"
        if item.type != "boolean":
            mend = "Ask yes or no: not sure must have a side."
            yield Problem(place=place, wrong=f"it is a {item.type}", mend=mend)
        if link in red and first_other:
            wrong = f"a red flag is asked after {first_other}, which is none"
            yield Problem(place=place, wrong=wrong, mend="Ask red flags first.")
        first_other = first_other or ("" if link in red else link)
        late = [one.question for one in item.enable_when if one.question not in earlier]
        if late:
            wrong = f"it depends on {', '.join(late)}, which is not asked before"
            yield Problem(place=place, wrong=wrong, mend="Ask that first.")
        earlier.add(link)
    yield from _grouped(content)


def _grouped(content: Content) -> Iterator[Problem]:
    for _place, item in placed(content.questionnaire.item):
        if item.type == "group" and item.enable_when:
            place = f"Questionnaire.item({item.link_id})"
            wrong = "a group has a condition"
            yield Problem(place=place, wrong=wrong, mend="Write it at each question.")
