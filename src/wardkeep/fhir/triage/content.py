# SPDX-License-Identifier: Apache-2.0
"""Triage content, compiled: a PlanDefinition and its Questionnaire as an engine has it.

Compiling finds what cannot be run at all. Whether it should be run is what
`checking.py` asks.
"""

import hashlib
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import chain

import msgspec

from wardkeep.base.ids import is_fhir_id
from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.questionnaires.questionnaire import (
    CHOICES,
    Item,
    Questionnaire,
    placed,
    read_questionnaire,
)
from wardkeep.fhir.triage import scores, written
from wardkeep.fhir.triage.condition import (
    LANGUAGE,
    Condition,
    Kind,
    Values,
    compiled,
)
from wardkeep.fhir.triage.engine import Named
from wardkeep.fhir.triage.originals import Original, original_of
from wardkeep.fhir.triage.wordings import PLAIN, Fitted, Wording, fitted
from wardkeep.fhir.triage.written import Action, Expression, Plan, read_plan, said_in
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, SYSTEM

STRICT_ORDER, CHECKLIST = "strict-order", "checklist"
ENGINES = (STRICT_ORDER, CHECKLIST)
ABOUT: Mapping[str, Kind] = {"age": "number", "sex": "code"}
"""Variables that are known before the first question."""
_NUMBERS = ("integer", "decimal")
_VARIABLE = written.VARIABLE


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule's author says it does: its answers as text, and whether it holds."""

    given: str
    fires: bool
    suggests: str
    """The disposition that it all comes to; empty: the author does not say."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule."""

    id: str
    place: str
    words: str
    disposition: str
    is_red_flag: bool
    condition: Condition
    expression: str
    """The condition as it is written."""
    reads: tuple[str, ...]
    """Links of the questions that it rests on, those of its variables too."""
    citation: str
    clause: str
    url: str
    unchecked: str
    examples: tuple[Example, ...]
    digest: str
    """Of all that decides what it means: its words, condition, disposition and source,
    the variables it may use, and the questions it rests on. Who held it against the
    original held this; a rule that changed is held by nobody."""
    original: Original | None = None
    """What its authors read, if these are words that they held."""


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """A name for what several rules need; with words it is a score that is shown."""

    name: str
    words: str
    condition: Condition
    reads: tuple[str, ...]
    needs: tuple[str, ...]
    """Questions without which it is not whole, in the order in which they are asked."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    named: Named
    engine: str
    title: str
    status: str
    is_experimental: bool
    asks: str
    """The canonical of its Questionnaire, with the version."""
    questionnaire: Questionnaire
    items: Mapping[str, Item]
    """Its questions by linkId, in their order."""
    fits: Mapping[str, Fitted] = {}
    """Of whom a question is asked, and other words for some; by linkId."""
    variables: tuple[Variable, ...]
    rules: tuple[Rule, ...]
    otherwise: str
    applies: Condition | None

    def rule(self, id_: str) -> Rule | None:
        return next((one for one in self.rules if one.id == id_), None)

    def wording(self, link: str, about: Values) -> Wording | None:
        """A question's words for somebody; None: those for everybody."""
        return self.fits.get(link, PLAIN).wording(about)

    def words_of(self, link: str, about: Values) -> str:
        """What whoever rings is asked of somebody."""
        found = self.wording(link, about)
        return found.words if found is not None else self.items[link].words()

    @property
    def canonical(self) -> str:
        return f"{self.named.canonical}|{self.named.version}"


def content_of(
    plan: Resource, questionnaire: Resource
) -> Content | tuple[Problem, ...]:
    """Compile both, or say everything that stands against it, with place and mend."""
    read, asked = read_plan(plan.compact), read_questionnaire(questionnaire.compact)
    if read is None or asked is None:
        wrong = "an element is not what FHIR R4 says"
        mend = "Validate both resources first."
        return (Problem(place=plan.type, wrong=wrong, mend=mend),)
    engine = read.said(written.ENGINE).value_code
    digest = hashlib.sha256(plan.compact + b"\n" + questionnaire.compact).hexdigest()
    named = Named(
        engine=engine, canonical=read.url, version=read.version, digest=digest
    )
    return _Compiling(read, asked, named).whole()


def kind_of(item: Item) -> Kind | None:
    """What its answer is to a condition; None: it cannot be asked here."""
    if item.type == "boolean":
        return "boolean"
    if item.type in _NUMBERS:
        return "number"
    return "code" if item.type in CHOICES else None


