# SPDX-License-Identifier: Apache-2.0
"""An app at the door: it acts as the person, within consent and its own contract."""

from collections.abc import Sequence

from wardkeep.disclosure.purpose import Tier
from wardkeep.disclosure.questions import Item
from wardkeep.identity.app_scopes import AppScopes
from wardkeep.identity.scopes import CHECK_IN, Scopes
from wardkeep.ledger.beginnings import GOES_ON_FROM
from wardkeep.warden.contracts import APP
from wardkeep.warden.session_parts import ByApp
from wardkeep.warden.sessions import Session

LONGEST_REQUEST = 500
BESIDE = "named in the record"
"""Of a further patient whom an app's own patient's resources name: no key leaves."""


def contractor(session: Session) -> str:
    """Whose hourly contract an opening counts for."""
    return session.account if session.app is None else session.app.app


def told_by(app: ByApp | None, request: str) -> str:
    """A request as its entry has it: who made it is said by the warden alone.

    At a start all is counted again by these words, and the web process chooses what
    follows them: what begins like them is quoted.
    """
    if app is not None:
        return f"{APP}{app.app}: {request}"[:LONGEST_REQUEST]
    is_taken = request.startswith((APP, GOES_ON_FROM))
    return f"“{request}”"[:LONGEST_REQUEST] if is_taken else request


def scopes_for(
    session: Session, patient: str, *, is_beside: bool
) -> Scopes | AppScopes | None:
    """What a program may do, or an app with this patient's data."""
    app = session.app
    if app is None:
        return session.scopes
    return app.scopes.for_patient(is_chosen=is_beside or patient in ("", app.patient))


def is_within_consent(session: Session, item: Item) -> bool:
    """Whether an app, or a ticket, may ask for this patient and says what for."""
    app = session.app
    if session.only == CHECK_IN:
        return bool(item.resources) and item.patient in ("", session.own_patient)
    if app is None:
        return True
    is_chosen = item.patient in ("", app.patient)
    return bool(item.resources) and (is_chosen or app.scopes.is_about_anybody)


def names_beside(session: Session, item: Item, items: Sequence[Item]) -> bool:
    """Whether the item only names somebody in the chosen patient's own resources."""
    app = session.app
    if app is None or item.patient in ("", app.patient) or not item.resources:
        return False
    own = {ref for one in items if one.patient == app.patient for ref in one.resources}
    return item.tier is Tier.BANNER and own.issuperset(item.resources)
