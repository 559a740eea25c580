# SPDX-License-Identifier: Apache-2.0
"""What a rating scale says of its sum or means: bands, source, alarming answers.

Extensions of ours on a Questionnaire, which other software passes over
(docs/formats/assessment.md). A sum has a band only where every question was answered:
half a scale is lower than the whole, and reads like a better day.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

import msgspec

from wardkeep.fhir.questionnaires.answers import Given
from wardkeep.fhir.questionnaires.questionnaire import (
    Coding,
    Extension,
    Item,
    Questionnaire,
    placed,
)
from wardkeep.fhir.questionnaires.response import asked_in
from wardkeep.fhir.questionnaires.scoring import Score, score_of

SYSTEM = "urn:wardkeep:scale"
BAND, SOURCE, SCORE, ALERT = (
    f"{SYSTEM}:{name}" for name in ("band", "source", "score", "alert")
)
MEAN, TALK = (f"{SYSTEM}:{name}" for name in ("mean", "talk"))
_HUNDREDTH = Decimal("0.01")
_MOST_TALKS = 10
Answers = Mapping[str, tuple[Given, ...]]


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """Sums from `least` to `most`, both within, and what they are called."""

    least: Decimal
    most: Decimal
    words: str
    is_usual: bool = False
    """Whether nothing is out of the ordinary: it is not marked in lists."""

    def holds(self, total: Decimal) -> bool:
        return self.least <= total <= self.most


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """What a Questionnaire says of its sum."""

    bands: tuple[Band, ...]
    source: str
    code: Coding
    """What the sum is called as an Observation."""


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that whoever meets the patient must know."""

    link: str
    words: str
    """What it is, in the Questionnaire's own words."""
    question: str
    answer: str