class _Compiling:
    """Gathers problems while it compiles, so that an author sees them all."""

    def __init__(self, plan: Plan, questionnaire: Questionnaire, named: Named) -> None:
        self.plan, self.questionnaire, self.named = plan, questionnaire, named
        self.problems: list[Problem] = []
        self.kinds: dict[str, Kind] = dict(ABOUT)
        self.rests_on: dict[str, tuple[str, ...]] = {}
        self.words: dict[str, str] = {}
        self.fits: dict[str, Fitted] = {}

    def whole(self) -> Content | tuple[Problem, ...]:
        items = dict(self.questions())
        variables = tuple(self.variables())
        applies = self.condition_at(
            "the extension applies",
            self.plan.said(written.APPLIES).value_expression or Expression(),
            is_needed=False,
        )
        rules = tuple(self.rules())
        otherwise = self.plan.said(written.OTHERWISE).value_code
        self.heads(otherwise)
        if self.problems:
            return tuple(self.problems)
        return Content(
            named=self.named,
            engine=self.named.engine,
            title=self.plan.title,
            status=self.plan.status,
            is_experimental=self.plan.experimental,
            asks=self.plan.asks,
            questionnaire=self.questionnaire,
            items=items,
            fits=self.fits,
            variables=variables,
            rules=rules,
            otherwise=otherwise,
            applies=applies,
        )

    def wrong(self, place: str, wrong: str, mend: str) -> None:
        whole = f"PlanDefinition.{place}" if place else "PlanDefinition"
        self.problems.append(Problem(place=whole, wrong=wrong, mend=mend))

    def heads(self, otherwise: str) -> None:
        if self.named.engine not in ENGINES:
            wrong = f"the engine is “{self.named.engine}”"
            mend = f"Name one in the extension {written.ENGINE}: {', '.join(ENGINES)}."
            self.wrong("extension", wrong, mend)
        for name, said in (("url", self.plan.url), ("version", self.plan.version)):
            if not said:
                self.wrong(name, "it is missing", "A result names what it came from.")
        if otherwise and otherwise not in DISPOSITIONS:
            self.wrong("extension", f"“{otherwise}” is no disposition", _dispositions())

    def questions(self) -> Iterator[tuple[str, Item]]:
        for _place, item in placed(self.questionnaire.item):
            if not item.is_question:
                continue
            kind = kind_of(item)
            place = f"Questionnaire.item({item.link_id})"
            if item.link_id in self.kinds or not item.link_id.isidentifier():
                wrong = "its linkId is there twice, or is no name for a condition"
                mend = "Use letters and digits, each once; age and sex are taken."
                self.problems.append(Problem(place=place, wrong=wrong, mend=mend))
            elif kind is None or item.repeats:
                wrong = f"a question of the type {item.type} cannot be asked here"
                mend = "Ask boolean, integer, decimal or one choice."
                self.problems.append(Problem(place=place, wrong=wrong, mend=mend))
            else:
                self.kinds[item.link_id] = kind
                self.rests_on[item.link_id] = (item.link_id,)
                self.words[item.link_id] = item.words()
                self.fit(item)
                yield item.link_id, item

    def fit(self, item: Item) -> None:
        found = fitted(item, ABOUT)
        if isinstance(found, Fitted):
            self.fits[item.link_id] = found
        else:
            self.problems += found

    def condition_at(
        self, place: str, written_: Expression, *, is_needed: bool = True
    ) -> Condition | None:
        if not written_.expression and not is_needed:
            return None
        if written_.language != LANGUAGE:
            wrong = f"its language is “{written_.language}”"
            self.wrong(place, wrong, f"Write it in {LANGUAGE}.")
            return None
        found = compiled(
            written_.expression, self.kinds, place=f"PlanDefinition.{place}"
        )
        if isinstance(found, Problem):
            self.problems.append(found)
            return None
        return found

    def variables(self) -> Iterator[Variable]:
        for said in self.plan.extension:
            if said.url != written.VARIABLE or said.value_expression is None:
                continue
            one = said.value_expression
            found = self.variable(one)
            if found is None:
                continue
            if one.name in self.kinds or not one.name.isidentifier():
                wrong = "the name is taken, or is no name for a condition"
                self.wrong(f"variable({one.name})", wrong, "Give it another.")
                continue
            links = self.links(found)
            self.kinds[one.name], self.rests_on[one.name] = found.kind, links
            yield Variable(
                name=one.name,
                words=one.description,
                condition=found,
                reads=links,
                needs=tuple(self.needs(found)),
            )

    def variable(self, one: Expression) -> Condition | None:
        place = f"variable({one.name})"
        if one.language != scores.LANGUAGE:
            return self.condition_at(place, one)
        needs = scores.NEWS2_READS.items()
        lacking = [name for name, kind in needs if self.kinds.get(name) != kind]
        if one.expression not in scores.NAMES or lacking:
            wrong = f"“{one.expression}” lacks {', '.join(lacking) or 'a meaning'}"
            mend = f"Use {', '.join(scores.NAMES)}, and ask what they read."
            self.wrong(place, wrong, mend)
            return None
        return Condition(
            kind="number",
            reads=frozenset(scores.NEWS2_READS),
            is_lasting=False,
            run=partial(scores.scored, one.expression),
        )

    def links(self, condition: Condition) -> tuple[str, ...]:
        """Questions that it rests on, in the order in which they are asked."""
        reads = (self.rests_on.get(name, ()) for name in condition.reads)
        found = frozenset(chain.from_iterable(reads))
        return tuple(name for name in self.kinds if name in found)

    def needs(self, condition: Condition) -> Iterator[str]:
        """Of a variable that it reads, the last question: it settles what it is."""
        asked = {
            self.rests_on[name][-1]
            for name in condition.reads
            if self.rests_on.get(name) and name not in scores.UNASKED
        }
        return (name for name in self.kinds if name in asked)

    def rules(self) -> Iterator[Rule]:
        seen: set[str] = set()
        for number, action in enumerate(self.plan.action):
            place = f"action[{number}]({action.id})"
            if not is_fhir_id(action.id) or action.id in seen:
                wrong = "its id is missing, is no id, or is there twice"
                self.wrong(place, wrong, "Give each rule an id of its own.")
            seen.add(action.id)
            found = self.rule(place, action)
            if found is not None:
                yield found

    def rule(self, place: str, action: Action) -> Rule | None:
        if len(action.condition) != 1 or action.action:
            wrong = "it has not exactly one condition, or actions within it"
            self.wrong(place, wrong, "Write one rule an action.")
            return None
        condition = self.condition_at(
            f"{place}.condition", action.condition[0].expression
        )
        codes = _codes(action)
        if len(codes) != 1 or codes[0] not in DISPOSITIONS:
            wrong = f"it names {', '.join(codes) or 'no disposition'}"
            self.wrong(f"{place}.code", wrong, _dispositions())
            return None
        if condition is None:
            return None
        if condition.kind != "boolean":
            wrong = f"the condition comes to a {condition.kind}"
            self.wrong(f"{place}.condition", wrong, "Let it come to yes or no.")
        source = next(iter(action.documentation), written.Artifact())
        links = self.links(condition)
        digest = self.digest(action, condition, links)
        return Rule(
            id=action.id,
            place=f"PlanDefinition.{place}",
            words=action.title,
            disposition=codes[0],
            is_red_flag=said_in(action.extension, written.RED_FLAG).value_boolean
            is True,
            condition=condition,
            expression=action.condition[0].expression.expression,
            reads=links,
            citation=source.citation,
            clause=source.label,
            url=source.url,
            unchecked=said_in(action.extension, written.UNCHECKED).value_string,
            examples=tuple(_examples(action)),
            digest=digest,
            original=original_of(digest),
        )

    def digest(
        self, action: Action, condition: Condition, links: tuple[str, ...]
    ) -> str:
        named = condition.reads - set(links) - set(ABOUT)
        source = next(iter(action.documentation), written.Artifact())
        said = (
            (action.title, _codes(action)),
            (source.citation, source.label, source.url),
            action.condition[0].expression.expression,
            said_in(action.extension, written.RED_FLAG).value_boolean is True,
            [one for one in self.plan.extension if named and one.url == _VARIABLE],
            [(link, self.words[link], *self.said_by(link)) for link in links],
        )
        return hashlib.sha256(_encode(said)).hexdigest()

    def said_by(self, link: str) -> list[str]:
        """Nothing of a question in plain words: its rule's digest stays as it was."""
        return self.fits.get(link, PLAIN).said()


def _codes(action: Action) -> list[str]:
    codings = chain.from_iterable(one.coding for one in action.code)
    return [one.code for one in codings if one.system == SYSTEM]


_encode = msgspec.json.Encoder(order="deterministic").encode


def _examples(action: Action) -> Iterator[Example]:
    for one in action.extension:
        if one.url == written.TEST:
            said = {part.url: part for part in one.extension}
            nothing = written.Extension()
            yield Example(
                given=said.get("given", nothing).value_string,
                fires=said.get("fires", nothing).value_boolean is True,
                suggests=said.get("suggests", nothing).value_code,
            )


def _dispositions() -> str:
    return f"Name one of {SYSTEM}: {', '.join(DISPOSITIONS)}."
