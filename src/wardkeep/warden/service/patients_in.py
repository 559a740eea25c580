# SPDX-License-Identifier: Apache-2.0
"""Patients who come by NHS login: whose record a proven NHS number and birth date name.

The warden matches them itself, by tokens of its own: a web process that was taken over
cannot say that another's record is somebody's.
"""

from datetime import date
from typing import NamedTuple

from wardkeep.base import nhs_number
from wardkeep.base.clock import Clock
from wardkeep.db.connection import Connection, Database
from wardkeep.disclosure.answers import Refusal
from wardkeep.identity import accounts, own_records, providers
from wardkeep.identity.accounts import Membership
from wardkeep.identity.oidc import Claims
from wardkeep.identity.providers import ProviderRow
from wardkeep.identity.roles import Role
from wardkeep.warden.directory import Directory
from wardkeep.warden.erasures import ErasedPatients
from wardkeep.warden.keystore import KeyStore
from wardkeep.warden.service.patients import make_account

NO_RECORD = Refusal(
    code="no-record",
    why="You proved who you are, but there is no record here that is surely yours.",
    mend="Ask at the desk: your NHS number or date of birth may be written down wrong.",
)
PATIENT_PHISHABLE = Refusal(
    code="phishable",
    why="You signed in there with a password or a code, which somebody could talk you"
    " out of. That opens no record here.",
    mend="Use a passkey or the app's fingerprint there, or ask at the desk for a link"
    " to make a passkey here.",
)


class PatientMatch(NamedTuple):
    """What the matching works with."""

    database: Database
    keystore: KeyStore
    directory: Directory
    erased: ErasedPatients
    clock: Clock

    async def record_of(self, row: ProviderRow, claims: Claims) -> str | None:
        """The one record with these facts; None where none is surely theirs."""
        facts = _facts(claims)
        if facts is None:
            return None
        terms = own_records.terms_of(*facts)
        tokens = self.keystore.tokens(row.organisation, terms)
        async with self.database.connection() as connection:
            found = await own_records.person_with(connection, row.organisation, tokens)
        is_erased = found is not None and self.erased.has(row.organisation, found)
        return None if is_erased else found

    async def account_for(
        self, row: ProviderRow, patient: str, subject: str
    ) -> Membership | None:
        """The patient's account, made if there is none, and linked to the identity."""
        async with self.database.transaction() as connection:
            await own_records.lock(connection, row.organisation, patient)
            account = await own_records.account_of(
                connection, row.organisation, patient
            ) or await make_account(
                connection,
                self.directory,
                organisation=(row.organisation, row.organisation_name),
                patient=patient,
                by="",
                clock=self.clock,
            )
            await providers.link(connection, row.id, subject, account, clock=self.clock)
            return await self._member(connection, account)

    async def _member(self, connection: Connection, account: str) -> Membership | None:
        found = await accounts.memberships_of(connection, account, clock=self.clock)
        return next((one for one in found if one.role is Role.PATIENT), None)


def _facts(claims: Claims) -> tuple[nhs_number.NhsNumber, date] | None:
    """The verified NHS number and birth date."""
    number, born = claims.get("nhs_number"), claims.get("birthdate")
    if not isinstance(number, str) or not isinstance(born, str):
        return None
    parsed = nhs_number.parse(number)
    try:
        day = date.fromisoformat(born)
    except ValueError:
        return None
    return None if parsed is None else (parsed, day)
