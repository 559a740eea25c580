# SPDX-License-Identifier: Apache-2.0
"""A program opens the types that its scopes name, for what they name, and no others.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html; held here
and not in the web process, because the web process may be taken over.
"""

from collections.abc import Iterable

from wardkeep.disclosure.purpose import Action
from wardkeep.disclosure.questions import ResourceRef
from wardkeep.identity.app_scopes import AppScopes
from wardkeep.identity.scopes import Scopes
from wardkeep.warden.rules.opening import Explained, Opening, Refused

_LETTERS = {
    Action.READ: "r",
    Action.FIND: "s",
    Action.SEARCH: "s",
    Action.DELETE: "d",
}
_FIRST = 1
EXPLAINS = (
    Explained(
        code="scope-does-not-cover",
        because="The program or app asked for something that its scopes do not name.",
        would_allow="Registration, or consent, with the scope that it needs.",
    ),
)


def scope_covers(opening: Opening) -> Refused | None:
    return scope_lacks(opening.scopes, opening.action, opening.resources)


def scope_lacks(
    scopes: Scopes | AppScopes | None, action: Action, resources: Iterable[ResourceRef]
) -> Refused | None:
    """The refusal of the first type that a program's scopes do not cover."""
    if scopes is None:
        return None
    for letter, type_ in {
        (_letter(action, version), type_) for type_, _, version in resources
    }:
        if not scopes.covers(letter, type_):
            return Refused(
                code="scope-does-not-cover",
                why=f"The scopes of this program do not include {type_}.{letter}.",
                mend="Have the program registered with the scope that it needs.",
            )
    return None


def _letter(action: Action, version: int) -> str:
    if action is Action.WRITE:
        return "c" if version == _FIRST else "u"
    return _LETTERS.get(action, "r")
