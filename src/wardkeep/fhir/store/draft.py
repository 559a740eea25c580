# SPDX-License-Identifier: Apache-2.0
"""A draft: what the store needs to know of a resource before it is sealed."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from wardkeep.base.clock import from_microseconds
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.search.clinical_date import clinical_date
from wardkeep.fhir.search.compartment import patients_of
from wardkeep.fhir.search.row_facts import RowFacts, row_facts

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
SEALED_CODES = frozenset(("R", "V"))
"""Restricted and very restricted (HL7 v3 Confidentiality)."""


DESK_TYPES = frozenset(("Appointment", "AppointmentResponse"))
"""What a desk works with: who comes when, where and to whom (decision 32)."""


CORRECTION = {"system": "urn:wardkeep:desk", "code": "correction"}
"""The code of a Basic that lies in the banner tier, as the Patient it would change."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A resource that is about to be stored."""

    resource: Resource
    id: str
    patients: tuple[str, ...]
    """Whom it is about by its compartment; the first one's key seals it."""
    tier: Tier
    clinical_at: datetime | None
    facts: RowFacts
    """What it is found by; the warden makes tokens of the terms and keys."""

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """What the warden makes tokens of: terms, then the keys of ranges."""
        return self.facts.terms + tuple([one.key for one in self.facts.ranges])

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
    tier = tier_of(resource, patients)
    if tier is Tier.SEALED:
        return _sealed(resource, id_, patients)
    moment = clinical_date(resource)
    clinical_at = _moment(moment)
    return Draft(
        resource=resource,
        id=id_,
        patients=patients,
        tier=tier,
        clinical_at=clinical_at,
        facts=row_facts(
            resource,
            owner=patients[0] if patients else "",
            clinical_at=None if clinical_at is None else moment,
        ),
    )


def _sealed(resource: Resource, id_: str, patients: tuple[str, ...]) -> Draft:
    """Nothing is written beside it: no search finds it, so no token need tell of it."""
    return Draft(
        resource=resource,
        id=id_,
        patients=patients,
        tier=Tier.SEALED,
        clinical_at=None,
        facts=RowFacts((), (), 0),
    )


def is_sealed(resource: Resource) -> bool:
    """Whether it goes into the sealed tier."""
    return tier_of(resource, patients_of(resource)) is Tier.SEALED


def _moment(microseconds: int | None) -> datetime | None:
    """A clinical time; None where it lies outside what a calendar holds."""
    if microseconds is None:
        return None
    try:
        return from_microseconds(microseconds)
    except OverflowError:
        return None


def tier_of(resource: Resource, patients: tuple[str, ...]) -> Tier:
    """How sensitive it is.

    A Patient is always in the banner tier, or nobody could be found; a protected
    address belongs into a resource of its own that says so. An appointment is in it
    because the desk that books it has no other; a restricted one is sealed like all
    that is restricted.
    """
    if resource.type == "Patient":
        return Tier.BANNER
    if not patients:
        return Tier.SHARED
    if _is_restricted(resource.content.get("meta")):
        return Tier.SEALED
    is_for_desk = resource.type in DESK_TYPES or _is_correction(resource.content)
    return Tier.BANNER if is_for_desk else Tier.RECORD


def _is_correction(content: Mapping[str, object]) -> bool:
    """What a person says of their own address or telephone, for a desk to look at."""
    code = content.get("code") if content.get("resourceType") == "Basic" else None
    codings = code.get("coding") if isinstance(code, dict) else None
    return isinstance(codings, list) and CORRECTION in codings


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
