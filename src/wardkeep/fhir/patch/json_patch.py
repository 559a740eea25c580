# SPDX-License-Identifier: Apache-2.0
"""JSON Patch: https://www.rfc-editor.org/rfc/rfc6902, over decoded JSON.

Pointers are those of RFC 6901. The document handed in is never changed: a patch that
fails half way has done nothing. No operation grows a document without end, in size or
in depth.
"""

import copy
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.strict_json import MOST_LEVELS
from wardkeep.fhir.patch.measure import measure

MOST_OPERATIONS = 1_000
MOST_WEIGHT = 16 * 1024 * 1024
"""Of all that one patch copies and moves: see `Measure.weight`."""
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_APPEND = "-"
_TOO_MUCH = "it copies and moves too much"
_Tokens = list[str]


class _FaultError(Exception):
    """Ends the patch; caught in this module."""

    def __init__(self, wrong: str, mend: str = "Correct the operation.") -> None:
        super().__init__(wrong)
        self.wrong = wrong
        self.mend = mend


def apply_json_patch(
    content: dict[str, object], operations: object
) -> dict[str, object] | Problem:
    """The patched document, or the first operation that cannot be done."""
    if not isinstance(operations, list) or len(operations) > MOST_OPERATIONS:
        wrong = f"it is not an array of at most {MOST_OPERATIONS} operations"
        return Problem(place="patch", wrong=wrong, mend="Send a JSON Patch.")
    document: Any = copy.deepcopy(content)
    carried = 0
    for place, operation in enumerate(operations):
        try:
            document, weight = _apply(document, operation)
        except _FaultError as fault:
            return Problem(place=f"patch[{place}]", wrong=fault.wrong, mend=fault.mend)
        carried += weight
        if carried > MOST_WEIGHT:
            at = f"patch[{place}]"
            return Problem(place=at, wrong=_TOO_MUCH, mend="Copy less.")
    if not isinstance(document, dict):
        mend = "Leave an object."
        return Problem(place="patch", wrong="it leaves no resource", mend=mend)
    return document


def _apply(document: Any, operation: object) -> tuple[Any, int]:
    if not isinstance(operation, dict):
        raise _FaultError("it is not an object")
    name = operation.get("op")
    doer = _OPERATIONS.get(name) if isinstance(name, str) else None
    if doer is None:
        raise _FaultError("its op is none of RFC 6902's")
    return doer(document, operation)


def _pointer(operation: Mapping[str, object], member: str) -> _Tokens:
    text = operation.get(member)
    if not isinstance(text, str) or (text and text[0] != "/"):
        raise _FaultError(f"its {member} is not a JSON Pointer")
    if re.search(r"~(?![01])", text):
        raise _FaultError(f"its {member} has a tilde that escapes nothing")
    parts = text.split("/")[1:]
    return [part.replace("~1", "/").replace("~0", "~") for part in parts]


def _value(operation: Mapping[str, object]) -> Any:
    if "value" not in operation:
        raise _FaultError("its value is missing")
    return operation["value"]


def _find(document: Any, tokens: _Tokens) -> Any:
    for token in tokens:
        document = _child(document, token)
    return document


def _child(node: Any, token: str) -> Any:
    if isinstance(node, dict):
        if token not in node:
            raise _FaultError("its path leads nowhere")
        return node[token]
    if isinstance(node, list):
        return node[_place(token, len(node) - 1)]
    raise _FaultError("its path leads into a plain value")


def _place(token: str, last: int) -> int:
    if not _INDEX.fullmatch(token) or int(token) > last:
        raise _FaultError("its path has an index that is not there")
    return int(token)


def _fitting(tokens: _Tokens, value: Any) -> int:
    """The value's weight, where it does not nest too deep at its place."""
    levels, weight = measure(value)
    if len(tokens) + levels > MOST_LEVELS:
        wrong = f"it nests deeper than {MOST_LEVELS} levels"
        raise _FaultError(wrong, "Flatten it: no FHIR resource needs such depth.")
    if weight > MOST_WEIGHT:
        raise _FaultError(_TOO_MUCH, "Copy less.")
    return weight


def _add(document: Any, tokens: _Tokens, value: Any) -> Any:
    if not tokens:
        return value
    parent = _find(document, tokens[:-1])
    last = tokens[-1]
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list):
        at = len(parent) if last == _APPEND else _place(last, len(parent))
        parent.insert(at, value)
    else:
        raise _FaultError("its path leads into a plain value")
    return document


def _remove(document: Any, tokens: _Tokens) -> Any:
    if not tokens:
        raise _FaultError("it removes everything")
    parent = _find(document, tokens[:-1])
    _child(parent, tokens[-1])
    if isinstance(parent, dict):
        del parent[tokens[-1]]
    else:
        del parent[int(tokens[-1])]
    return document


def _do_add(document: Any, operation: Mapping[str, object]) -> tuple[Any, int]:
    tokens, value = _pointer(operation, "path"), _value(operation)
    _fitting(tokens, value)
    return _add(document, tokens, copy.deepcopy(value)), 0


def _do_remove(document: Any, operation: Mapping[str, object]) -> tuple[Any, int]:
    return _remove(document, _pointer(operation, "path")), 0


def _do_replace(document: Any, operation: Mapping[str, object]) -> tuple[Any, int]:
    tokens, value = _pointer(operation, "path"), _value(operation)
    _fitting(tokens, value)
    value = copy.deepcopy(value)
    _find(document, tokens)
    if not tokens:
        return value, 0
    parent = _find(document, tokens[:-1])
    parent[tokens[-1] if isinstance(parent, dict) else int(tokens[-1])] = value
    return document, 0


def _do_move(document: Any, operation: Mapping[str, object]) -> tuple[Any, int]:
    source, target = _pointer(operation, "from"), _pointer(operation, "path")
    if target[: len(source)] == source and target != source:
        raise _FaultError("it moves a value into itself")
    value = _find(document, source)
    if target == source:
        return document, 0
    weight = _fitting(target, value)
    return _add(_remove(document, source), target, value), weight


def _do_copy(document: Any, operation: Mapping[str, object]) -> tuple[Any, int]:
    value = _find(document, _pointer(operation, "from"))
    target = _pointer(operation, "path")
    weight = _fitting(target, value)
    return _add(document, target, copy.deepcopy(value)), weight


def _do_test(document: Any, operation: Mapping[str, object]) -> tuple[Any, int]:
    if not _equal(_find(document, _pointer(operation, "path")), _value(operation)):
        raise _FaultError("its test does not hold", "Read the resource again.")
    return document, 0


_OPERATIONS: dict[str, Callable[[Any, Mapping[str, object]], tuple[Any, int]]] = {
    "add": _do_add,
    "remove": _do_remove,
    "replace": _do_replace,
    "move": _do_move,
    "copy": _do_copy,
    "test": _do_test,
}


def _equal(one: Any, other: Any) -> bool:
    """RFC 6902, 4.6: numbers by their value, true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | Decimal) and isinstance(other, int | Decimal):
        return one == other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            _equal(value, other[key]) for key, value in one.items()
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return type(one) is type(other) and bool(one == other)
