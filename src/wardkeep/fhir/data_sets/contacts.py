# SPDX-License-Identifier: Apache-2.0
"""Facts of contacts and of what was done in them."""

from collections.abc import Iterator, Sequence

import msgspec

from wardkeep.base.clock import LONDON
from wardkeep.fhir.contacts.contact import Contact, read_contact
from wardkeep.fhir.data_sets.belonging import Referred, belongs_to
from wardkeep.fhir.data_sets.facts import (
    Fact,
    date_fact,
    reference_in,
    short_id,
    time_fact,
)
from wardkeep.fhir.data_sets.ground import Ground
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.fhir.work.caseload import id_in
from wardkeep.fhir.work.expects import Content, listed
from wardkeep.fhir.work.referral import TYPE


def contact_facts(
    one: OpenedResource, referrals: Sequence[Referred], ground: Ground
) -> Iterator[Fact]:
    """A contact of the month, each thing that was done in it, and who did it."""
    contact = read_contact(one)
    if contact is None or contact.is_wrong:
        return
    day = contact.begins.astimezone(LONDON).date()
    if not ground.month.has(day):
        return
    people = [id_in(it, "Practitioner") for it in (contact.author, contact.colleague)]
    referred = belongs_to(
        referrals, day=day, people=people, named=named_referral(one.text)
    )
    yield _contact(one, contact, referred, referrals, ground)
    for number, code in enumerate(contact.activities, start=1):
        yield from _activity(one, code, number, people[0], referred)


def named_referral(text: bytes) -> str:
    """The id of the ServiceRequest that an Encounter is based on."""
    content: Content = msgspec.json.decode(text)
    named = (reference_in(it, TYPE) for it in listed(content, "basedOn"))
    return next((it for it in named if it), "")


def teams_for(
    referred: Referred | None, referrals: Sequence[Referred]
) -> tuple[str, ...]:
    """Whose it is to mend: where nobody knows, of each team that has the patient."""
    if referred is not None:
        return (referred.team,)
    return tuple(dict.fromkeys(it.team for it in referrals))


def _contact(
    one: OpenedResource,
    contact: Contact,
    referred: Referred | None,
    referrals: Sequence[Referred],
    ground: Ground,
) -> Fact:
    return Fact(
        source="contact",
        key=f"contact {one.id}",
        within=f"referral {referred.id}" if referred else f"patient {one.patient}",
        type=one.type,
        id=one.id,
        teams=teams_for(referred, referrals),
        facts={
            "contact": short_id(one.id),
            "referral": short_id(referred.id) if referred else "",
            "date": date_fact(contact.begins),
            "time": time_fact(contact.begins),
            "commissioner": ground.commissioner,
            "minutes": str(contact.minutes) if contact.took_place else "0",
            "subject": contact.subject,
            "mechanism": contact.mechanism,
            "place": contact.place,
            "planned": "Y" if contact.appointment else "",
            "attended": contact.attended,
        },
    )


def _activity(
    one: OpenedResource,
    code: str,
    number: int,
    worker: str,
    referred: Referred | None,
) -> Iterator[Fact]:
    # Its own id: the place among the others, which a correction does not change.
    id_ = short_id(f"{one.id}-{number}")
    teams = (referred.team,) if referred else ()
    yield Fact(
        source="activity",
        key=f"activity {id_}",
        within=f"contact {one.id}",
        type=one.type,
        id=one.id,
        teams=teams,
        facts={"activity": id_, "contact": short_id(one.id), "procedure": code},
    )
    if worker:
        yield Fact(
            source="staff_activity",
            within=f"activity {id_}",
            type=one.type,
            id=one.id,
            teams=teams,
            facts={
                "activity": id_,
                "worker": short_id(worker),
                "worker_id": worker,
            },
        )
