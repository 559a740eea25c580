# SPDX-License-Identifier: Apache-2.0
"""Messages about handing a caseload over: signed for once, then done one by one."""

from typing import TypeAlias

from wardkeep.disclosure.message import Message

MOST_HANDED_OVER = 200
"""Patients in one act: the largest caseload of somebody who leaves."""
HAND_OVER_SECONDS = 15 * 60.0
"""From the signature to the last of them."""
LONGEST_NAME = 200


class HandOver(Message, frozen=True, kw_only=True):
    """An act: the care of these patients goes to somebody else.

    The signature is over each patient, and to whom each goes.
    """

    id: str
    team: str
    """Whose caseload it is, as `HealthcareService/x`; the signer is in it."""
    reason: str
    moves: tuple[tuple[str, str, str], ...]
    """(patient, to whom as `Practitioner/x`, in which team)."""
    names: tuple[tuple[str, str], ...] = ()
    """What references are called, as the record has it: to be read, not believed."""


HandOverAct: TypeAlias = HandOver


class ReadSignedHandOver(Message, frozen=True):
    """What this session signed for, as long as it holds."""

    session: str
    id: str


HandOverQuestion: TypeAlias = ReadSignedHandOver


class SignedHandOverView(Message, frozen=True, kw_only=True):
    """The act as it was signed."""

    act: HandOver


HandOverAnswer: TypeAlias = SignedHandOverView
