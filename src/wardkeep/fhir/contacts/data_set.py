# SPDX-License-Identifier: Apache-2.0
"""A contact as the Mental Health Services Data Set names its fields.

MHS201 Care Contact and MHS202 Care Activity:
https://www.datadictionary.nhs.uk/data_sets/clinical_data_sets/mental_health_services_data_set.html.
What the contact alone knows; identifiers of the provider, the referral and the care
professional are the submission's.
"""

from typing import NamedTuple

from wardkeep.base.clock import LONDON
from wardkeep.fhir.contacts.codes import ACTIVITIES, CANCELLED
from wardkeep.fhir.contacts.contact import Contact

CONTACT, ACTIVITY = "MHS201", "MHS202"


class Field(NamedTuple):
    """One field of a table."""

    table: str
    name: str
    value: str


def fields_of(one: Contact) -> list[Field]:
    """Those that have a value, in the order of the tables."""
    begins = one.begins.astimezone(LONDON)
    length = str(one.minutes) if one.minutes else ""
    named = [
        ("CARE CONTACT IDENTIFIER", one.id),
        ("CARE CONTACT DATE", f"{begins:%Y-%m-%d}"),
        ("CARE CONTACT TIME", f"{begins:%H:%M:%S}"),
        ("CLINICAL CONTACT DURATION OF CARE CONTACT", length),
        ("ATTENDANCE STATUS", one.attended),
        ("CONSULTATION MECHANISM (MENTAL HEALTH)", one.mechanism),
        ("ACTIVITY LOCATION TYPE CODE", one.place),
        ("CARE CONTACT SUBJECT", one.subject),
        (
            "CARE CONTACT CANCELLATION REASON",
            one.why if one.attended in CANCELLED else "",
        ),
    ]
    found = [Field(CONTACT, name, value) for name, value in named if value]
    for number, code in enumerate(one.activities, start=1):
        found += [
            Field(ACTIVITY, "CARE ACTIVITY IDENTIFIER", f"{one.id}-{number}"),
            Field(
                ACTIVITY,
                "PROCEDURE (SNOMED CT EXPRESSION)",
                f"{code} |{ACTIVITIES[code].display}|",
            ),
        ]
    return found
