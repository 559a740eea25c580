# SPDX-License-Identifier: Apache-2.0
"""The demo's two organisations, each with the other as a partner by message.

As an operator would do it: a key each, made now and kept in a file of the data folder;
each one's program registered with the other; who takes what, and who sends ambulances.
"""

from collections.abc import Sequence

from wardkeep.assembly import partners
from wardkeep.assembly.demo import DemoOrganisation
from wardkeep.assembly.demo.doors import Door, doors_of
from wardkeep.assembly.layout import Layout
from wardkeep.base.settings import Settings
from wardkeep.disclosure.answers import Created, Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.questions import RegisterClient
from wardkeep.fhir.bars.partners import SCOPE

_PATIENTS_PER_HOUR = 500


async def introduce(
    settings: Settings,
    layout: Layout,
    warden: WardenClient,
    organisations: Sequence[DemoOrganisation],
) -> None:
    """Have each send to each other; what was begun before is gone on with.

    Raises:
        PartnerError: the warden refuses, or an address will not do.
    """
    keys = {one.slug: await _key(settings, layout, one) for one in organisations}
    clients = {
        (own.slug, other.slug): await _register(warden, own, other, keys[other.slug])
        for own in organisations
        for other in organisations
        if own is not other
    }
    for (own, other), account in clients.items():
        there = next(one for one in organisations if one.slug == other)
        for door in doors_of(there):
            made = _partner(
                door,
                origin=settings.public_origin,
                client=clients[other, own],
                account=account,
            )
            await partners.add(settings, layout, own, made)
            if door.sends_ambulances:
                await partners.name_ambulances(settings, layout, own, door.number)


def _partner(door: Door, *, origin: str, client: str, account: str) -> partners.Partner:
    return partners.Partner(
        service=door.number,
        name=door.name,
        endpoint=f"{origin}/fhir",
        token_url=f"{origin}/oauth/token",
        client=client,
        account=account,
        takes=door.takes,
        books=door.books,
        validates=door.validates,
    )


async def _key(settings: Settings, layout: Layout, one: DemoOrganisation) -> str:
    try:
        return partners.public_keys(settings, layout, one.slug)
    except partners.PartnerError:
        return await partners.begin(settings, layout, one.slug)


async def _register(
    warden: WardenClient, own: DemoOrganisation, other: DemoOrganisation, jwks: str
) -> str:
    """The client id that one gives the other."""
    asked = RegisterClient(
        organisation=own.slug,
        name=other.name,
        jwks=jwks.encode(),
        scope=SCOPE,
        patients_per_hour=_PATIENTS_PER_HOUR,
    )
    made = await warden.ask(asked, Created)
    if isinstance(made, Refusal):
        raise partners.PartnerError(f"{made.why} {made.mend}")
    return str(made.id)
