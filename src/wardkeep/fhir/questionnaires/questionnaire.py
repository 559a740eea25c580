# SPDX-License-Identifier: Apache-2.0
"""A FHIR R4 Questionnaire as it is asked: https://hl7.org/fhir/R4/questionnaire.html.

Read: groups, display, boolean, choice, open-choice, string, text, url, integer,
decimal, quantity, date, time, dateTime; required, repeats, readOnly, enableWhen,
answerOption, initial, maxLength; the extensions minValue, maxValue, maxDecimalPlaces,
questionnaire-unit, questionnaire-unitOption, questionnaire-hidden,
questionnaire-itemControl (help), ordinalValue, itemWeight and translation. What it
cannot ask it names (`cannot_ask`): a form that left out a question in silence would be
worse than none.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TypeAlias

import msgspec

_HL7 = "http://hl7.org/fhir/StructureDefinition/"
TRANSLATION = f"{_HL7}translation"
MIN_VALUE, MAX_VALUE = f"{_HL7}minValue", f"{_HL7}maxValue"
PLACES = f"{_HL7}maxDecimalPlaces"
UNIT = f"{_HL7}questionnaire-unit"
UNIT_OPTION = f"{_HL7}questionnaire-unitOption"
HIDDEN = f"{_HL7}questionnaire-hidden"
WEIGHTS = (f"{_HL7}ordinalValue", f"{_HL7}itemWeight")
CONTROL = f"{_HL7}questionnaire-itemControl"
ORIENTATION = f"{_HL7}questionnaire-choiceOrientation"
EXCLUSIVE = f"{_HL7}questionnaire-optionExclusive"

CHOICES = frozenset({"choice", "open-choice"})
TEXTS = frozenset({"string", "text", "url"})
NUMBERS = frozenset({"integer", "decimal", "quantity"})
TIMES = frozenset({"date", "time", "dateTime"})
KNOWN = frozenset({"group", "display", "boolean", *TIMES, *CHOICES, *TEXTS, *NUMBERS})
MOST_ITEMS, DEEPEST = 300, 8


class _Part(msgspec.Struct, frozen=True, rename="camel"):
    """Some elements of a FHIR type; the rest is skipped."""


class Coding(_Part, frozen=True):
    """A code with its words."""

    system: str = ""
    code: str = ""
    display: str = ""
    extension: tuple["Extension", ...] = ()
    element: "Element" = msgspec.field(
        default_factory=lambda: Element(),  # noqa: PLW0108 - it stands further down
        name="_display",
    )

    def words(self, language: str = "") -> str:
        return self.element.translated(language) or self.display or self.code

    def is_the_same(self, other: "Coding") -> bool:
        return (self.system, self.code) == (other.system, other.code)


class Expression(_Part, frozen=True):
    """https://hl7.org/fhir/R4/metadatatypes.html#Expression."""

    language: str = ""
    expression: str = ""


class Extension(_Part, frozen=True):
    """What R4 itself has no place for."""

    url: str = ""
    extension: tuple["Extension", ...] = ()
    value_string: str = ""
    value_markdown: str = ""
    value_code: str = ""
    value_boolean: bool | None = None
    value_integer: int | None = None
    value_decimal: Decimal | None = None
    value_date: str = ""
    value_coding: Coding | None = None
    value_codeable_concept: "Concept | None" = None
    value_expression: Expression | None = None

    def part(self, url: str) -> "Extension":
        """One of its own extensions; an empty one where there is none."""
        return next((one for one in self.extension if one.url == url), Extension())


class Concept(_Part, frozen=True):
    """CodeableConcept."""

    coding: tuple[Coding, ...] = ()


class Element(_Part, frozen=True):
    """What stands beside a primitive: `_text`, `_display`."""

    extension: tuple[Extension, ...] = ()

    def translated(self, language: str) -> str:
        """The text in a language (BCP 47); empty where it is not translated."""
        for one in self.extension:
            said = {part.url: part for part in one.extension}
            if one.url != TRANSLATION or not {"lang", "content"} <= said.keys():
                continue
            if language and said["lang"].value_code == language:
                content = said["content"]
                return content.value_string or content.value_markdown
        return ""


class Option(_Part, frozen=True):
    """One of the answers that may be given."""

    value_coding: Coding | None = None
    value_string: str = ""
    value_integer: int | None = None
    value_date: str = ""
    initial_selected: bool = False
    extension: tuple[Extension, ...] = ()
    element: Element = msgspec.field(default_factory=Element, name="_valueString")

    def words(self, language: str = "") -> str:
        if self.value_coding is not None:
            return self.value_coding.words(language)
        if self.value_integer is not None:
            return str(self.value_integer)
        said = self.element.translated(language) or self.value_string
        return said or self.value_date

    @property
    def is_exclusive(self) -> bool:
        return any(one.url == EXCLUSIVE and one.value_boolean for one in self.extension)

    @property
    def weight(self) -> Decimal | None:
        """What it counts in a scale; None: nothing."""
        coding = self.value_coding
        beside = () if coding is None else coding.extension
        for one in (*self.extension, *beside):
            if one.url in WEIGHTS:
                return one.value_decimal
        return None


class Quantity(_Part, frozen=True):
    """A number with its unit."""

    value: Decimal | None = None
    unit: str = ""
    system: str = ""
    code: str = ""


class Value(_Part, frozen=True):
    """`initial`, or what `enableWhen` compares with."""

    value_boolean: bool | None = None
    value_decimal: Decimal | None = None
    value_integer: int | None = None
    value_date: str = ""
    value_string: str = ""
    value_coding: Coding | None = None
    value_quantity: Quantity | None = None


