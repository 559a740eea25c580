# SPDX-License-Identifier: Apache-2.0
"""The visitor as the store asks the door for them."""

from wardkeep.base.ids import OrganisationId
from wardkeep.disclosure.purpose import Purpose
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.web.visit import Visit

OF_OFFICERS = "privacy_officer"


def opener_of(
    visit: Visit, *, purpose: Purpose | None = None, reason: str = ""
) -> Opener:
    """For the purpose that is usual for their role, where none is named."""
    is_officer = visit.session.role == OF_OFFICERS
    usual = Purpose.AUDIT if is_officer else Purpose.DIRECT_CARE
    return Opener(
        session=visit.token,
        organisation=OrganisationId(visit.session.organisation),
        purpose=purpose or usual,
        reason=reason,
    )
