# SPDX-License-Identifier: Apache-2.0
"""The demo's telephone system: a program with a key, and who sits at a telephone."""

import msgspec

from wardkeep.assembly.database import WEB, address_for
from wardkeep.assembly.demo import DemoOrganisation, demo_accounts
from wardkeep.assembly.importing import begin_import
from wardkeep.assembly.layout import Layout
from wardkeep.assembly.synthetic_telephone import FILE, Line, keep_line
from wardkeep.base.clock import SystemClock
from wardkeep.base.ids import OrganisationId
from wardkeep.base.settings import Settings
from wardkeep.crypto.es256 import new_es256_key, private_jwk, public_jwk
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Accounts, Created, Done, Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.questions import EndSession, ListAccounts, RegisterClient
from wardkeep.fhir.urgent.telephone.seats import Seats

SCOPE = "telephone"
EXTENSIONS = ("4001", "4002", "4003", "4004", "4005", "4006")
_ROLE = "call taker"


async def connect_telephone(
    settings: Settings,
    layout: Layout,
    warden: WardenClient,
    organisation: DemoOrganisation,
) -> Refusal | None:
    """As an operator would: a program with the one scope, and who sits where."""
    key = new_es256_key()
    asked = RegisterClient(
        organisation=organisation.slug,
        name="Telephone system",
        jwks=msgspec.json.encode({"keys": [public_jwk(key)]}),
        scope=SCOPE,
        patients_per_hour=0,
    )
    made = await warden.ask(asked, Created)
    if isinstance(made, Refusal):
        return made
    found = await warden.ask(ListAccounts(organisation.slug), Accounts)
    if isinstance(found, Refusal):
        return found
    opener, _ = await begin_import(warden, organisation.slug)
    await warden.ask(EndSession(opener.session), Done)
    await _sit(settings, layout, organisation, found, opener.organisation)
    line = Line(
        origin=settings.public_origin,
        client=made.id,
        jwk=private_jwk(key),
        extensions=EXTENSIONS,
    )
    keep_line(layout.data / FILE, line)
    return None


async def _sit(
    settings: Settings,
    layout: Layout,
    organisation: DemoOrganisation,
    found: Accounts,
    number: OrganisationId,
) -> None:
    names = {
        one.display_name: one.practitioner_id
        for one in demo_accounts(organisation)
        if one.role == _ROLE
    }
    database = Database(address_for(settings, layout, WEB), size=1)
    try:
        for device, one in zip(
            EXTENSIONS,
            (one for one in found.accounts if one.display_name in names),
            strict=False,
        ):
            await Seats(database).sit(
                number,
                one.account,
                device=device,
                taker=names[one.display_name],
                now=SystemClock().now(),
            )
    finally:
        await database.close()
