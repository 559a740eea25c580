# SPDX-License-Identifier: Apache-2.0
"""Which questions are asked, given the answers to others: R4's `enableWhen`.

https://hl7.org/fhir/R4/questionnaire-definitions.html#Questionnaire.item.enableWhen.
A comparison with a question that has several answers holds if it holds for any of them;
what is itself not asked has no answer.
"""

import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from wardkeep.fhir.questionnaires.answers import Given
from wardkeep.fhir.questionnaires.questionnaire import Item, When

Answers = Mapping[str, tuple[Given, ...]]
"""By linkId."""
_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


def is_asked(item: Item, answers: Answers) -> bool:
    """Whether the item's own conditions hold."""
    if not item.enable_when:
        return True
    held = [_holds(one, answers.get(one.question, ())) for one in item.enable_when]
    return any(held) if item.enable_behavior == "any" else all(held)


def _holds(when: When, given: tuple[Given, ...]) -> bool:
    if when.operator == "exists":
        return bool(given) is (when.answer_boolean is not False)
    compare = _ORDERS.get(when.operator)
    wanted = wanted_of(when)
    if compare is None or wanted is None:
        return False
    if when.operator == "!=":
        # Nothing answered is not equal to anything; of several none may be equal.
        return all(_compared(compare, one, wanted) for one in given)
    return any(_compared(compare, one, wanted) for one in given)


def _compared(
    compare: Callable[[Any, Any], bool], given: Given, wanted: object
) -> bool:
    mine = _plain(given)
    if type(mine) is not type(wanted):
        return compare is operator.ne
    return compare(mine, wanted)


def wanted_of(when: When) -> object:
    """What is compared with: text, number, truth, or (system, code)."""
    if when.answer_coding is not None:
        return (when.answer_coding.system, when.answer_coding.code)
    if when.answer_boolean is not None:
        return when.answer_boolean
    if when.answer_quantity is not None:
        return when.answer_quantity.value
    for number in (when.answer_decimal, when.answer_integer):
        if number is not None:
            return Decimal(number)
    time = when.answer_date or when.answer_time or when.answer_date_time
    return time or when.answer_string or None


def _plain(given: Given) -> object:
    value = given.value
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, dict):
        if given.kind == "valueCoding":
            return (str(value.get("system", "")), str(value.get("code", "")))
        return value.get("value")
    return value
