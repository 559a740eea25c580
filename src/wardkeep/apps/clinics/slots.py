# SPDX-License-Identifier: Apache-2.0
"""The time that a page is about, as the database has it: nobody names their own."""

from wardkeep.base.ids import is_fhir_id
from wardkeep.care.opening import opener_of
from wardkeep.fhir.clinics.clinic import Clinic
from wardkeep.fhir.clinics.outcomes import FreeSlot
from wardkeep.web.visit import Visit


async def free_slot(visit: Visit, asked: str) -> FreeSlot | None:
    """None where it is taken, past, or none."""
    if not is_fhir_id(asked):
        return None
    return await visit.services[Clinic].rows.slot(
        opener_of(visit).organisation, asked, since=visit.clock.now()
    )
