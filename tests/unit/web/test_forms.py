# SPDX-License-Identifier: Apache-2.0
"""Forms and JSON bodies: what is taken, what is told."""

from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import example, given, strategies as st
from starlette.requests import Request
from starlette.types import Message

from wardkeep.web.forms import MAX_FIELDS, Form, read_form, read_json
from wardkeep.web.passkey_names import LONGEST_NAME, passkey_name
from wardkeep.web.trouble import MALFORMED, NOT_A_FORM

FORM = "application/x-www-form-urlencoded"


def request(body: bytes, content_type: str) -> Request:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", content_type.encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    return Request(scope, receive)


async def test_a_form_is_read_and_tidied() -> None:
    body = urlencode({"name": "  Re\u0301my  ", "empty": ""}).encode()
    form = await read_form(request(body, FORM + "; charset=utf-8"))
    assert isinstance(form, Form)
    assert form.text("name", called="your name") == "R\u00e9my"
    assert form.optional_text("empty", called="a note") == ""
    assert form.optional_text("not sent", called="a note") == ""
    assert form.problems == {}


async def test_every_problem_is_told_at_once_by_field() -> None:
    form = Form({"long": "x" * 11, "odd": "a\x00b", "hidden": "a\u202eb"})
    assert form.text("missing", called="the surname") == ""
    assert form.text("long", called="the reason", at_most=10) == ""
    assert form.text("odd", called="the note") == ""
    assert form.text("hidden", called="the address") == ""
    assert form.choice("tier", called="a tier", among=("a", "b")) == ""
    assert list(form.problems) == ["missing", "long", "odd", "hidden", "tier"]
    assert form.problems["missing"].mend == "Enter the surname."
    assert form.problems["long"].mend == "Use 10 characters or fewer."
    assert "x" * 11 not in str(form.problems["long"])


def test_the_first_word_about_a_field_stands() -> None:
    form = Form({})
    form.reject("a", wrong="first", mend="m")
    form.reject("a", wrong="second", mend="m")
    assert form.problems["a"].wrong == "first"


def test_a_choice_among_those_offered_is_taken() -> None:
    form = Form({"tier": "b"})
    assert form.choice("tier", called="a tier", among=("a", "b")) == "b"


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", ""])
async def test_other_kinds_of_form_are_not_read(kind: str) -> None:
    assert await read_form(request(b"a=1", kind)) is NOT_A_FORM


async def test_a_field_that_comes_twice_is_refused() -> None:
    assert await read_form(request(b"a=1&a=2", FORM)) is MALFORMED


async def test_too_many_or_too_large_fields_are_refused() -> None:
    many = urlencode({f"f{n}": "1" for n in range(MAX_FIELDS + 1)}).encode()
    assert await read_form(request(many, FORM)) is MALFORMED
    assert await read_form(request(b"a=" + b"x" * 20_000, FORM)) is MALFORMED


class Sent(msgspec.Struct):
    secret: str


async def test_json_is_read_into_its_type() -> None:
    body = b'{"secret": "s", "other": 1}'
    sent = await read_json(request(body, "application/json"), Sent)
    assert sent == Sent("s")


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"secret": 1}', b"[]", b'{"secret": "\xff"}', b"[" * 100_000]
)
async def test_json_of_another_shape_is_refused(body: bytes) -> None:
    assert await read_json(request(body, "application/json"), Sent) is MALFORMED


async def test_json_that_a_foreign_form_could_send_is_not_read() -> None:
    body = b'{"secret": "s"}'
    assert await read_json(request(body, "text/plain"), Sent) is NOT_A_FORM


@given(st.text())
@example("x" * (LONGEST_NAME - 1) + " y")
def test_the_name_of_a_passkey_is_one_short_line(typed: str) -> None:
    name = passkey_name(typed, device="Chrome on Linux")
    assert name
    assert len(name) <= LONGEST_NAME
    assert name.isprintable()
    assert name == " ".join(name.split())


def test_a_passkey_without_a_name_is_called_after_its_device() -> None:
    assert passkey_name(" \n", device="Chrome on Linux") == "Chrome on Linux"
    assert passkey_name("My\tkey", device="x") == "My key"
