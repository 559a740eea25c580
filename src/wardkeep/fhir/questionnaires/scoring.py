# SPDX-License-Identifier: Apache-2.0
"""What a rating scale adds up to: the weights of the chosen answers.

By the extensions ordinalValue and itemWeight
(http://hl7.org/fhir/StructureDefinition/ordinalValue). A sum of what was answered looks
like a score and is none where questions were left out, so it says how many were.
"""

from collections.abc import Collection, Mapping
from decimal import Decimal

import msgspec

from wardkeep.fhir.questionnaires.answers import Given
from wardkeep.fhir.questionnaires.questionnaire import Item, Questionnaire, placed


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """The sum, and how much of the scale was answered."""

    total: Decimal
    answered: int
    questions: int
    most: Decimal
    """What it can be at most."""

    @property
    def is_complete(self) -> bool:
        return self.answered == self.questions


def score_of(
    questionnaire: Questionnaire,
    answers: Mapping[str, tuple[Given, ...]],
    *,
    asked: Collection[str] | None = None,
) -> Score | None:
    """None where no answer of the questionnaire has a weight.

    `asked` are the linkIds of what was asked, where conditions left something out:
    that is neither missing nor part of what the sum can be.
    """
    scale = [
        item
        for _, item in placed(questionnaire.item)
        if _weights(item) and (asked is None or item.link_id in asked)
    ]
    if not scale:
        return None
    given = [_given(answers.get(item.link_id, ())) for item in scale]
    return Score(
        total=sum((weight for one in given for weight in one), Decimal(0)),
        answered=sum(bool(one) for one in given),
        questions=len(scale),
        most=sum((_most(item) for item in scale), Decimal(0)),
    )


def _weights(item: Item) -> list[Decimal]:
    return [one.weight for one in item.answer_option if one.weight is not None]


def _most(item: Item) -> Decimal:
    weights = _weights(item)
    if not item.repeats:
        return max(weights)
    return sum((one for one in weights if one > 0), Decimal(0))


def _given(answers: tuple[Given, ...]) -> list[Decimal]:
    chosen = [one.option for one in answers if one.option is not None]
    return [one.weight for one in chosen if one.weight is not None]
