# SPDX-License-Identifier: Apache-2.0
"""Where the demonstration's surgeries take messages: beside its national index."""

from wardkeep.assembly import partners
from wardkeep.assembly.demo import demo_organisations
from wardkeep.assembly.layout import Layout
from wardkeep.assembly.serving import is_synthetic
from wardkeep.assembly.synthetic_neighbours import SURGERY
from wardkeep.base.settings import Settings
from wardkeep.fhir.bars.building import ODS


async def tell_surgeries(settings: Settings, layout: Layout) -> None:
    """Have each organisation's own surgery told what came of calls.

    Raises:
        PartnerError: the warden refuses, or an address will not do.
    """
    if not is_synthetic(settings):
        return
    for one in demo_organisations():
        try:
            partners.public_keys(settings, layout, one.slug)
        except partners.PartnerError:
            await partners.begin(settings, layout, one.slug)
        made = partners.Partner(
            service=one.surgery_code,
            name=one.surgery,
            endpoint=f"{settings.pds}{SURGERY}/fhir",
            token_url=f"{settings.pds}{SURGERY}/token",
            client="demonstration",
            account="",
            system=ODS,
            kind="surgery",
        )
        await partners.add(settings, layout, one.slug, made)
