# SPDX-License-Identifier: Apache-2.0
"""What an app that acts for a person may do of all that programs may.

What is not named here is refused: an interaction that comes later is closed to apps
until somebody has thought of what its scopes would let through.
"""

import msgspec

from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.interaction import Interaction
from wardkeep.fhir.rest.outcome import told
from wardkeep.fhir.store.limits import limits_of
from wardkeep.fhir.store.reserved import AUDIT_EVENT

FOR_APPS = frozenset(
    {
        *("read", "vread", "search-type", "search-system", "search-compartment"),
        *("create", "update", "patch", "delete", "batch", "transaction"),
        "$everything",
    }
)
_WHOLE = frozenset({"$everything"})
"""Give a record as it lies, so that a filter could not be held."""
_PRACTITIONER, _FHIR_USER = "Practitioner", "fhirUser"


def refused_app(asking: Asking, found: Interaction) -> Answer | None:
    """403 where the token is an app's and the interaction is not for apps."""
    session = asking.session
    if session is None or not session.app:
        return None
    is_ledger = bool(asking.parts) and asking.parts[0] == AUDIT_EVENT
    if found.name not in FOR_APPS or is_ledger:
        return told(403, "forbidden", "Apps that act for a person do not do this.")
    if found.name in _WHOLE and limits_of(session.scope, session.patient).has_filters:
        words = "A scope of this app has a filter: search type by type."
        return told(403, "forbidden", words)
    return None


def own_practitioner(asking: Asking, type_: str, id_: str) -> bytes | None:
    """Who is signed in, as the Practitioner that `fhirUser` names.

    Made of the account; it is no stored resource, and nobody but the person's own
    apps can read it.
    """
    session = asking.session
    is_own = session is not None and session.app and session.account == id_
    if session is None or not is_own or type_ != _PRACTITIONER:
        return None
    if _FHIR_USER not in session.scope.split():
        return None
    return msgspec.json.encode(
        {
            "resourceType": _PRACTITIONER,
            "id": id_,
            "active": True,
            "name": [{"text": session.display_name}],
        }
    )
