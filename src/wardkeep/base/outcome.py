# SPDX-License-Identifier: Apache-2.0
"""A problem told so that its reader can mend it: the place, what is wrong, the mend."""

import msgspec


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong with what was handed in. It never repeats a patient's data."""

    place: str
    """Where: a file and line, a FHIRPath expression, a form field, a setting."""
    wrong: str
    """What is wrong, in plain words."""
    mend: str
    """What to do about it."""

    def __str__(self) -> str:
        return f"{self.place}: {self.wrong}. {self.mend}"
