# SPDX-License-Identifier: Apache-2.0
"""Whom a letter is to: the address, as the record has it, to be looked over."""

import msgspec

from wardkeep.care import reading
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.store.reading import Reader
from wardkeep.web.visit import Visit

PATIENT, GP = "patient", "gp"


class _Named(msgspec.Struct, rename="camel"):
    """An Organization, or a Practitioner."""

    name: str | list[reading.Name] = ""
    address: list[reading.Address] = []


async def receiver_of(visit: Visit, which: str, patient: bytes) -> str:
    """The address, a line each; empty where it is to somebody else or not known."""
    found = reading.read("Patient", "", patient)
    if not isinstance(found, reading.Patient):
        return ""
    if which == PATIENT:
        return _lines(_person(found.name), found.address)
    if which == GP and found.general_practitioner:
        return await _of_gp(visit, found.general_practitioner[0])
    return ""


async def _of_gp(visit: Visit, said: reading.Reference) -> str:
    type_, _, id_ = said.reference.partition("/")
    opened = await visit.services[Reader].shared(
        [(type_, id_)], opener=opener_of(visit)
    )
    if isinstance(opened, Refusal) or not opened.resources:
        return said.display
    try:
        found = msgspec.json.decode(opened.resources[0].text, type=_Named)
    except msgspec.DecodeError:
        return said.display
    name = found.name if isinstance(found.name, str) else _person(found.name)
    return _lines(name or said.display, found.address)


def _person(names: "list[reading.Name] | tuple[reading.Name, ...]") -> str:
    name = next(iter(names), reading.Name())
    return name.text or " ".join([*name.prefix, *name.given, name.family]).strip()


def _lines(
    name: str, addresses: "list[reading.Address] | tuple[reading.Address, ...]"
) -> str:
    lines = [name]
    for one in addresses[:1]:
        lines += [*one.line, one.city, one.postal_code] if one.line else [one.text]
    return "\n".join(line for line in lines if line)
