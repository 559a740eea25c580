# SPDX-License-Identifier: Apache-2.0
"""A draft: what the store needs to know of a resource before it is sealed."""

from datetime import datetime

import msgspec

from wardkeep.base.clock import from_microseconds
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.search.clinical_date import clinical_date
from wardkeep.fhir.search.compartment import patients_of
from wardkeep.fhir.search.index import index_of
from wardkeep.fhir.search.terms import SEPARATOR, term

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
SEALED_CODES = frozenset(("R", "V"))
"""Restricted and very restricted (HL7 v3 Confidentiality)."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A resource that is about to be stored."""

    resource: Resource
    id: str
    patients: tuple[str, ...]
    """Whom it is about by its compartment; the first one's key seals it."""
    tier: Tier
    clinical_at: datetime | None
    terms: tuple[bytes, ...]
    """What it is found by; the warden makes tokens of them."""

    @property
    def type(self) -> str:
        return self.resource.type

    @property
    def owner(self) -> str:
        """The patient whose key seals it; empty for the organisation's own."""
        return self.patients[0] if self.patients else ""


def draft_of(resource: Resource, id_: str) -> Draft:
    """Look at a resource as the store does."""
    patients = (id_,) if resource.type == "Patient" else patients_of(resource)
    return Draft(
        resource=resource,
        id=id_,
        patients=patients,
        tier=tier_of(resource, patients),
        clinical_at=_moment(clinical_date(resource)),
        terms=_terms(resource, patients),
    )


def _terms(resource: Resource, patients: tuple[str, ...]) -> tuple[bytes, ...]:
    """What it is found by, less that it belongs to its owner: its row says so.

    Nearly every resource refers to its patient, often twice; the column and its index
    answer that better than a token would (docs/decisions/0002-record-store.md).
    """
    terms = index_of(resource).terms
    if resource.type == "Patient":
        return terms + _birth_date(resource)
    if not patients:
        return terms
    own = f"{SEPARATOR}r{SEPARATOR}Patient/{patients[0]}".encode()
    return tuple([one for one in terms if not one.endswith(own)])


def _moment(microseconds: int | None) -> datetime | None:
    """A clinical time; None where it lies outside what a calendar holds."""
    if microseconds is None:
        return None
    try:
        return from_microseconds(microseconds)
    except OverflowError:
        return None


def birth_date_term(day: str) -> bytes:
    """A birth date as one term: it identifies, so it is searched by equality alone."""
    return term("Patient.birthDate", "d", day)


def _birth_date(resource: Resource) -> tuple[bytes, ...]:
    day = resource.content.get("birthDate")
    is_patient = resource.type == "Patient"
    return (birth_date_term(day),) if is_patient and isinstance(day, str) else ()


def tier_of(resource: Resource, patients: tuple[str, ...]) -> Tier:
    """How sensitive it is.

    A Patient is always in the banner tier, or nobody could be found; a protected
    address belongs into a resource of its own that says so.
    """
    if resource.type == "Patient":
        return Tier.BANNER
    if not patients:
        return Tier.SHARED
    return Tier.SEALED if _is_restricted(resource.content.get("meta")) else Tier.RECORD


def _is_restricted(meta: object) -> bool:
    labels = meta.get("security") if isinstance(meta, dict) else None
    if not isinstance(labels, list):
        return False
    return any(
        isinstance(label, dict)
        and label.get("system") == CONFIDENTIALITY
        and label.get("code") in SEALED_CODES
        for label in labels
    )
