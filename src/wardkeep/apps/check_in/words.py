# SPDX-License-Identifier: Apache-2.0
"""Languages: the few words that people read who check themselves in.

One JSON file each under `languages/`. They were translated by the makers of Wardkeep
and are unsigned: no native speaker has reviewed them (docs/how-to/check-in.md).
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

_HERE = Path(__file__).parent / "languages"
ENGLISH = "en"
SAFETY_RELEVANT = frozenset(
    {
        *("urgent", "done", "desk", "wait", "go_to", "now_called"),
        *("early", "late", "wrong_day", "wrong_place", "cancelled", "already"),
        *("today_only", "number_later", "begin_again", "not_found"),
        *("waiting_area", "step_free", "runs_late", "visit_over"),
    }
)
"""Where a wrong word sends somebody home, or leaves them waiting in vain."""


class Language(msgspec.Struct, frozen=True, kw_only=True):
    """One language, by the code that FHIR and HTML know it by (BCP 47)."""

    code: str = ""
    name: str
    """Its own name for itself."""
    direction: str
    """`ltr` or `rtl`."""
    messages: Mapping[str, str]

    def __getattr__(self, key: str) -> str:
        """A message by its key, as templates ask for it."""
        try:
            return self.messages[key]
        except KeyError:
            raise AttributeError(key) from None

    def say(self, key: str, **parts: object) -> str:
        """A message with its parts filled in."""
        return self.messages[key].format(**parts)


@cache
def languages() -> Mapping[str, Language]:
    """English first, then by their own names."""
    found = [
        msgspec.structs.replace(
            msgspec.json.decode(path.read_bytes(), type=Language), code=path.stem
        )
        for path in _HERE.glob("*.json")
    ]
    found.sort(key=lambda one: (one.code != ENGLISH, one.name))
    return {one.code: one for one in found}


def language(code: str) -> Language:
    """The language that was chosen; English for any other word."""
    return languages().get(code) or languages()[ENGLISH]