class When(_Part, frozen=True):
    """A condition: another question, an operator, an answer."""

    question: str = ""
    operator: str = ""
    answer_boolean: bool | None = None
    answer_decimal: Decimal | None = None
    answer_integer: int | None = None
    answer_date: str = ""
    answer_time: str = ""
    answer_date_time: str = ""
    answer_string: str = ""
    answer_coding: Coding | None = None
    answer_quantity: Quantity | None = None


class Item(_Part, frozen=True):
    """A question, a group of them, or words between them."""

    link_id: str = ""
    type: str = ""
    text: str = ""
    element: Element = msgspec.field(default_factory=Element, name="_text")
    prefix: str = ""
    code: tuple[Coding, ...] = ()
    required: bool = False
    repeats: bool = False
    read_only: bool = False
    max_length: int | None = None
    answer_option: tuple[Option, ...] = ()
    answer_value_set: str = ""
    initial: tuple[Value, ...] = ()
    enable_when: tuple[When, ...] = ()
    enable_behavior: str = "all"
    extension: tuple[Extension, ...] = ()
    item: tuple["Item", ...] = ()

    def words(self, language: str = "") -> str:
        said = self.element.translated(language) or self.text
        return f"{self.prefix} {said}".strip()

    def said(self, url: str) -> Extension | None:
        """An extension, by its URL."""
        return next((one for one in self.extension if one.url == url), None)

    @property
    def is_hidden(self) -> bool:
        found = self.said(HIDDEN)
        return found is not None and found.value_boolean is True

    @property
    def is_row(self) -> bool:
        found = self.said(ORIENTATION)
        return found is not None and found.value_code == "horizontal"

    @property
    def is_help(self) -> bool:
        """Whether it is words about the question that it stands in."""
        said = self.said(CONTROL)
        concept = said.value_codeable_concept if said else None
        codes = [one.code for one in concept.coding] if concept else []
        return self.type == "display" and "help" in codes

    @property
    def is_question(self) -> bool:
        return self.type not in ("group", "display")

    @property
    def units(self) -> tuple[Coding, ...]:
        """Units that a quantity may have; the first is the usual one."""
        found = [one for one in self.extension if one.url in (UNIT, UNIT_OPTION)]
        return tuple(one.value_coding for one in found if one.value_coding is not None)


class Reference(_Part, frozen=True):
    """Another resource."""

    reference: str = ""


class UseContext(_Part, frozen=True):
    """Where or for whom it is meant."""

    code: Coding = msgspec.field(default_factory=Coding)
    value_reference: Reference = msgspec.field(default_factory=Reference)


class Questionnaire(_Part, frozen=True):
    """What is asked, and in which order."""

    id: str = ""
    url: str = ""
    version: str = ""
    status: str = ""
    title: str = ""
    element: Element = msgspec.field(default_factory=Element, name="_title")
    description: str = ""
    publisher: str = ""
    copyright: str = ""
    extension: tuple[Extension, ...] = ()
    date: str = ""
    code: tuple[Coding, ...] = ()
    use_context: tuple[UseContext, ...] = ()
    item: tuple[Item, ...] = ()

    @property
    def venues(self) -> frozenset[str]:
        """The places it is meant for; none: everywhere."""
        return frozenset(
            one.value_reference.reference
            for one in self.use_context
            if one.code.code == "venue"
        )

    def words(self, language: str = "") -> str:
        said = self.element.translated(language) or self.title
        return said or "Questions without a title"

    @property
    def canonical(self) -> str:
        """What a response names it by."""
        base = self.url or f"Questionnaire/{self.id}"
        return f"{base}|{self.version}" if self.version else base


Placed: TypeAlias = tuple[str, Item]
"""An item and its place, as `q0-2`: the third item of the first."""
_decoder = msgspec.json.Decoder(Questionnaire)


def read_questionnaire(text: bytes) -> Questionnaire | None:
    """None where the elements that are read here are not what R4 says."""
    try:
        return _decoder.decode(text)
    except msgspec.DecodeError:
        return None


def placed(items: tuple[Item, ...], at: str = "q") -> Iterator[Placed]:
    """Every item with its place, in reading order."""
    for number, item in enumerate(items):
        place = f"{at}{number}" if at == "q" else f"{at}-{number}"
        yield place, item
        yield from placed(item.item, place)


def cannot_ask(questionnaire: Questionnaire) -> tuple[str, ...]:
    """Why it cannot be asked here: a sentence for each item that stands against it."""
    found = list(placed(questionnaire.item))
    if len(found) > MOST_ITEMS:
        return (f"It has more than {MOST_ITEMS} items.",)
    links = [item.link_id for _, item in found]
    twice = {link for link in links if links.count(link) > 1}
    faults = [f"Two items have the linkId “{link}”." for link in sorted(twice)]
    for place, item in found:
        faults += _faults(place, item, frozenset(links))
    return tuple(faults)


def _faults(place: str, item: Item, links: frozenset[str]) -> Iterator[str]:
    called = item.link_id or "without a linkId"
    if not item.link_id:
        yield f"The item “{item.text}” has no linkId."
    if item.type not in KNOWN:
        yield f"Item {called} is of the type “{item.type}”, which is not asked here."
    if item.type in CHOICES and not item.answer_option:
        yield f"Item {called} has no answers of its own (a value set is not read)."
    if item.type == "group" and item.repeats:
        yield f"Group {called} repeats; groups are asked once."
    if place.count("-") >= DEEPEST:
        yield f"Item {called} lies deeper than {DEEPEST} groups."
    for one in item.enable_when:
        if one.question not in links:
            yield f"Item {called} depends on “{one.question}”, which is no item of it."


def by_link(questionnaire: Questionnaire) -> Mapping[str, Placed]:
    return {item.link_id: (place, item) for place, item in placed(questionnaire.item)}
