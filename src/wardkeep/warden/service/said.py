# SPDX-License-Identifier: Apache-2.0
"""Refusals that are the same wherever they are given."""

from wardkeep.disclosure.answers import Refusal

NOT_SIGNED_IN = Refusal(
    code="not-signed-in",
    why="You are not signed in, or your session has ended.",
    mend="Sign in again with your passkey.",
)
ASLEEP = Refusal(
    code="asleep",
    why="You have been away for a while.",
    mend="Use your passkey to go on where you were.",
)
FROZEN = Refusal(
    code="frozen",
    why="Your account is frozen: something about how records were opened with it needs"
    " somebody to look. Nothing of your work is lost.",
    mend="Ring your privacy officer or an administrator, who can release it.",
)
LEDGER_CANNOT_WRITE = Refusal(
    code="ledger-cannot-write",
    why="The ledger cannot be written just now, so no record opens.",
    mend="Nothing is lost. Tell whoever runs Wardkeep that the warden's disk is full or"
    " read-only. Try again in a minute, and use paper until then.",
)
NOTHING_ASKED = Refusal(
    code="nothing-asked",
    why="The question names no patient, or too many items for one question.",
    mend="Ask for between 1 and 512 items.",
)
NOT_YOUR_WORK = Refusal(
    code="not-your-work",
    why="Your role does not do this.",
    mend="Ask a colleague whose work it is.",
)
ERASED = Refusal(
    code="erased",
    why="The record of a person with this id was erased.",
    mend="Register the person anew, under another id.",
)
NOT_UNDERSTOOD = Refusal(
    code="not-understood",
    why="The message is not one that this socket takes.",
    mend="Use the same version of Wardkeep on both sides.",
)
DATABASE_UNAVAILABLE = Refusal(
    code="database-unavailable",
    why="The database does not answer just now.",
    mend="Try again in a few seconds.",
)
FAILED = Refusal(
    code="failed",
    why="Something went wrong in the warden.",
    mend="Try again; tell whoever runs Wardkeep if it stays so.",
)
BUSY = Refusal(
    code="busy",
    why="Too much is asked at once.",
    mend="Try again in a second.",
)
"""Retryable, like `database-unavailable`: HTTP answers both with 503."""
DEVICE_BOUND = Refusal(
    code="device-bound",
    why="This needs a passkey that stays on one device, and yours is copied between"
    " devices by its maker.",
    mend="Use a security key, or a passkey that is made on this device alone.",
)
