# SPDX-License-Identifier: Apache-2.0
"""A write of records that tells: heard once it is kept, and never where it is not."""

import asyncio
import secrets

import msgspec

from support.clinics import clinic_town
from support.waiting import until
from support.warden import Installation
from wardkeep.assembly.database import WEB, address_for
from wardkeep.db.changes import Changed, Ear, Topic
from wardkeep.fhir.clinics.resources import draft
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import Conflict, Written
from wardkeep.fhir.store.writing import Writer


async def test_who_shows_a_ward_hears_of_what_was_written_and_of_nothing_else(
    installation: Installation,
) -> None:
    heard: list[Changed] = []
    states: list[bool] = []
    address = address_for(installation.settings, installation.layout, WEB)
    listening = asyncio.create_task(
        Ear(address, heard=heard.append, listens=states.append).listen()
    )
    home = f"org-{secrets.token_hex(4)}"
    async with clinic_town(installation, home=home) as town:
        await until(lambda: states == [True])
        importer = Writer(town.database, town.warden.operator, clock=town.clock)
        person: dict[str, object] = {"resourceType": "Patient", "id": f"{home}-p"}
        made = Change(
            drafts=[draft(person, f"{home}-p")],
            expected=[0],
            tells=(Topic("ward", "7"),),
        )
        kept = await importer.write(made, opener=town.loader)
        assert isinstance(kept, Written), kept
        await until(lambda: bool(heard))
        assert heard[0].organisation == town.organisation
        # What is not kept, because it builds on a version that is none, tells nothing.
        later = msgspec.structs.replace(made, expected=[5])
        again = await importer.write(later, opener=town.loader)
        assert isinstance(again, Conflict), again
        await asyncio.sleep(0.1)
        assert [one.topic for one in heard] == [Topic("ward", "7")]
    listening.cancel()
    await asyncio.wait([listening])
