# SPDX-License-Identifier: Apache-2.0
"""Letters about an incident: who asked for them, who approved, and whom they open.

The request is a file beside the incident. What an approval opens is in memory alone: it
is one session's, for half an hour, and dies with the warden.
"""

from collections.abc import Mapping, Set as AbstractSet
from pathlib import Path

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.disclosure.incident_desk import LETTERS_HOLD_SECONDS
from wardkeep.ledger.whole_files import put
from wardkeep.warden.sessions import Session


class LetterRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Letters that somebody asked for; the account that approved them, once one did."""

    version: int
    asked_by: str
    asked_at: int
    """UTC microseconds since 1970."""
    approved_by: str = ""
    approved_at: int = 0


def read_request(path: Path) -> LetterRequest | None:
    """What was asked for; None where nothing was, or it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=LetterRequest)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def keep_request(path: Path, request: LetterRequest) -> None:
    put(path, msgspec.json.encode(request))


class _Approved(msgspec.Struct, frozen=True):
    incident: str
    organisation: int
    patients: AbstractSet[str]
    until: float


class ApprovedLetters:
    """Whose names and addresses which session opens just now."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._of: dict[str, _Approved] = {}

    def approve(
        self, session: Session, incident: str, patients: AbstractSet[str]
    ) -> None:
        """From now on, for half an hour; what the session had before ends."""
        now = self._clock.monotonic_seconds()
        self._of = {id_: one for id_, one in self._of.items() if one.until > now}
        until = now + LETTERS_HOLD_SECONDS
        self._of[session.id] = _Approved(
            incident, session.organisation, frozenset(patients), until
        )

    def incident_of(self, session: Session, patient: str) -> str:
        """The incident for which the session may write to the patient; else empty."""
        one = self._live(session)
        return one.incident if one is not None and patient in one.patients else ""

    def seconds_left(self, session: Session) -> Mapping[str, float]:
        """By incident; one at most."""
        one = self._live(session)
        now = self._clock.monotonic_seconds()
        return {} if one is None else {one.incident: one.until - now}

    def end(self, incident: str) -> None:
        """Nothing more is opened for it: it was withdrawn or revised."""
        kept = {id_: one for id_, one in self._of.items() if one.incident != incident}
        self._of = kept

    def _live(self, session: Session) -> _Approved | None:
        one = self._of.get(session.id)
        is_live = one is not None and (
            one.until > self._clock.monotonic_seconds()
            and one.organisation == session.organisation
        )
        return one if is_live else None
