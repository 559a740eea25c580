# SPDX-License-Identifier: Apache-2.0
"""Questionnaires that come with Wardkeep: published ones that may be copied, and ours.

Each file says whose it is and by which licence; a test holds that. Of DIALOG the names
of the subjects, the steps and the scoring are as published, and no other word is. What
is licensed otherwise (HoNOS, ReQoL, WHO-5, AUDIT, MUST, Waterlow, 4AT) is not here:
whoever has the licence brings it in from a file.
"""

from functools import cache
from importlib.resources import files

import msgspec

from wardkeep.fhir.questionnaires.editing import Json

NAMES = (
    *("phq-9", "gad-7", "dialog"),
    *("core-assessment", "falls-checklist", "skin-checklist"),
)


class Volume(msgspec.Struct, frozen=True):
    """One of them."""

    name: str
    content: Json

    @property
    def title(self) -> str:
        return str(self.content["title"])

    @property
    def licence(self) -> str:
        return str(self.content["copyright"])


@cache
def library() -> tuple[Volume, ...]:
    """All of them, in the order in which they are offered."""
    folder = files(__package__) / "library"
    return tuple(
        Volume(name, msgspec.json.decode((folder / f"{name}.json").read_bytes()))
        for name in NAMES
    )
