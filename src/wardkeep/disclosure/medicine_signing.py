# SPDX-License-Identifier: Apache-2.0
"""Messages about signing for a controlled drug: two people, a passkey each."""

from typing import TypeAlias

from wardkeep.disclosure.message import Message

SIGNED_MEDICINE_SECONDS = 15 * 60.0
"""From the signature until it is written into the record."""
LONGEST_WORDS = 1000
PRESCRIBES, CHECKS = "prescribes", "checks"
WITNESSES = "witnesses"
"""Of stock: a second person found so too. It is about no patient."""
RETURNS = "returns"
"""Of a controlled drug that was given: a second person saw that it is back."""


class SignMedicine(Message, frozen=True, kw_only=True):
    """An act: this prescription, as it stands in this version, is right.

    The signature is over its words, so that another dose needs another signature.
    """

    id: str
    """Of the MedicationRequest; of stock, of what was asked."""
    version: int
    patient: str
    """Empty of stock."""
    part: str
    """`prescribes`, `checks`, `witnesses` or `returns`: of which of both it is."""
    words: str
    """Medicine, dose and quantity, as the page showed them."""
    prescriber: str
    """What they, or of stock the first person, are called: to be read, not believed."""


MedicineAct: TypeAlias = SignMedicine


class ReadSignedMedicine(Message, frozen=True):
    """What this session signed for, as long as it holds."""

    session: str
    id: str


MedicineQuestion: TypeAlias = ReadSignedMedicine


class SignedMedicineView(Message, frozen=True, kw_only=True):
    """The act as it was signed."""

    act: SignMedicine


MedicineAnswer: TypeAlias = SignedMedicineView
