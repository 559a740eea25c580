# SPDX-License-Identifier: Apache-2.0
"""Text as searches compare it: small letters, no accents, no punctuation."""

import re
import unicodedata

_NO_LETTER = re.compile(r"[\W_]+")
_APOSTROPHES = str.maketrans("", "", "'`.\u00b4\u02bc\u2019")
"""O'Brien is one word however its apostrophe is typed, and so is U.K."""


def normalise(text: str) -> str:
    """Small letters without accents; punctuation and white space become one space."""
    if not text.isascii():
        split = unicodedata.normalize("NFKD", text)
        text = "".join(one for one in split if not unicodedata.combining(one))
    text = text.casefold().translate(_APOSTROPHES)
    return text if text.isalnum() else _NO_LETTER.sub(" ", text).strip()
