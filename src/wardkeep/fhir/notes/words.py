# SPDX-License-Identifier: Apache-2.0
"""The words of a note as somebody types them, and the XHTML that FHIR keeps them in.

A text is kept word for word: every line end, space and letter comes back as it was
typed, save what XML cannot hold (https://www.w3.org/TR/xml/#charsets).
"""

import re
from html import escape, unescape

import msgspec

from wardkeep.base.entry_codes import without_markup

LONGEST_TEXT = 60_000
"""Characters of one note, about twenty pages: more belongs into a document."""
MOST_SECTIONS = 16
LONGEST_LINE = 200
"""Of a title, a heading, a hint."""
_OPEN, _CLOSE = '<div xmlns="http://www.w3.org/1999/xhtml">', "</div>"
_LINE = "<br/>"
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Section(msgspec.Struct, frozen=True):
    """A heading and what stands under it; a note without headings has one."""

    heading: str = ""
    text: str = ""
    hint: str = ""
    """What the template says about it; it is not signed."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """All that is typed of a note; the box of a draft is its JSON, sealed."""

    title: str = ""
    when: str = ""
    """When what it tells happened, in London: `2026-11-28T12:20`; empty: just then."""
    sections: tuple[Section, ...] = ()
    why: str = ""
    """Of an amendment: what is changed and why."""

    @property
    def is_empty(self) -> bool:
        return not any(one.text.strip() for one in self.sections)

    @property
    def length(self) -> int:
        return sum(len(one.text) for one in self.sections)


def write_words(words: Words) -> bytes:
    """As a box holds them."""
    return msgspec.json.encode(words)


def read_words(text: bytes) -> Words | None:
    """Undo it; None where it is something else."""
    try:
        return msgspec.json.decode(text, type=Words)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def storable(text: str) -> str:
    """The text without what XML cannot hold, its line ends as one character."""
    return _NOT_IN_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def narrative_of(text: str) -> str:
    """A text as the `div` of a narrative: one line after the other."""
    lines = [escape(line, quote=False) for line in storable(text).split("\n")]
    return f"{_OPEN}{_LINE.join(lines)}{_CLOSE}"


def text_of(div: str) -> str:
    """A narrative as text; one that was written elsewhere loses its markup."""
    inner = div.removeprefix(_OPEN).removesuffix(_CLOSE)
    lines = inner.split(_LINE)
    if any("<" in line for line in lines):
        return unescape(without_markup(div)).strip()
    return "\n".join(unescape(line) for line in lines)


def joined(one: Words, other: Words) -> Words:
    """Both texts, section by section, with a line between where they differ."""
    rest = list(other.sections)
    sections = []
    for mine in one.sections:
        twin = next((it for it in rest if it.heading == mine.heading), None)
        if twin is not None:
            rest.remove(twin)
        sections.append(mine if twin is None else _both(mine, twin))
    return msgspec.structs.replace(
        one,
        sections=(*sections, *rest),
        title=one.title or other.title,
        why=one.why if one.why == other.why else f"{one.why}\n{other.why}".strip(),
    )


def _both(mine: Section, twin: Section) -> Section:
    if twin.text in mine.text:
        return mine
    if mine.text in twin.text:
        return msgspec.structs.replace(mine, text=twin.text)
    return msgspec.structs.replace(mine, text=f"{mine.text}\n––––\n{twin.text}")
