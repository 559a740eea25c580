# SPDX-License-Identifier: Apache-2.0
"""Entries about acts that are no disclosure: signing in, enrolling, changing rights."""

from collections.abc import Sequence

from wardkeep import __version__
from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.ledger.entry import Entry, Subject
from wardkeep.ledger.log import Ledger
from wardkeep.warden.sessions import Session

GRANTED = "grant"
OPERATOR = "operator"


class Trace:
    """Appends entries; the batch that carries the answer puts them on the disk."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def of_session(
        self,
        session: Session,
        action: str,
        *,
        reason: str = "",
        request: str = "",
        outcome: str = GRANTED,
        subjects: Sequence[Subject] = (),
    ) -> int:
        """Something that a signed-in account does."""
        return self._append(
            action,
            organisation=session.organisation,
            account=session.account,
            session=session.id,
            role=session.role.value,
            reason=reason,
            request=request,
            outcome=outcome,
            subjects=subjects,
        )

    def about_account(
        self,
        account: str,
        action: str,
        *,
        organisation: int = 0,
        request: str = "",
        outcome: str = GRANTED,
    ) -> int:
        """Something that happens to an account before it has a session."""
        return self._append(
            action,
            organisation=organisation,
            account=account,
            request=request,
            outcome=outcome,
        )

    def of_operator(
        self,
        action: str,
        *,
        organisation: int = 0,
        account: str = "",
        reason: str = "",
        request: str = "",
        subjects: Sequence[Subject] = (),
    ) -> int:
        """Something that the operator does from the command line."""
        return self._append(
            action,
            organisation=organisation,
            account=account,
            role=OPERATOR,
            reason=reason,
            request=request,
            subjects=subjects,
        )

    def _append(  # noqa: PLR0913 - the parts of an entry that such acts have
        self,
        action: str,
        *,
        organisation: int = 0,
        account: str = "",
        session: str = "",
        role: str = "",
        reason: str = "",
        request: str = "",
        outcome: str = GRANTED,
        subjects: Sequence[Subject] = (),
    ) -> int:
        return self._ledger.append(
            Entry.about(
                at=microseconds_since_epoch(self._clock.now()),
                organisation=organisation,
                account=account,
                session=session,
                role=role,
                purpose="",
                reason=reason,
                action=action,
                request=request,
                outcome=outcome,
                software=__version__,
                subjects=subjects,
            )
        )
