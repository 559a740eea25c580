# SPDX-License-Identifier: Apache-2.0
"""JSON is read strictly, whatever the bytes are, and keeps its decimals."""

import json
import time
from decimal import Decimal

import pytest
from hypothesis import given, settings, strategies as st

from wardkeep.base.outcome import Problem
from wardkeep.fhir.model.strict_json import compact_json, read_object

keys = st.text(max_size=4) | st.sampled_from(['"', '":', "a", "\\", "é", "a\u00e9"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner),
    max_leaves=8,
)


def content_of(raw: bytes) -> dict[str, object]:
    found = read_object(raw)
    assert not isinstance(found, Problem), found
    return found[0]


def fault_of(raw: bytes) -> str:
    found = read_object(raw)
    assert isinstance(found, Problem)
    return found.wrong


def test_decimals_keep_the_digits_they_came_with() -> None:
    raw = b'{"a": 1.00, "b": [0.10, 12345678901234567890.123456789], "c": -0.0}'
    found = read_object(raw)
    assert not isinstance(found, Problem)
    content, compact = found
    assert content["a"] == Decimal("1.00")
    assert compact == b'{"a":1.00,"b":[0.10,12345678901234567890.123456789],"c":-0.0}'


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"{", "not JSON"),
        (b'{"a":1} x', "not JSON"),
        (b'{"a":NaN}', "not JSON"),
        (b'{"a":Infinity}', "not JSON"),
        (b'{"a":-Infinity}', "not JSON"),
        (b'{"a":01}', "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'{"a":"\xff"}', "not UTF-8"),
        (b'{"a":"\xed\xa0\x80"}', "not UTF-8"),
        (b'{"\xc0\x80":1}', "not UTF-8"),
        (b'{"a":"\\ud800"}', "not JSON"),
        (b'{"a":"\x00"}', "not JSON"),
        (b'{"a":"\\u0000"}', "NUL"),
        (b'{"\\u0000":1}', "NUL"),
        (b'{"a":1e99999999999999999999}', "out of range"),
        (b'{"a":' + b"1" * 5000 + b"}", "not JSON"),
        (b'{"a":1,"a":1}', "same key twice"),
        (b'{"a":{"b":[{"c":1,"c":2}]}}', "same key twice"),
        (b'{"a":1,"\\u0061":1}', "same key twice"),
        (b'{"a":1,"a":1,"b":"\\u0022"}', "same key twice"),
        (b'{"a":1,"a":1,"b":"\\u0022","c" : "\\"\\u003a"}', "same key twice"),
    ],
)
def test_what_is_refused_is_told_in_words(raw: bytes, said: str) -> None:
    assert said in fault_of(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":"\\\\u0000"}',
        b'{"a" : "\\u0022:" , "b":1}',
        b'{"a":"\\"b\\":1"}',
        b'{"a":"\\u003cdiv\\u003e"}',
        b'{"a":{"b":1},"c":{"b":1}}',
        b'{"a":"\\ud83d\\ude00"}',
    ],
)
def test_odd_but_right_json_is_read(raw: bytes) -> None:
    assert content_of(raw) == json.loads(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 1_000_000,
        b'{"a":' * 1_000_000,
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b'{"a":' + b"[" * 64 + b"]" * 64 + b"}",
        b'{"a":' * 900 + b"1" + b"}" * 900,
    ],
)
def test_deep_nesting_is_refused_at_once(raw: bytes) -> None:
    began = time.monotonic()
    assert "deeper" in fault_of(raw)
    assert time.monotonic() - began < 5


def test_sixty_four_levels_are_allowed() -> None:
    assert content_of(b'{"a":' * 64 + b"1" + b"}" * 64)
    wide = b'{"a":[' + b",".join([b'{"b":[1]}'] * 200) + b"]}"
    assert content_of(wide)


def test_a_body_beyond_the_limit_is_not_even_decoded() -> None:
    found = read_object(b"x" * 11, most_bytes=10)
    assert isinstance(found, Problem)
    assert "more than 10 bytes" in found.wrong


def test_no_problem_repeats_what_was_sent() -> None:
    for raw in (b'{"name":"Quillfeather', b'{"Quillfeather":1,"Quillfeather":2}'):
        found = read_object(raw)
        assert "Quillfeather" not in str(found)


@given(st.binary(max_size=60))
def test_no_bytes_at_all_raise(raw: bytes) -> None:
    found = read_object(raw)
    assert isinstance(found, Problem | tuple)


@given(st.dictionaries(keys, values), st.booleans())
def test_what_was_written_is_read_back(
    content: dict[str, object],
    is_ascii: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    raw = json.dumps(content, ensure_ascii=is_ascii, indent=1).encode()
    has_nul = "\\u0000" in json.dumps(content).replace("\\\\", "")
    if has_nul:
        assert "NUL" in fault_of(raw)
    else:
        assert content_of(raw) == content
        assert json.loads(compact_json(content)) == content


@settings(max_examples=200)
@given(st.lists(st.tuples(keys, values), min_size=1, max_size=4), st.data())
def test_keys_that_come_twice_never_slip_through(
    pairs: list[tuple[str, object]], data: st.DataObject
) -> None:
    """Whichever way a key or a colon is written, the second one is noticed."""
    spell = st.sampled_from(["plain", "ascii", "spaced"])
    parts = []
    for key, value in pairs:
        way = data.draw(spell)
        written = json.dumps(key, ensure_ascii=way == "ascii")
        if way == "ascii":
            units = key.encode("utf-16-be").hex(" ", 2).split()
            written = '"' + "".join(f"\\u{unit}" for unit in units) + '"'
        gap = " \n:" if way == "spaced" else ":"
        parts.append(written + gap + json.dumps(value))
    raw = ("{" + ",".join(parts) + "}").encode()
    names = [key for key, _ in pairs]
    found = read_object(raw)
    if len(set(names)) < len(names):
        assert isinstance(found, Problem)
