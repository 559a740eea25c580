# SPDX-License-Identifier: Apache-2.0
"""How it stands with what a call taker sent on, and what to tell the caller."""

from collections.abc import Sequence

import msgspec

from wardkeep.care.message_words import WHYS
from wardkeep.fhir.bars.outgoing import (
    Sort,
    Standing,
    standing_booking,
    standing_referral,
)
from wardkeep.ui.format import show_moment


def can_end(referral: Standing | None) -> bool:
    """Whether the case is another service's: what is only looked at again is ours."""
    is_referral = referral is not None and referral.kind == Sort.REFERRAL
    return is_referral and referral is not None and referral.state in _THERE


_THERE = ("sent", "answered")


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """How it stands, and what to tell the caller."""

    words: str
    tell: str
    is_good: bool


def state_words(sent: Sequence[Standing]) -> Words | None:
    """None: nothing was sent, or all of it was taken back."""
    referral, booking = standing_referral(sent), standing_booking(sent)
    if referral is None:
        refused = [one for one in sent if one.state == "refused" and not one.follows]
        return _refused(refused[-1]) if refused else None
    if referral.state == "waiting":
        return Words(
            words=f"{referral.partner} has not answered yet. It goes on being sent.",
            tell="The case waits in our queue as well: somebody rings you back.",
            is_good=False,
        )
    if referral.state == "unanswered":
        return Words(
            words=f"{referral.partner} did not answer in time.",
            tell="What the call came to holds, as if nobody had been asked.",
            is_good=False,
        )
    if referral.kind == Sort.VALIDATION:
        return Words(
            words=f"{referral.partner} has it, and looks again.",
            tell=f"{referral.partner} rings you.",
            is_good=True,
        )
    return _there(referral, booking, sent)


def _there(
    referral: Standing, booking: Standing | None, sent: Sequence[Standing]
) -> Words:
    has_it = f"{referral.partner} has the referral."
    if booking is None:
        lost = [one for one in sent if one.kind == Sort.BOOKING]
        if lost and lost[-1].state == "refused":
            why = WHYS.get(lost[-1].last_error, "The time was refused.")
            words = f"{has_it} {why}"
            return Words(words=words, tell="Choose another time.", is_good=False)
        return Words(
            words=has_it, tell=f"{referral.partner} expects you.", is_good=True
        )
    at = show_moment(booking.starts_at.isoformat()) if booking.starts_at else ""
    if booking.state == "waiting":
        words = f"{has_it} The time is not confirmed yet."
        return Words(words=words, tell="Wait for the time.", is_good=False)
    return Words(
        words=f"{has_it} The time is booked.",
        tell=f"{referral.partner}, {at}.",
        is_good=True,
    )


def _refused(one: Standing) -> Words:
    why = WHYS.get(one.last_error, "Their system refused it.")
    return Words(
        words=f"{one.partner} did not take it. {why}",
        tell="The case waits in our queue: somebody rings you back.",
        is_good=False,
    )
