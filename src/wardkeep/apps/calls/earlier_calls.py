# SPDX-License-Identifier: Apache-2.0
"""What the repeat caller service said of this caller, as far as it was asked."""

import msgspec

from wardkeep.fhir.post.repeat_calls import PARTIAL, YES, is_enough, words_of
from wardkeep.fhir.post.repeat_service import (
    NOT_ASKED,
    NOT_REACHED,
    TOO_LITTLE,
    WORDS,
    RepeatCalling,
)
from wardkeep.fhir.urgent.caller import facts_of
from wardkeep.fhir.urgent.case import Case, Content
from wardkeep.web.visit import Visit


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the service said of this caller, and whether to ask it by itself."""

    status: str
    is_due: bool = False

    @property
    def words(self) -> str:
        return WORDS.get(self.status, WORDS[NOT_ASKED])

    @property
    def asks(self) -> bool:
        """Whether the caller has to be asked, for it may be their third call."""
        return self.status == PARTIAL

    @property
    def needs_clinician(self) -> bool:
        return self.status == YES


def known_of(visit: Visit, case: Case, patient: Content) -> Known:
    """As far as it was asked; what was not reached is asked again with each look."""
    if not visit.services[RepeatCalling].is_on:
        return Known(status=NOT_ASKED)
    facts = facts_of(patient)
    if not is_enough(facts):
        return Known(status=TOO_LITTLE)
    rang = case.rang
    if rang is None or rang.who != words_of(facts):
        return Known(status=NOT_ASKED, is_due=case.is_open)
    is_due = case.is_open and rang.status == NOT_REACHED
    return Known(status=rang.status, is_due=is_due)
