# SPDX-License-Identifier: Apache-2.0
"""A QuestionnaireResponse in words: each question that was answered, and its answer.

Made of what the response itself says, so that whoever has not got the Questionnaire
reads it too.
"""

from collections.abc import Iterator
from typing import Any

from wardkeep.fhir.work.expects import listed

Json = dict[str, Any]
DEEPEST = 20
"""Items within items that are read; nobody asks a question beneath twenty others."""


def title_of(content: Json, *, otherwise: str) -> str:
    """What was asked, as the response calls it."""
    shown = content.get("_questionnaire")
    for one in listed(shown, "extension") if isinstance(shown, dict) else ():
        title = one.get("valueString")
        if isinstance(title, str):
            return title
    return otherwise


def answers_of(content: Json, *, depth: int = 0) -> Iterator[str]:
    """Each question that was answered, on a line of its own."""
    if depth > DEEPEST:
        return
    for item in listed(content, "item"):
        given = [words for one in listed(item, "answer") if (words := value_of(one))]
        text = item.get("text")
        if given and isinstance(text, str):
            between = " " if text.endswith("?") else ": "
            yield f"{text}{between}{', '.join(given)}"
        yield from answers_of(item, depth=depth + 1)
        for one in listed(item, "answer"):
            yield from answers_of(one, depth=depth + 1)


def value_of(node: Json) -> str:
    """What a `value[x]` says, with its unit; empty where there is none."""
    for name, value in node.items():
        if not name.startswith("value"):
            continue
        if isinstance(value, bool):
            return "Yes" if value else "No"
        if isinstance(value, dict):
            return _coded(value)
        return str(value)
    return ""


def _coded(value: Json) -> str:
    """Of a Coding, a Quantity or a CodeableConcept."""
    displays = [one.get("display") for one in listed(value, "coding")]
    said = (value.get("text"), value.get("display"), *displays, value.get("value"))
    words = next((one for one in said if one not in (None, "")), value.get("code"))
    unit = value.get("unit")
    number = f"{value.get('comparator') or ''}{'' if words is None else words}"
    return f"{number} {unit}" if unit else number
