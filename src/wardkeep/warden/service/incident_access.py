# SPDX-License-Identifier: Apache-2.0
"""Who may deal with which incident: a privacy officer, with what touches their own."""

from wardkeep.base.ids import is_uuid
from wardkeep.disclosure.answers import Refusal
from wardkeep.identity.roles import Role
from wardkeep.ledger.incidents import Incident
from wardkeep.warden.incidents import Register
from wardkeep.warden.service.said import NOT_SIGNED_IN, NOT_YOUR_WORK
from wardkeep.warden.sessions import Session, Sessions

NO_SUCH_INCIDENT = Refusal(
    code="no-such-incident",
    why="There is no such incident of your organisation that can be changed here.",
    mend="See the list: somebody may have withdrawn it, or the operator declared it.",
)


def is_officer(session: Session) -> bool:
    return session.role is Role.PRIVACY_OFFICER and not session.is_for_programs


def officer(sessions: Sessions, token: str) -> Session | Refusal:
    """The session, where it is a privacy officer's."""
    session = sessions.use(token)
    if session is None:
        return NOT_SIGNED_IN
    return session if is_officer(session) else NOT_YOUR_WORK


def is_own(incident: Incident, session: Session) -> bool:
    return incident.organisation == session.organisation


def touching(register: Register, session: Session, id_: str) -> Incident | None:
    """One that this organisation declared, or that reached its people."""
    if not is_uuid(id_):
        return None
    found = register.find(id_)
    is_ours = found is not None and session.organisation in (
        found.organisation,
        *found.touched,
    )
    return found if is_ours else None


def own(register: Register, session: Session, id_: str) -> Incident | None:
    """One that this organisation declared, that stands, and is as the ledger has it."""
    found = touching(register, session, id_)
    if found is None or found.withdrawn_at or not is_own(found, session):
        return None
    return found if register.is_written(found) else None
