# SPDX-License-Identifier: Apache-2.0
"""The demonstration's shelves hold by the same check as anybody's."""

from support.clinics import clinic_town
from support.warden import Installation
from wardkeep.assembly.demo.formulary import ITEMS
from wardkeep.assembly.demo.organisations import FERNHILL
from wardkeep.assembly.demo_stock import fill_shelves
from wardkeep.fhir.stock.checking import Checked, check_registers
from wardkeep.fhir.stock.rows import StockRows


async def test_the_demonstrations_shelves_hold_and_are_filled_once(
    installation: Installation,
) -> None:
    async with clinic_town(installation) as town:
        settings, layout = installation.settings, installation.layout
        account = await town.warden.account("shift_lead", name="Lee Leads")
        for _ in range(2):
            await fill_shelves(
                settings,
                layout,
                town.warden.operator,
                FERNHILL,
                opener=town.loader,
                by=(account, "Lee Leads"),
                clock=town.clock,
            )
        stock = StockRows(town.database)
        # Five deliveries, and four of them in part in the car
        lead = await town.works("shift_lead")
        checked = await check_registers(
            stock,
            town.warden.door,
            session=lead.opener.session,
            organisation=town.organisation,
        )
        assert checked == Checked(registers=9, entries=13, faults=())
        lots = await stock.lots(town.organisation)
        assert {one.item for one in lots} <= {one.id for one in ITEMS}
