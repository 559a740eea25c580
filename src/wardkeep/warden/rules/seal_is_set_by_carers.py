# SPDX-License-Identifier: Apache-2.0
"""A way into a home is set by those who care for the person, or a program for it.

Setting one opens nothing that is there. But a wrong one locks a carer out, so a typed
reason and a broken glass are not enough; and a scope for every type was given by
somebody who did not think of homes.
"""

from wardkeep.disclosure.purpose import Action, Tier
from wardkeep.teams.relationships import SELF_MADE
from wardkeep.warden.rules.opening import GLASS, Explained, Opening, Refused

_FIRST = 1
_NOT_YOURS = Refused(
    code="not-your-patient-to-seal",
    why="Nothing in your work explains that you set what is sealed of this person.",
    mend="Ask the person's coordinator or clinician to do it.",
)
_NOT_NAMED = Refused(
    code="seal-needs-its-scope",
    why="A program sets what is sealed only by a scope that names its type.",
    mend="Have it registered with such a scope, as in system/Basic.cu.",
)
EXPLAINS = (
    Explained(
        code="not-your-patient-to-seal",
        because="Nothing in the work explained setting what is sealed.",
        would_allow="Somebody who plans or gives the care.",
    ),
    Explained(
        code="seal-needs-its-scope",
        because="The scopes of the program did not name the type.",
        would_allow="A scope that names it.",
    ),
)


def seal_is_set_by_carers(opening: Opening) -> Refused | None:
    if opening.tier is not Tier.SEALED or opening.action is Action.READ:
        return None
    scopes = opening.scopes
    if scopes is not None and not all(
        scopes.is_named(_letter(opening.action, version), type_)
        for type_, _, version in opening.resources
    ):
        return _NOT_NAMED
    is_own_doing = opening.relationship.endswith(SELF_MADE)
    is_explained = opening.relationship not in ("", GLASS) and not is_own_doing
    return None if is_explained else _NOT_YOURS


def _letter(action: Action, version: int) -> str:
    if action is Action.DELETE:
        return "d"
    return "c" if version == _FIRST else "u"