class Mean(msgspec.Struct, frozen=True, kw_only=True):
    """The mean of some of its questions, in hundredths."""

    words: str
    value: Decimal | None
    """None where one of them was left out."""
    most: Decimal
    answered: int
    questions: int

    @property
    def said(self) -> str:
        if self.value is None:
            return f"{self.words}: {self.answered} of {self.questions} answered"
        return f"{self.words} {self.value} of {self.most}"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The sum with its band; `total` is None where questions were left out.

    Where a Questionnaire asks for means, the first of them is its total.
    """

    score: Score
    total: Decimal | None
    band: Band | None
    means: tuple[Mean, ...] = ()

    @property
    def most(self) -> Decimal:
        """What the total can be at most."""
        return self.means[0].most if self.means else self.score.most

    @property
    def sums(self) -> tuple[tuple[str, Decimal], ...]:
        """What stands below the answers: each with its name."""
        found = [(one.words, one.value) for one in self.means]
        pairs = found or [("Total", self.total)]
        return tuple((words, value) for words, value in pairs if value is not None)

    @property
    def words(self) -> str:
        score = self.score
        if self.means:
            said = "; ".join(one.said for one in self.means)
            return f"{said}, {self.band.words}" if self.band else said
        if self.total is None:
            return f"No total: {score.answered} of {score.questions} answered"
        called = f", {self.band.words}" if self.band else ""
        return f"{self.total} of {score.most}{called}"


def scale_of(questionnaire: Questionnaire) -> Scale:
    found = [one for one in questionnaire.extension if one.url == BAND]
    coded = _said(questionnaire.extension, SCORE)
    title = questionnaire.words()
    ours = Coding(system=SYSTEM, code=questionnaire.id, display=title)
    source = _said(questionnaire.extension, SOURCE)
    return Scale(
        bands=tuple(band for one in found if (band := _band(one)) is not None),
        source=source.value_string if source else "",
        code=(coded.value_coding if coded else None) or ours,
    )


def _said(extensions: tuple[Extension, ...], url: str) -> Extension | None:
    return next((one for one in extensions if one.url == url), None)


def _band(one: Extension) -> Band | None:
    """None where it is not written so that it can be read."""
    least, most = (_said(one.extension, name) for name in ("least", "most"))
    words, usual = (_said(one.extension, name) for name in ("words", "usual"))
    low, high = _number(least), _number(most)
    if low is None or high is None or words is None or not words.value_string:
        return None
    return Band(
        least=low,
        most=high,
        words=words.value_string,
        is_usual=usual is not None and usual.value_boolean is True,
    )


def _number(said: Extension | None) -> Decimal | None:
    if said is None:
        return None
    whole = said.value_integer
    return said.value_decimal if whole is None else Decimal(whole)


def result_of(questionnaire: Questionnaire, answers: Answers) -> Result | None:
    """None where it is no scale."""
    score = score_of(questionnaire, answers, asked=asked_in(questionnaire, answers))
    if score is None:
        return None
    means = _means(questionnaire, answers)
    total = score.total if score.is_complete else None
    total = means[0].value if means else total
    bands = scale_of(questionnaire).bands
    held = [one for one in bands if total is not None and one.holds(total)]
    band = held[0] if held else None
    return Result(score=score, total=total, band=band, means=means)


def _means(questionnaire: Questionnaire, answers: Answers) -> tuple[Mean, ...]:
    """By the order in which they are written; what cannot be read is none."""
    asked = asked_in(questionnaire, answers)
    items = {item.link_id: item for _, item in placed(questionnaire.item)}
    found = []
    for one in questionnaire.extension:
        if one.url != MEAN or tuple(_faults_of_mean(one, items)):
            continue
        of = [items[link] for link in _links(one) if link in asked]
        found.append(_mean(_named(one), of, answers))
    return tuple(found)


def _mean(words: str, of: Sequence[Item], answers: Answers) -> Mean:
    weights = [
        given.option.weight
        for item in of
        for given in answers.get(item.link_id, ())[:1]
        if given.option is not None and given.option.weight is not None
    ]
    is_whole = bool(of) and len(weights) == len(of)
    value = sum(weights, Decimal(0)) / len(of) if is_whole else None
    rounded = None if value is None else value.quantize(_HUNDREDTH, ROUND_HALF_UP)
    return Mean(
        words=words,
        value=rounded,
        most=max((one for it in of for one in _weights(it)), default=Decimal(0)),
        answered=len(weights),
        questions=len(of),
    )


def _named(one: Extension) -> str:
    said = _said(one.extension, "words")
    return said.value_string if said else ""


def _links(one: Extension) -> tuple[str, ...]:
    return tuple(part.value_string for part in one.extension if part.url == "of")


def _weights(item: Item) -> list[Decimal]:
    return [one.weight for one in item.answer_option if one.weight is not None]


def _faults_of_mean(one: Extension, items: Mapping[str, Item]) -> Iterator[str]:
    if not _named(one) or not _links(one):
        yield "A mean has no words, or no questions."
    for link in _links(one):
        item = items.get(link)
        if item is None or item.repeats or not _weights(item):
            yield f"A mean is of “{link}”, which is no question with one weight."


def talks_of(questionnaire: Questionnaire) -> int:
    """How many subjects are gone through together afterwards; 0: it is not meant so."""
    said = _said(questionnaire.extension, TALK)
    wanted = said.value_integer if said else None
    return min(wanted, _MOST_TALKS) if wanted is not None and wanted > 0 else 0


def subjects_of(questionnaire: Questionnaire) -> tuple[Item, ...]:
    """What is rated, and can be gone through together."""
    return tuple(item for _, item in placed(questionnaire.item) if _weights(item))


def alarms_of(questionnaire: Questionnaire, answers: Answers) -> tuple[Alarm, ...]:
    """Answers above 0, or yes, to questions that are marked so."""
    return tuple(_alarms(questionnaire, answers))


def _alarms(questionnaire: Questionnaire, answers: Answers) -> Iterator[Alarm]:
    for _, item in placed(questionnaire.item):
        said = item.said(ALERT)
        given = answers.get(item.link_id, ())
        if said is None or not any(_is_alarming(one) for one in given):
            continue
        yield Alarm(
            link=item.link_id,
            words=said.value_string or item.words(),
            question=item.words(),
            answer=", ".join(shown(one) for one in given),
        )


def _is_alarming(given: Given) -> bool:
    weight = given.option.weight if given.option is not None else None
    return given.value is True or (weight is not None and weight > 0)


def unanswered(questionnaire: Questionnaire, answers: Answers) -> tuple[Item, ...]:
    """Questions that count, were asked, and have no answer."""
    asked = asked_in(questionnaire, answers)
    return tuple(
        item
        for _, item in placed(questionnaire.item)
        if any(one.weight is not None for one in item.answer_option)
        and item.link_id in asked
        and not answers.get(item.link_id)
    )


def shown(given: Given) -> str:
    """One answer as people read it; numbers keep their digits."""
    if given.option is not None:
        return given.option.words()
    if isinstance(given.value, bool):
        return "Yes" if given.value else "No"
    if isinstance(given.value, dict):
        if given.kind == "valueCoding":
            return str(given.value.get("display") or given.value.get("code", ""))
        parts = (given.value.get("value"), given.value.get("unit"))
        return " ".join(str(one) for one in parts if one is not None)
    return str(given.value)


def faults_of(questionnaire: Questionnaire) -> Iterator[str]:
    """What is wrong with its bands and weights: a sum must never be called wrongly."""
    bands = scale_of(questionnaire).bands
    written = sum(one.url == BAND for one in questionnaire.extension)
    if written != len(bands):
        yield "A band has no least, no most or no words."
    score = score_of(questionnaire, {})
    if bands and score is None:
        yield "It has bands, and no answer has a weight that could be added up."
    yield from _between(bands)
    items = {item.link_id: item for _, item in placed(questionnaire.item)}
    for one in questionnaire.extension:
        if one.url == MEAN:
            yield from _faults_of_mean(one, items)
    for _, item in placed(questionnaire.item):
        weights = [one.weight is not None for one in item.answer_option]
        if any(weights) and not all(weights):
            yield f"Item {item.link_id} has answers with a weight and without one."


def _between(bands: tuple[Band, ...]) -> Iterator[str]:
    for one in bands:
        if one.least > one.most:
            yield f"The band “{one.words}” ends before it begins."
    for one, following in pairwise(sorted(bands, key=lambda one: one.least)):
        if following.least <= one.most:
            yield f"The bands “{one.words}” and “{following.words}” overlap."
