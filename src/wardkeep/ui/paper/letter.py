# SPDX-License-Identifier: Apache-2.0
"""A letter as PDF: A4, the address where a window envelope shows it.

Sizes are millimetres. Text is black on white in one face that the file holds; there is
no picture, link or script in it, so that it opens the same everywhere and does nothing.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path

import msgspec
from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import XPos, YPos

_HERE = Path(__file__).parent
_FACES = (("", "NotoSans-Regular.ttf"), ("B", "NotoSans-Bold.ttf"))
_SIGNS = "NotoSansMath.ttf"
"""What the face lacks and letters need: arrows, at most, at least."""
_FAMILY, _BESIDE = "Letter", "Signs"
_LEFT, _RIGHT, _TOP, _BOTTOM = 25.0, 20.0, 20.0, 22.0
_WINDOW_LEFT, _WINDOW_TOP = 25.0, 50.0
"""A DL envelope's window shows from 20 mm left, and 51 to 80 mm from the top."""
_TEXT, _SMALL, _LINE, _GAP = 10.5, 8.5, 5.3, 3.0
_BULLET = re.compile(r"^[-*•]\s+")
_HEADING = re.compile(r"^#\s+")
_SPACES = "\n\t\u00a0\u200b\u200c\u200d"


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What a letter says, as plain text."""

    sender: tuple[str, ...]
    """The organisation, then where it is reached."""
    to: tuple[str, ...]
    """Lines of the address; the name first."""
    day: date
    about: tuple[str, ...] = ()
    """Who the letter is about: name, birth date, number; none in one to the person."""
    subject: str
    body: str
    """Paragraphs parted by empty lines; `# ` begins a heading, `- ` a point."""
    signed_by: tuple[str, ...]
    """Name, then role; those who approved it."""
    copies: tuple[str, ...] = ()
    number: str
    """By which it is found again."""


def unprintable(text: str) -> str:
    """The first character that the letter's face lacks; empty where there is none."""
    known = _printable()
    lacking = (one for one in text if one not in _SPACES and ord(one) not in known)
    return next(lacking, "")


@cache
def _printable() -> frozenset[int]:
    known: set[int] = set()
    for name in (_FACES[0][1], _SIGNS):
        with TTFont(_HERE / name) as face:
            known.update(face.getBestCmap())
    return frozenset(known)


def letter_pdf(letter: Letter) -> bytes:
    """The letter's file; the same letter makes the same bytes."""
    sheet = _Sheet(letter)
    sheet.add_page()
    sheet.begin()
    sheet.say()
    sheet.end()
    return bytes(sheet.output())


class _Sheet(FPDF):
    """A letter under way."""

    def __init__(self, letter: Letter) -> None:
        super().__init__(format="A4")
        self._letter = letter
        for style, file in _FACES:
            self.add_font(_FAMILY, style, _HERE / file)
        self.add_font(_BESIDE, "", _HERE / _SIGNS)
        self.set_fallback_fonts([_BESIDE], exact_match=False)
        self.set_margins(_LEFT, _TOP, _RIGHT)
        self.set_auto_page_break(auto=True, margin=_BOTTOM)
        self.set_title(letter.subject)
        self.set_author(letter.sender[0])
        self.set_lang("en-GB")
        self.set_creator("Wardkeep")
        self.set_creation_date(datetime.combine(letter.day, time(), UTC))
        self._use()

    def footer(self) -> None:
        """Number and page on every sheet; whom it is about from the second on."""
        self.set_y(-_BOTTOM + 6)
        self._use(size=_SMALL)
        about = ", ".join(self._letter.about) if self.page_no() > 1 else ""
        said = f"{about}   {self._letter.number}".strip()
        self.cell(130, 4, said, new_x=XPos.RIGHT, new_y=YPos.TOP)
        page = f"Page {self.page_no()} of {{nb}}"
        self.cell(0, 4, page, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self._use()

    def begin(self) -> None:
        """Sender, address, day, whom it is about, subject."""
        letter = self._letter
        self._use("B", 13)
        self._row(letter.sender[0], 6.5)
        self._use(size=_SMALL)
        for line in letter.sender[1:]:
            self._row(line, 4.2)
        self.set_xy(_WINDOW_LEFT, _WINDOW_TOP)
        self._use()
        for line in letter.to:
            self._row(line, 4.8)
        self.set_y(max(self.get_y() + 6, 92))
        self._row(f"{letter.day.day} {letter.day:%B %Y}")
        self.ln(_GAP)
        for line in letter.about:
            self._row(line)
        if letter.about:
            self.ln(_GAP)
        self._use("B", 11.5)
        self._row(letter.subject, 5.8)
        self._use()
        self.ln(_GAP)

    def say(self) -> None:
        before = ""
        for style, text in parts_of(self._letter.body):
            if style == "heading":
                self.ln(1)
                self._use("B")
                self._row(text)
                self._use()
            elif style == "point":
                self.set_x(_LEFT + 4)
                self.cell(4, _LINE, "•")
                self._row(text)
            else:
                if before == "point":
                    self.ln(_GAP)
                self._row(text)
                self.ln(_GAP)
            before = style

    def end(self) -> None:
        """Who signed it, kept together with what stands below."""
        letter = self._letter
        copies = len(letter.copies) + 1 if letter.copies else 0
        if self.will_page_break(_LINE * (len(letter.signed_by) + copies + 2)):
            self.add_page()
        self.ln(_GAP)
        for style, line in zip(("B", ""), letter.signed_by, strict=False):
            self._use(style)
            self._row(line)
        self._use(size=_SMALL)
        if letter.copies:
            self.ln(_GAP)
            self._row("Copies to: " + "; ".join(letter.copies), 4.2)

    def _use(self, style: str = "", size: float = _TEXT) -> None:
        self.set_font(_FAMILY, style, size)

    def _row(self, text: str, height: float = _LINE) -> None:
        self.multi_cell(0, height, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def parts_of(body: str) -> Iterator[tuple[str, str]]:
    """A body as (heading, point or paragraph, its text)."""
    held: list[str] = []
    for raw in [*body.splitlines(), ""]:
        line = raw.strip()
        style = _style_of(line)
        if style != "text" and held:
            yield "paragraph", "\n".join(held)
            held = []
        if style == "heading":
            yield style, _HEADING.sub("", line)
        elif style == "point":
            yield style, _BULLET.sub("", line)
        elif style == "text":
            held.append(line)


def _style_of(line: str) -> str:
    if not line:
        return "nothing"
    if _HEADING.match(line):
        return "heading"
    return "point" if _BULLET.match(line) else "text"


def lines_of(text: str) -> tuple[str, ...]:
    """Lines of an address, tidied."""
    return tuple([one.strip() for one in text.splitlines() if one.strip()])
