# SPDX-License-Identifier: Apache-2.0
"""What somebody signed for with their passkey, as the door asks it of one opening."""

from wardkeep.disclosure.purpose import CARRY, COPY
from wardkeep.disclosure.questions import Disclose, Item
from wardkeep.ledger.beginnings import on_phone_until
from wardkeep.warden.sessions import Session


def is_copy_signed(
    session: Session, asked: Disclose, item: Item, monotonic: float
) -> bool:
    """Whether a copy of this patient and these types was signed for, and holds."""
    if asked.action is not COPY:
        return False
    signed = session.copies.get(item.patient)
    return signed is not None and signed.covers(item.resources, now=monotonic)


def is_list_signed(
    session: Session, asked: Disclose, item: Item, monotonic: float
) -> bool:
    """Whether a list for the phone with this patient on it was signed for."""
    if asked.action is not CARRY:
        return False
    signed = session.car_list
    return signed is not None and signed.covers(item.patient, now=monotonic)


def phone_words(session: Session) -> str:
    """Until when it lies on a phone, as it was signed: whatever the page says."""
    signed = session.car_list
    return "" if signed is None else on_phone_until(signed.act.until)
