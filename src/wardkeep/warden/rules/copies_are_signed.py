# SPDX-License-Identifier: Apache-2.0
"""A copy of a record is made by the person who signed for that very copy.

One export button took 62 million people's records (PowerSchool 2024). Whoever stole a
session, or owns the web process, has no passkey; what was signed names one patient and
which types, and programs and apps read what they may and make no copies.
"""

from wardkeep.disclosure.purpose import TAKEN_OUT, Action
from wardkeep.warden.rules.opening import Explained, Opening, Refused

CODE = "copy-not-signed"
_NOT_SIGNED = Refused(
    code=CODE,
    why="Nobody signed for this copy, or it was longer ago than a quarter of an hour.",
    mend="Ask for the copy on the patient's page, and sign for it with your passkey.",
)
_BY_PEOPLE = Refused(
    code="people-take-out",
    why="Prints and copies are made by people.",
    mend="Have the program read what it needs.",
)
EXPLAINS = (
    Explained(
        code="copy-not-signed",
        because="A copy was asked for that the passkey had not signed for.",
        would_allow="Signing for that copy, of this patient and these parts.",
    ),
    Explained(
        code="people-take-out",
        because="A program or app asked for a print or a copy.",
        would_allow="Nothing would: programs read what their scopes name.",
    ),
)


def copies_are_signed(opening: Opening) -> Refused | None:
    if opening.action not in TAKEN_OUT:
        return None
    if opening.scopes is not None:
        return _BY_PEOPLE
    is_unsigned = opening.action is Action.COPY and not opening.is_copy_signed
    return _NOT_SIGNED if is_unsigned else None
