# SPDX-License-Identifier: Apache-2.0
"""JSON read strictly (RFC 8259, I-JSON's rules on keys) and with its decimals kept.

Refused besides what is no JSON: keys that come twice (two readers would see two
different records), NUL characters, nesting without end, sizes beyond a limit. Every
refusal costs time in proportion to the bytes that came, at most.
"""

import json
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import NoReturn

import msgspec

from wardkeep.base.outcome import Problem

MOST_BYTES = 16 * 1024 * 1024
MOST_LEVELS = 64
_WHOLE = "the body"

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encode = msgspec.json.Encoder(decimal_format="number").encode


def compact_json(content: object) -> bytes:
    """JSON without white space; decimals have the digits that they came with."""
    return _encode(content)


def decoded_object(text: bytes) -> dict[str, object]:
    """An object that this store has written: it was judged when it came."""
    found = _decoder.decode(text)
    if type(found) is not dict:
        raise TypeError
    return found


def read_object(
    raw: bytes, *, most_bytes: int = MOST_BYTES
) -> tuple[dict[str, object], bytes] | Problem:
    """The object in `raw` and its compact JSON, or what is wrong with it.

    Never raises, whatever the bytes are.
    """
    if len(raw) > most_bytes:
        wrong = f"it has more than {most_bytes:,} bytes"
        return _problem(wrong, "Send less at a time.")
    content = _decoded(raw)
    if type(content) is not dict:
        if isinstance(content, Problem):
            return content
        return _problem("it is not a JSON object", "Send one JSON object.")
    if _is_deeper_than(content, MOST_LEVELS, raw=raw):
        return _too_deep()
    compact = _encode(content)
    problem = _keys_or_nul(raw, compact)
    return problem or (content, compact)


def _decoded(raw: bytes) -> object:
    """What the bytes say, or a problem: no JSON decodes to one of those."""
    try:
        return _decoder.decode(raw)
    except RecursionError:
        return _too_deep()
    except UnicodeDecodeError as error:
        return _problem(f"it is not UTF-8 at byte {error.start}", "Encode it as UTF-8.")
    except (msgspec.DecodeError, InvalidOperation, ValueError) as error:
        wrong = f"it is not JSON: {_said_without_content(error)}"
        return _problem(wrong, "Send one JSON object (RFC 8259).")


def _said_without_content(error: Exception) -> str:
    """The decoder's words: they name a byte, never what stands there."""
    if isinstance(error, msgspec.DecodeError):
        return str(error).removeprefix("JSON is malformed: ")
    return "a number is out of range"


def _problem(wrong: str, mend: str) -> Problem:
    return Problem(place=_WHOLE, wrong=wrong, mend=mend)


def _too_deep() -> Problem:
    wrong = f"it nests deeper than {MOST_LEVELS} levels"
    return _problem(wrong, "Flatten it: no FHIR resource needs such depth.")


def _is_deeper_than(content: object, levels: int, *, raw: bytes) -> bool:
    if raw.count(b"{") + raw.count(b"[") <= levels:
        return False  # fewer brackets than levels cannot nest deeper
    level: list[object] = [content]
    for _ in range(levels):
        level = [
            child
            for node in level
            for child in _children(node)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return False
    return True


def _children(node: object) -> Iterable[object]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _keys_or_nul(raw: bytes, compact: bytes) -> Problem | None:
    # A key that came twice takes at least two quotation marks with it, and nothing
    # else changes their number: in JSON each is a string's end or escaped, and
    # only the spelling \u0022 hides one. So equal counts mean that no key was lost.
    is_plain = b"\\u0022" not in raw and raw.count(b'"') == compact.count(b'"')
    if not is_plain and _has_key_twice(raw):
        wrong = "an object has the same key twice"
        return _problem(wrong, "Send every key once: readers disagree on which counts.")
    if b"\\u0000" in compact and b"\\u0000" in compact.replace(b"\\\\", b""):
        return _problem("a string has a NUL character", "Remove the character U+0000.")
    return None


class _KeyTwiceError(ValueError):
    pass


def _has_key_twice(raw: bytes) -> bool:
    try:
        json.loads(raw, object_pairs_hook=_refuse_twice, parse_int=str, parse_float=str)
    except _KeyTwiceError:
        return True
    return False


def _refuse_twice(pairs: list[tuple[str, object]]) -> None:
    """For the hook of `json.loads`: it keeps nothing, so memory stays small."""
    if len({key for key, _ in pairs}) != len(pairs):
        _raise_key_twice()


def _raise_key_twice() -> NoReturn:
    raise _KeyTwiceError
