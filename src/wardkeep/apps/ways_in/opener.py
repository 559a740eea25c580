# SPDX-License-Identifier: Apache-2.0
"""The visitor as the store asks the door for them."""

from wardkeep.base.ids import OrganisationId
from wardkeep.disclosure.purpose import Purpose
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.web.visit import Visit


def opener_of(visit: Visit) -> Opener:
    return Opener(
        session=visit.token,
        organisation=OrganisationId(visit.session.organisation),
        purpose=Purpose.DIRECT_CARE,
    )
