# SPDX-License-Identifier: Apache-2.0
"""Text as searches compare it: small letters, no accents, no punctuation."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import combinations, islice

_NO_LETTER = re.compile(r"[\W_]+")
_APOSTROPHES = str.maketrans("", "", "'`.\u00b4\u02bc\u2019")
"""O'Brien is one word however its apostrophe is typed, and so is U.K."""

_TYPED_AS = {
    "\u0142": "l",
    "\u00f8": "o",
    "\u0111": "d",
    "\u00f0": "d",
    "\u0131": "i",
    "\u0127": "h",
    "\u00fe": "th",
    "\u00e6": "ae",
    "\u0153": "oe",
}
"""Letters of Latin scripts that are no letter with an accent, so that no decomposition
takes them apart, as somebody types them who has an English keyboard."""
_FOLDS = str.maketrans(_TYPED_AS)
_TOGETHER = (
    "\u0142",
    "\u00f8\u00e6",
    "\u0131",
    "\u0111",
    "\u00f0\u00fe\u00e6",
    "\u0127",
    "\u0153",
)
"""Those that stand in one name, by language: Polish; Danish and Norwegian; Turkish;
Croatian and Vietnamese; Icelandic; Maltese; French."""
MOST_SPELLINGS = 32
_MOST_REPLACED = 3
"""Letters of one name: its beginning alone is looked for."""


def normalise(text: str) -> str:
    """Small letters without accents; punctuation and white space become one space."""
    if not text.isascii():
        split = unicodedata.normalize("NFKD", text)
        text = "".join(one for one in split if not unicodedata.combining(one))
    text = text.casefold().translate(_APOSTROPHES)
    return text if text.isalnum() else _NO_LETTER.sub(" ", text).strip()


def folded(normal: str) -> str:
    """A normalised text with the letters of an English keyboard alone."""
    return normal.translate(_FOLDS)


def spellings(normal: str) -> tuple[str, ...]:
    """How a normalised name may stand in a record; the likeliest first, 32 at most.

    As it was typed, as an English keyboard has it, and with up to three of the letters
    of one language that such a keyboard lacks: lukasz is also łukasz.
    """
    found = islice(dict.fromkeys((normal, *_spelt(folded(normal)))), MOST_SPELLINGS)
    return tuple(found)


def _spelt(plain: str) -> Iterator[str]:
    places = [
        [
            (at, _TYPED_AS[letter], letter)
            for at in range(len(plain))
            for letter in letters
            if plain.startswith(_TYPED_AS[letter], at)
        ]
        for letters in _TOGETHER
    ]
    for many in range(_MOST_REPLACED + 1):
        for its in places:
            for chosen in combinations(its, many):
                yield from _replaced(plain, chosen)


def _replaced(plain: str, chosen: tuple[tuple[int, str, str], ...]) -> Iterator[str]:
    """With these letters; nothing where two of them stand in the same place."""
    end, parts = 0, []
    for at, typed, letter in chosen:
        if at < end:
            return
        parts += [plain[end:at], letter]
        end = at + len(typed)
    yield "".join((*parts, plain[end:]))
