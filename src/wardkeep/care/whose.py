# SPDX-License-Identifier: Apache-2.0
"""Whose record an address means, for pages that open nothing of it."""

from wardkeep.care.opening import opener_of
from wardkeep.care.people import banners_in
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.listing import Lister
from wardkeep.ui.banner import Banner, name_for_banner
from wardkeep.ui.format import show_date, show_nhs_number
from wardkeep.web.visit import Visit


async def whose(visit: Visit, patient: str) -> Banner | Refusal | None:
    """Who it is, as a list shows it: an entry of the ledger. None: nobody is here."""
    found = await visit.services[Lister].people([patient], opener=opener_of(visit))
    if isinstance(found, Refusal):
        return found
    return banners_in(found.patients, visit.today).get(patient)


async def said_for(visit: Visit, patient: str) -> dict[str, str]:
    """What a page says in place of a patient's id; nothing where the door refuses."""
    found = await whose(visit, patient)
    if not isinstance(found, Banner):
        return {}
    parts = [name_for_banner(found.name)]
    if found.born:
        parts.append(f"born {show_date(found.born)}")
    if found.nhs_number:
        parts.append(f"NHS No. {show_nhs_number(found.nhs_number)}")
    return {patient: ", ".join(parts)}
