# SPDX-License-Identifier: Apache-2.0
"""`wardkeep figures`: urgent care's figures of a month held against the records.

It opens every call of that month, so two people of the organisation must have agreed
before, as for a national data set; and each patient is in the ledger.
"""

from collections.abc import Callable

import msgspec

from wardkeep.assembly.data_sets import ByAgreement
from wardkeep.assembly.database import WORKER, address_for
from wardkeep.assembly.layout import Layout
from wardkeep.base.ids import OrganisationId
from wardkeep.base.settings import Settings
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.data_sets import (
    BeginDataSet,
    DataSetBegun,
    EndDataSet,
    Period,
)
from wardkeep.disclosure.purpose import Purpose
from wardkeep.fhir.data_sets.ground import Month
from wardkeep.fhir.data_sets.reading import DataSetRefusedError
from wardkeep.fhir.data_sets.urgent_care import CallReader, Held
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.urgent.figures.days import days_of
from wardkeep.fhir.urgent.figures.spans import span_of_days
from wardkeep.fhir.urgent.telephone.rows import Held as OnTheTelephone, TelephoneRows

DATA_SET = "iuc"
_CONNECTIONS = 2
Show = Callable[[int], None]


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    organisation: str
    period: str
    patients: int
    held: Held
    telephone: OnTheTelephone = OnTheTelephone()


async def check_figures(
    settings: Settings,
    layout: Layout,
    *,
    organisation: str,
    period: Period,
    mends: bool,
    show: Show,
) -> Proof:
    """Go through one month; where something differs, make it anew if asked.

    Raises:
        DataSetRefusedError: nobody agreed, or somebody withdrew it meanwhile.
    """
    database = Database(address_for(settings, layout, WORKER), size=_CONNECTIONS)
    warden = ByAgreement(layout.operator_socket, asker="figures")
    try:
        begun = await warden.ask(
            BeginDataSet(organisation, DATA_SET, period.name), DataSetBegun
        )
        if isinstance(begun, Refusal):
            message = f"{begun.why} {begun.mend}"
            raise DataSetRefusedError(message)
        opener = Opener(
            session=begun.token,
            organisation=OrganisationId(begun.organisation),
            purpose=Purpose.NATIONAL_RETURN,
            reason=f"Urgent care figures from the records, {period.name}",
        )
        month = Month(period.begins, period.ends)
        reader = CallReader(database, warden, opener=opener, month=month, teams=())
        held, patients = Held(), 0
        async for lot in reader.people():
            held += await reader.hold(lot, mends=mends)
            patients += len(lot)
            show(patients)
        telephone = await _telephone(database, opener.organisation, month, mends)
        await warden.ask(
            EndDataSet(
                session=begun.token, is_check=True, patients=patients, digest=""
            ),
            Done,
        )
        return Proof(
            organisation=begun.organisation_name,
            period=period.name,
            patients=patients,
            held=held,
            telephone=telephone,
        )
    finally:
        await warden.close()
        await database.close()


async def _telephone(
    database: Database,
    organisation: OrganisationId,
    month: Month,
    mends: bool,  # noqa: FBT001 - handed on
) -> OnTheTelephone:
    """Day by day: what the telephone told, held against its events and the cases."""
    rows = TelephoneRows(database)
    found = OnTheTelephone()
    for day in days_of(month.begins, month.ends):
        span = span_of_days(day, day)
        found += await rows.held(organisation, *span, mends=mends)
    return found
