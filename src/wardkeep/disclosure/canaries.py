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
    PlantCanaries | CountCanaries | RetireCanaries | PickCanaries
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


CanaryAnswer: TypeAlias = CanaryCounts | PickedCanaries
