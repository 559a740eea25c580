# SPDX-License-Identifier: Apache-2.0
"""The demo as FHIR bundles: one for each organisation, one for each patient."""

from collections.abc import Iterator
from datetime import date

from wardkeep.assembly.demo.chart.assessments import shelf_entries
from wardkeep.assembly.demo.chart.codes import Json, hl7, text_only
from wardkeep.assembly.demo.chart.notes import template_entries
from wardkeep.assembly.demo.chart.record import record_of
from wardkeep.assembly.demo.chart.sheet import entry_of, transaction
from wardkeep.assembly.demo.directions import directions_to
from wardkeep.assembly.demo.organisations import DemoOrganisation, Place
from wardkeep.assembly.demo.questions import arrival_questions
from wardkeep.assembly.demo.referrals import service_entries, services_of
from wardkeep.assembly.demo.stable_ids import stable_id
from wardkeep.assembly.demo.staff import StaffMember, staff_of
from wardkeep.assembly.demo.story import stories_of
from wardkeep.fhir.bars.building import ODS

_PROVIDER = hl7("organization-type", "prov", "Healthcare Provider")


def demo_patients(organisation: DemoOrganisation, *, today: date) -> Iterator[Json]:
    """One transaction Bundle a patient; nothing recorded is later than yesterday.

    References within the record are urn:uuid, those to the organisation's own
    resources are literal (Practitioner/id), so load the organisation's bundle first
    and keep the ids.
    """
    for story in stories_of(organisation, today=today):
        yield record_of(organisation, story)


def demo_organisation_bundle(organisation: DemoOrganisation) -> Json:
    """Organization, Location, Practitioner, what is asked; ids for ever."""
    entries = [
        _organization(organisation.resource_id, organisation.name),
        _organization(
            organisation.surgery_id, organisation.surgery, organisation.surgery_code
        ),
    ]
    entries += [_location(organisation, place) for place in organisation.places]
    for member in staff_of(organisation).values():
        entries.append(_practitioner(member))
        entries.append(_practitioner_role(organisation, member))
    entries += service_entries(organisation)
    entries.append(arrival_questions(organisation))
    entries += shelf_entries(organisation.slug)
    entries += template_entries(organisation.slug)
    return transaction(entries)


def _organization(resource_id: str, name: str, ods: str = "") -> Json:
    fields: Json = {"active": True, "type": [_PROVIDER], "name": name}
    if ods:
        fields["identifier"] = [{"system": ODS, "value": ods}]
    return entry_of("Organization", resource_id, fields)


def _location(organisation: DemoOrganisation, place: Place) -> Json:
    return entry_of(
        "Location",
        organisation.place_id(place.key),
        {
            "status": "active",
            "name": place.name,
            "mode": "instance",
            "type": [text_only(place.specialty)],
            **directions_to(organisation, place),
            "managingOrganization": {
                "reference": f"urn:uuid:{organisation.resource_id}"
            },
        },
    )


def _practitioner(member: StaffMember) -> Json:
    given, _, family = member.name.rpartition(" ")
    title, _, first = given.rpartition(" ")
    name: Json = {"use": "official", "text": member.name, "family": family}
    name["given"] = [first]
    if title:
        name["prefix"] = [title]
    identifier = {
        "system": f"https://example.org/{member.organisation}/staff",
        "value": member.key,
    }
    fields = {"identifier": [identifier], "active": True, "name": [name]}
    return entry_of("Practitioner", member.practitioner_id, fields)


def _practitioner_role(organisation: DemoOrganisation, member: StaffMember) -> Json:
    is_surgery = member.key == "surgery-doctor"
    employer = organisation.surgery_id if is_surgery else organisation.resource_id
    places = {place.key for place in organisation.places}
    fields: Json = {
        "active": True,
        "practitioner": {"reference": f"urn:uuid:{member.practitioner_id}"},
        "organization": {"reference": f"urn:uuid:{employer}"},
        "code": [text_only(member.job)],
    }
    located = [
        {"reference": f"urn:uuid:{organisation.place_id(key)}"}
        for key in member.places
        if key in places
    ]
    if located:
        fields["location"] = located
    services = services_of(organisation, member)
    if services:
        fields["healthcareService"] = services
    return entry_of("PractitionerRole", practitioner_role_id(member), fields)


def practitioner_role_id(member: StaffMember) -> str:
    return stable_id(member.organisation, "PractitionerRole", member.key)
