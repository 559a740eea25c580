# SPDX-License-Identifier: Apache-2.0
"""The socket for a check of medicines against each other; nothing is plugged in.

What is known of interactions is licensed and kept up by others
(docs/how-to/my-patients-and-the-chart.md). Without a check the form says so: silence
would read like "none".
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec


class Interaction(msgspec.Struct, frozen=True, kw_only=True):
    """A warning, in the words of whoever gives it."""

    words: str
    severity: str
    source: str
    """What says so, with its date."""


Check: TypeAlias = Callable[[str, Sequence[str], Sequence[str]], Sequence[Interaction]]
"""The new medicine, those taken now, and known allergies, to warnings. It must answer
at once and keep nothing: it is asked inside a page."""

CHECKS: list[Check] = []
"""Plugged in when the process is put together; empty in this version."""
