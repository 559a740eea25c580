# SPDX-License-Identifier: Apache-2.0
"""What the authors of shipped rules read: which text, where, and whether it agrees.

`originals.toml` beside this file has a mark for each rule. A mark is of the rule's
digest (`digest` in `content.py`): with the first changed word of the rule, of its
condition, disposition, source or questions it is nobody's mark, and the rule has none
until somebody reads the text again. Whoever copies a rule unchanged into content of
their own has its mark; what an organisation's own people held is in `held.py`.
"""

from functools import cache
from importlib import resources
from typing import Literal, TypeAlias

import msgspec

Text: TypeAlias = Literal["publisher", "copy", "reproduction", "none"]
Verdict: TypeAlias = Literal["agrees", "differs", "not-found"]

TEXTS: dict[Text, str] = {
    "publisher": "the publisher’s own text",
    "copy": "a word-for-word copy of the publisher’s text",
    "reproduction": "what somebody else reproduces of it",
    "none": "no text",
}
VERDICTS: dict[Verdict, str] = {
    "agrees": "agrees",
    "differs": "differs",
    "not-found": "not found",
}


class Original(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, held by its authors against what was to be had of its original."""

    rule: str
    """As `adult-checklist/stridor`, for people; what it is bound to is the digest."""
    digest: str
    verdict: Verdict
    text: Text
    edition: str
    clause: str
    where: str
    """Where the text was read, which need not be where it was published."""
    day: str
    compared: str
    """What was compared, and where it differs, in our own words."""

    @property
    def is_held(self) -> bool:
        """Against the original itself: a reproduction is none."""
        return self.text in ("publisher", "copy") and self.verdict != "not-found"

    @property
    def told(self) -> str:
        """One sentence for a page, without its end."""
        of = f"{TEXTS[self.text]} ({self.edition}, {self.clause})"
        if self.verdict == "not-found":
            return f"Its original was not found: {self.compared}"
        said = "agrees" if self.verdict == "agrees" else "differs"
        return f"Its authors held it against {of}; it {said}: {self.compared}"


class _Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    edition: str
    text: Text
    where: str
    day: str


class _Mark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rule: str
    digest: str
    source: str
    clause: str
    verdict: Verdict
    compared: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sources: dict[str, _Source]
    marks: tuple[_Mark, ...]


@cache
def originals() -> tuple[Original, ...]:
    """All marks, in the file's order."""
    text = resources.files(__package__).joinpath("originals.toml").read_text("utf-8")
    read = msgspec.toml.decode(text, type=_File)
    return tuple(_original(one, read.sources[one.source]) for one in read.marks)


def _original(mark: _Mark, source: _Source) -> Original:
    return Original(
        rule=mark.rule,
        digest=mark.digest,
        verdict=mark.verdict,
        text=source.text,
        edition=source.edition,
        clause=mark.clause,
        where=source.where,
        day=source.day,
        compared=mark.compared,
    )


@cache
def _by_digest() -> dict[str, Original]:
    return {one.digest: one for one in originals()}


def original_of(digest: str) -> Original | None:
    """The mark of a rule as it stands; None: nobody held these words."""
    return _by_digest().get(digest)
