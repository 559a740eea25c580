# SPDX-License-Identifier: Apache-2.0
"""Messages by which a dangerous act is confirmed with a fresh passkey.

The act itself goes to the warden three times: to be put into words, to be given a
challenge that is bound to it, and with the authenticator's answer. Whatever a page
shows, the signature is over the act's own bytes; another act needs another signature.
"""

from typing import TypeAlias

from wardkeep.disclosure.car_lists import CarListAct
from wardkeep.disclosure.containment import ContainmentAct
from wardkeep.disclosure.copies import CopyAct
from wardkeep.disclosure.data_sets import DataSetAct
from wardkeep.disclosure.erasing import ErasingAct
from wardkeep.disclosure.handing_over import HandOverAct
from wardkeep.disclosure.incident_desk import IncidentAct
from wardkeep.disclosure.kiosks import KioskAct
from wardkeep.disclosure.limits import LimitAct
from wardkeep.disclosure.medicine_signing import MedicineAct
from wardkeep.disclosure.message import Message
from wardkeep.disclosure.patients import PatientAct
from wardkeep.disclosure.people import PeopleAct
from wardkeep.disclosure.support import SupportAct

Act: TypeAlias = (
    PeopleAct
    | SupportAct
    | KioskAct
    | ErasingAct
    | PatientAct
    | ContainmentAct
    | IncidentAct
    | LimitAct
    | CopyAct
    | HandOverAct
    | MedicineAct
    | DataSetAct
    | CarListAct
)
"""Everything that needs a fresh passkey; an area adds its own acts here."""


class DescribeAct(Message, frozen=True):
    """What the act would do, in the warden's words; refused where it may not be."""

    session: str
    act: Act


class BeginConfirm(Message, frozen=True):
    """Options of an assertion whose challenge is bound to this act and session."""

    session: str
    act: Act


class FinishConfirm(Message, frozen=True):
    """The authenticator's answer: verified, kept as evidence, then the act is done."""

    session: str
    act: Act
    response: bytes


ConfirmingQuestion: TypeAlias = DescribeAct | BeginConfirm | FinishConfirm


class ActDescription(Message, frozen=True):
    """An act in words, as the one who confirms it reads it."""

    title: str
    lines: tuple[tuple[str, str], ...]
    warning: str = ""
    """What cannot be taken back, or who has to agree as well."""


ConfirmingAnswer: TypeAlias = ActDescription
