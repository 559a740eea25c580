# SPDX-License-Identifier: Apache-2.0
"""Whose record a resource belongs to: HL7's compartment definition for Patient.

https://hl7.org/fhir/R4/compartmentdefinition-patient.html. A patient's own resource is
in that patient's compartment only; the patients it links to are not (the link alone
must not put one patient's name into another's record).

A Task is about whom it is for: R4 leaves it out and R5 has it
(https://hl7.org/fhir/R5/compartmentdefinition-patient.html). What is to be done about
somebody belongs under their key, and explains whoever does it.
"""

from functools import cache
from operator import itemgetter
from typing import Any

from wardkeep.base.ids import is_fhir_id
from wardkeep.fhir.model.definitions import definitions, targets_of
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.search.extract import collector
from wardkeep.fhir.search.parameters import search_parameter
from wardkeep.fhir.search.path import Path
from wardkeep.fhir.search.terms import Indexer, Range

_PATIENT = "Patient"
_AS_IN_R5 = {"Task": ("patient",)}
_URN = "urn:uuid:"
_OWNERS = ("subject", "patient")
_PEOPLE = frozenset({"Practitioner", "PractitionerRole", "RelatedPerson", "Person"})


def patients_of(resource: Resource) -> tuple[str, ...]:
    """The ids of the patients whose compartment has this resource, in its order.

    A reference counts if it reads `Patient/x`, is a URL that ends so, or is
    `urn:uuid:x` where no other person is to be expected (a subject, a beneficiary, but
    not a performer): a transaction's references are better resolved before.
    """
    if resource.type == _PATIENT:
        return (resource.id,) if resource.id is not None else ()
    found: list[bytes] = []
    _collector(resource.type)(resource.content, found, [])
    if len(found) > 1:
        # Marked so that the usual element's come first, else in their order.
        found.sort(key=_MARK)
    return tuple(dict.fromkeys([one[1:].decode() for one in found]))


@cache
def owner_element(resource_type: str) -> str:
    """Where a type usually names its patient; empty where it has no such element."""
    for code in ("patient", "subject"):
        parameter = search_parameter(resource_type, code)
        if parameter is not None and parameter.paths:
            return parameter.paths[0].element
    return ""


@cache
def owner_is_one_of_many(resource_type: str) -> bool:
    """Whether the usual element repeats, so that it may name several patients."""
    usual = owner_element(resource_type)
    return any(
        step.is_list
        for code in ("patient", "subject")
        if (parameter := search_parameter(resource_type, code)) is not None
        for path in parameter.paths
        if path.element == usual
        for step in path.steps
    )


_USUAL, _OTHER = b"0", b"1"
_MARK = itemgetter(0)


@cache
def _collector(resource_type: str) -> Indexer:
    """Gathers ids, each behind a mark: whether the usual element says it."""
    members = (
        definitions()
        .compartments[_PATIENT]
        .get(resource_type, _AS_IN_R5.get(resource_type, ()))
    )
    found = [search_parameter(resource_type, code) for code in members]
    paths = sorted({path for one in found if one is not None for path in one.paths})
    usual = owner_element(resource_type)
    return collector(
        [
            (path.steps, _indexer(path, _USUAL if path.element == usual else _OTHER))
            for path in paths
            if _may_be_patient(path)
        ]
    )


def _may_be_patient(path: Path) -> bool:
    targets = targets_of(path.type)
    return path.type.startswith("Reference") and (not targets or _PATIENT in targets)


def _indexer(path: Path, mark: bytes) -> Indexer:
    targets = targets_of(path.type)
    is_surely_patient = path.steps[-1].key in _OWNERS or (
        bool(targets) and not targets & _PEOPLE
    )

    def index(node: dict[str, Any], found: list[bytes], _: list[Range]) -> None:
        patient = _patient_id(node.get("reference", ""), node.get("type", ""))
        if not patient and is_surely_patient:
            patient = _urn_id(node.get("reference", ""))
        if patient:
            found.append(mark + patient.encode())

    return index


def _patient_id(reference: str, said_type: str) -> str:
    if said_type == _PATIENT and reference.startswith(_URN):
        return _urn_id(reference)
    parts = reference.partition("/_history/")[0].split("/")
    is_patient = len(parts) > 1 and parts[-2] == _PATIENT and is_fhir_id(parts[-1])
    return parts[-1] if is_patient else ""


def _urn_id(reference: str) -> str:
    rest = reference.removeprefix(_URN)
    return rest if rest != reference and is_fhir_id(rest) else ""
