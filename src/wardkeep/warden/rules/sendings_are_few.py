# SPDX-License-Identifier: Apache-2.0
"""What goes along with a referral by message leaves in the numbers that the work needs.

It is a copy of a part of one case, to a service that the operator set up: so it takes
no passkey, and a session alone carries no day's callers away. The referral itself, who
it is about and the case, is refused to nobody for its number, for then somebody would
not be seen; and behind broken glass everything goes.
"""

from wardkeep.disclosure.purpose import SEND
from wardkeep.warden.budgets import is_bare
from wardkeep.warden.rules.opening import GLASS, Explained, Opening, Refused

SPENT = "sendings-spent"
_BY_PEOPLE = Refused(
    code="people-refer",
    why="Referrals by message are sent by people.",
    mend="Have a person send it.",
)
_SPENT = Refused(
    code=SPENT,
    why="Answers and observations went along with as many referrals as your role sends"
    " in a day, or your role sends none.",
    mend="Send it without them, and say in words what matters.",
)
EXPLAINS = (
    Explained(
        code="people-refer",
        because="A program or app asked for what goes along with a referral.",
        would_allow="A person who refers; programs read what their scopes name.",
    ),
    Explained(
        code=SPENT,
        because="More of the record was to go along with referrals than the role sends"
        " in a day.",
        would_allow="The referral without it, a colleague, a day’s wait, or breaking"
        " the glass for this one patient.",
    ),
)


def sendings_are_few(opening: Opening) -> Refused | None:
    if opening.action is not SEND:
        return None
    if opening.scopes is not None:
        return _BY_PEOPLE
    types = {one[0] for one in opening.resources}
    if is_bare(SEND, types) or opening.relationship == GLASS:
        return None
    return _SPENT if opening.taken_out_left < 0 else None
