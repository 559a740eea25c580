# SPDX-License-Identifier: Apache-2.0
"""A typed reason is held, so that the next pages of the same record do not ask."""

from wardkeep.warden.service.weighed import Weighed
from wardkeep.warden.session_parts import REASON_HOLDS_SECONDS, HeldReason
from wardkeep.warden.sessions import Session


def hold_reason(session: Session, one: Weighed, *, now: float) -> None:
    """Hold what opened this."""
    held = HeldReason(
        purpose=one.purpose.value,
        reason=one.reason,
        until_monotonic=now + REASON_HOLDS_SECONDS,
    )
    session.hold_reason(one.item.patient, held)
