# SPDX-License-Identifier: Apache-2.0
"""Forms and JSON bodies: small, typed, and told in plain words when they are wrong."""

import unicodedata
from collections.abc import Mapping
from typing import TypeVar

import msgspec
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from wardkeep.base.entry_codes import holds_entry_code
from wardkeep.base.outcome import Problem
from wardkeep.web.trouble import MALFORMED, NOT_A_FORM, Trouble

MAX_FIELDS = 64
MAX_FIELD_CHARACTERS = 10_000
_FORM_TYPE = "application/x-www-form-urlencoded"
_JSON_TYPE = "application/json"
_LINE_CONTROLS = "\t\n\r"

T = TypeVar("T")


class Form:
    """What was typed, and what is wrong with it, by field.

    Read every field, then look at `problems`: one page then tells all of them.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = dict(values)
        self.problems: dict[str, Problem] = {}

    def text(
        self, name: str, *, called: str, at_most: int = 200, is_way_in: bool = False
    ) -> str:
        """A line that must be given. `called` is what the screen calls it."""
        text = self.optional_text(
            name, called=called, at_most=at_most, is_way_in=is_way_in
        )
        if not text and name not in self.problems:
            self.reject(name, wrong=f"{called} is missing", mend=f"Enter {called}.")
        return text

    def optional_text(
        self, name: str, *, called: str, at_most: int = 200, is_way_in: bool = False
    ) -> str:
        """A text that may be empty; tidied: no outer spaces, composed letters.

        Lines end as they do in the record, however the browser sent them.

        A code that opens a home is refused everywhere but where a way in is set.
        """
        typed = self.values.get(name, "").replace("\r\n", "\n")
        text = unicodedata.normalize("NFC", typed).strip()
        if len(text) > at_most:
            self.reject(
                name,
                wrong=f"{called} is too long",
                mend=f"Use {at_most} characters or fewer.",
            )
            return ""
        if any(_is_control(letter) for letter in text):
            self.reject(
                name,
                wrong=f"{called} has characters that cannot be shown",
                mend="Type it again.",
            )
            return ""
        if not is_way_in and holds_entry_code(text):
            self.reject(
                name,
                wrong=f"{called} seems to hold a code that opens a home",
                mend="Set the code as a way in on the patient’s page, and leave it out"
                " here.",
            )
            return ""
        return text

    def choice(self, name: str, *, called: str, among: tuple[str, ...]) -> str:
        """One of some values."""
        chosen = self.values.get(name, "")
        if chosen not in among:
            self.reject(name, wrong=f"{called} is not chosen", mend=f"Choose {called}.")
            return ""
        return chosen

    def whole_number(
        self, name: str, *, called: str, least: int, most: int
    ) -> int | None:
        """A number between two others, typed in figures; None where it is wrong."""
        typed = self.text(name, called=called, at_most=len(str(most)) + 2)
        number = int(typed) if typed.isascii() and typed.isdigit() else least - 1
        if least <= number <= most:
            return number
        self.reject(
            name,
            wrong=f"{called} is not a number that may be set",
            mend=f"Enter a number between {least} and {most}.",
        )
        return None

    def reject(self, name: str, *, wrong: str, mend: str) -> None:
        """Say what is wrong with a field; the first word about it stands."""
        self.problems.setdefault(name, Problem(place=name, wrong=wrong, mend=mend))


def _is_control(letter: str) -> bool:
    """Control, surrogate and format characters, save line ends and joiners."""
    if letter in _LINE_CONTROLS or letter in "\u200c\u200d":
        return False
    return unicodedata.category(letter) in ("Cc", "Cf", "Cs")


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_form(
    request: Request,
    *,
    longest: int = MAX_FIELD_CHARACTERS,
    most_fields: int = MAX_FIELDS,
) -> Form | Trouble:
    """The request's form; a trouble where there is none, or a field comes twice.

    `longest` is how many bytes a field may have as it is sent, written with `%`.
    """
    if _content_type(request) != _FORM_TYPE:
        return NOT_A_FORM
    try:
        sent = await request.form(
            max_files=0, max_fields=most_fields, max_part_size=longest
        )
    except (MultiPartException, UnicodeDecodeError):
        return MALFORMED
    values: dict[str, str] = {}
    for name, value in sent.multi_items():
        if name in values or isinstance(value, UploadFile):
            return MALFORMED
        values[name] = value
    return Form(values)


async def read_json(request: Request, kind: type[T]) -> T | Trouble:
    """The request's JSON as a value of `kind`; a trouble where it is none.

    Only `application/json` is read: another site's form cannot send that type.
    """
    if _content_type(request) != _JSON_TYPE:
        return NOT_A_FORM
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return MALFORMED
