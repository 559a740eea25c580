# SPDX-License-Identifier: Apache-2.0
"""Services of partners to which a case can go, and which of them takes whom.

What a partner takes is what the two agreed, as the operator wrote it down: dispositions
of our own list, and ages. Nobody is sent to a service that would send them back.
"""

from collections.abc import Iterable

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database
from wardkeep.fhir.bars.building import ODS
from wardkeep.fhir.bars.codes import SERVICE_IDS
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Disposition, Kind

_ALL = """
select service, system, name, takes, books, validates, least_age, most_age,
       sends_ambulances
  from bars.partner where organisation = $1 and is_active and kind = 'service'
 order by name, service
"""
_NOT_BY_DEFAULT = frozenset({Kind.SELF_CARE, Kind.INFORMATION})
OLDEST = 150
_KINDS_OF_ID = {ODS: "ODS ", **dict.fromkeys(SERVICE_IDS, "service ")}


class Neighbour(msgspec.Struct, frozen=True, kw_only=True):
    """A partner's service."""

    service: str
    name: str
    system: str = ""
    """Of the service's id."""
    takes: tuple[str, ...] = ()
    """Codes of dispositions; none: whatever somebody attends, rings or speaks to."""
    books: bool = False
    """Whether it offers times."""
    validates: bool = False
    """Whether it looks again at what asks for an ambulance or emergency department."""
    least_age: int = 0
    most_age: int = OLDEST
    sends_ambulances: bool = False
    """Whether requests for an ambulance go to it: one of all partners."""

    @property
    def full_name(self) -> str:
        """Its name with its id, as entries of the ledger have it."""
        return named_fully(self.name, service=self.service, system=self.system)


def named_fully(name: str, *, service: str, system: str) -> str:
    """As entries of the ledger name who gets a message: two may have one name."""
    if not service:
        return name
    return f"{name} ({_KINDS_OF_ID.get(system, '')}{service})"


def ambulance_service(every: Iterable[Neighbour]) -> Neighbour | None:
    """The partner that sends ambulances; None: nobody named one."""
    return next((one for one in every if one.sends_ambulances), None)


def is_validation(disposition: Disposition) -> bool:
    """Whether it asks somebody to look again before what it names is done."""
    return disposition.code in VALIDATES


VALIDATES = {
    code: code.removesuffix("-validate")
    for code in DISPOSITIONS
    if code.endswith("-validate")
}
"""By the code of a validation, what is done where nobody answers: as if nobody had been
asked."""


def why_not(one: Neighbour, disposition: Disposition, *, age: int | None) -> str | None:
    """Why somebody cannot be sent there; None: they can.

    Whose age nobody knows is not kept from a service that takes only some ages: the
    clinician is told, and decides.
    """
    if disposition.kind is Kind.AMBULANCE:
        return "An ambulance is asked for on the case itself."
    if is_validation(disposition) and not one.validates:
        return "It does not look again at what a call came to."
    if one.takes and disposition.code not in one.takes:
        return "It does not take this disposition."
    if not one.takes and disposition.kind in _NOT_BY_DEFAULT:
        return "It does not take this disposition."
    if age is not None and not one.least_age <= age <= one.most_age:
        return f"It takes people {ages_words(one)}."
    return None


def ages_words(one: Neighbour) -> str:
    """Whom it takes, by age; empty: everybody."""
    if one.least_age and one.most_age < OLDEST:
        return f"of {one.least_age} to {one.most_age}"
    if one.least_age:
        return f"of {one.least_age} and over"
    return f"up to {one.most_age}" if one.most_age < OLDEST else ""


def taking(
    every: Iterable[Neighbour], disposition: Disposition, *, age: int | None
) -> tuple[Neighbour, ...]:
    """Those that take somebody, in their order."""
    return tuple(one for one in every if why_not(one, disposition, age=age) is None)


def others(
    every: Iterable[Neighbour], disposition: Disposition, *, age: int | None
) -> list[tuple[Neighbour, str]]:
    """Those that do not, and why."""
    found = [(one, why_not(one, disposition, age=age)) for one in every]
    return [(one, why) for one, why in found if why is not None]


class Directory:
    """Reads which partners there are."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self, organisation: OrganisationId) -> tuple[Neighbour, ...]:
        """Those to which something can be sent now, by name."""
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(_ALL, organisation)
        return tuple(Neighbour(**{**row, "takes": tuple(row["takes"])}) for row in rows)
