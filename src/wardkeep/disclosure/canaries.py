# SPDX-License-Identifier: Apache-2.0
"""Questions and answers about canaries: for the operator's socket alone.

Which patients are canaries is told to nobody: the operator plants and counts them, and
asks of patients who were disclosed which of them are no persons.
"""

from typing import TypeAlias

from wardkeep.disclosure.message import Message

MOST_NAMED = 500
"""Patients in one question."""


class PlantCanaries(Message, frozen=True):
    """These patients, whose records come next, are canaries. At most `MOST_NAMED`."""

    organisation: str
    """The organisation's short name."""
    patients: tuple[str, ...]


class CountCanaries(Message, frozen=True):
    """How many canaries an organisation has."""

    organisation: str


class AgeCanaries(Message, frozen=True):
    """Let this import add new writing to canaries, the next `MOST_NAMED` of them.

    Ask until none is named. Each is named once for a time that has passed: what an
    interrupted import did not write is not made up for.
    """

    session: str
    """Of the import."""
    after: str = ""
    """The last one named before."""


class RetireCanaries(Message, frozen=True):
    """Destroy up to 200 canaries: keys, rows, every version. Ask until none is left."""

    organisation: str
    is_met_only: bool
    """Only those that somebody opened: who did knows them."""


class PickCanaries(Message, frozen=True):
    """Which of these patients are, or were, no persons; at most `MOST_NAMED`."""

    organisation: int
    """The organisation's number, as the ledger has it."""
    patients: tuple[str, ...]


CanaryQuestion: TypeAlias = (
    PlantCanaries | CountCanaries | AgeCanaries | RetireCanaries | PickCanaries
)


class CanaryCounts(Message, frozen=True):
    """How many there are, and how many of those somebody opened."""

    organisation: int
    living: int
    met: int
    """Living ones that were opened."""
    retired: int


class PickedCanaries(Message, frozen=True):
    """Those of the patients asked about who are no persons."""

    patients: tuple[str, ...]


class AgingCanaries(Message, frozen=True):
    """Canaries to which new writing may be added, and of which time."""

    patients: tuple[tuple[str, int], ...]
    """Each with when that was done before, or when it was planted."""
    until: int
    """Now. UTC microseconds since 1970, as the others."""


CanaryAnswer: TypeAlias = CanaryCounts | PickedCanaries | AgingCanaries
