# SPDX-License-Identifier: Apache-2.0
"""Names and addresses of many people at once are opened for letters that two approved.

UK GDPR, article 34, has each person told whom a breach reached; eighty thousand
addresses in one file are what a thief comes for. So two privacy officers sign, and what
opens then is who was reached, by name and address, in the session of the second, for
half an hour.
"""

from wardkeep.disclosure.purpose import Action, Tier
from wardkeep.warden.rules.opening import LETTER, Explained, Opening, Refused

CODE = "letters-not-approved"
_PERSON = "Patient"
_REFUSED = Refused(
    code=CODE,
    why="No second person approved these letters in this session, or it was longer ago"
    " than half an hour.",
    mend="Ask for the letters on the incident's page; a colleague approves them.",
)
EXPLAINS = (
    Explained(
        code=CODE,
        because="Names and addresses for letters were asked for that no second person"
        " had approved, or of somebody whom the incident did not reach.",
        would_allow="Two privacy officers who sign for the letters of that incident.",
    ),
)


def letters_are_approved(opening: Opening) -> Refused | None:
    if opening.action is not Action.LETTERS:
        return None
    is_person = all(type_ == _PERSON for type_, _, _ in opening.resources)
    is_banner = opening.tier is Tier.BANNER and is_person and bool(opening.resources)
    is_approved = opening.relationship == LETTER and opening.scopes is None
    return None if is_banner and is_approved else _REFUSED
