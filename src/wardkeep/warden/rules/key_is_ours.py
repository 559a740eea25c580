# SPDX-License-Identifier: Apache-2.0
"""A wrapped key opens for the organisation, patient and tier it was made for only."""

from wardkeep.warden.rules.opening import Explained, Opening, Refused

_REFUSED = Refused(
    code="not-this-organisation",
    why="This record does not belong to your organisation.",
    mend="Ask the organisation that holds it to send you what you need.",
)
EXPLAINS = (
    Explained(
        code="not-this-organisation",
        because="The key that came with the question does not belong to this"
        " organisation, patient and part.",
        would_allow="That the organisation which holds the record sends what is"
        " needed.",
    ),
)


def key_is_ours(opening: Opening) -> Refused | None:
    return None if opening.is_key_ours else _REFUSED
