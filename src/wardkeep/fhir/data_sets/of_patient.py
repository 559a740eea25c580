# SPDX-License-Identifier: Apache-2.0
"""All facts of one patient in one month, those first to which others belong."""

from collections.abc import Iterator, Sequence
from itertools import chain

import msgspec

from wardkeep.fhir.data_sets.belonging import Referred
from wardkeep.fhir.data_sets.contacts import contact_facts
from wardkeep.fhir.data_sets.facts import Fact, patient_facts, practice_facts, short_id
from wardkeep.fhir.data_sets.ground import Ground
from wardkeep.fhir.data_sets.referred import (
    Caseload,
    coordinator_fact,
    read_caseload,
    read_referred,
)
from wardkeep.fhir.data_sets.stays import detention_fact, score_fact, stay_facts
from wardkeep.fhir.mha.section import is_section
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.fhir.work.expects import Content

PATIENT, REFERRAL = "Patient", "ServiceRequest"
EPISODE, ENCOUNTER, OBSERVATION = "EpisodeOfCare", "Encounter", "Observation"


def facts_of(resources: Sequence[OpenedResource], ground: Ground) -> list[Fact]:
    """What the month knows of somebody; nothing where no team of the data set does."""

    def of_type(type_: str) -> list[OpenedResource]:
        return [one for one in resources if one.type == type_]

    places = [read_caseload(one) for one in of_type(EPISODE)]
    found = [read_referred(one, places, ground) for one in of_type(REFERRAL)]
    referred = [one for one in found if one is not None]
    people = of_type(PATIENT)
    if not referred or not people:
        return []
    referrals = [one for one, _ in referred]
    teams = tuple(dict.fromkeys(one.team for one in referrals))
    return [
        *_person(people[0], teams, ground),
        *(fact for _, fact in referred),
        *_coordinators(places, people[0].id, ground),
        *_of_encounters(of_type(ENCOUNTER), referrals, ground),
        *_of_observations(of_type(OBSERVATION), referrals, teams, ground),
    ]


def _person(
    one: OpenedResource, teams: tuple[str, ...], ground: Ground
) -> Iterator[Fact]:
    content: Content = msgspec.json.decode(one.text)
    facts = {**patient_facts(content), "provider": ground.provider}
    yield Fact(
        source="patient",
        key=f"patient {one.id}",
        type=PATIENT,
        id=one.id,
        teams=teams,
        facts=facts,
    )
    practice = practice_facts(content, ground.practices, ods=ground.systems["ods"])
    if practice is not None:
        yield Fact(
            source="gp",
            within=f"patient {one.id}",
            type=PATIENT,
            id=one.id,
            teams=teams,
            facts={"patient": short_id(one.id), **practice},
        )


def _coordinators(
    places: Sequence[Caseload], patient: str, ground: Ground
) -> Iterator[Fact]:
    for place in places:
        fact = coordinator_fact(place, patient, ground)
        if fact is not None:
            yield fact


def _of_encounters(
    encounters: Sequence[OpenedResource],
    referrals: Sequence[Referred],
    ground: Ground,
) -> Iterator[Fact]:
    return chain.from_iterable(
        chain(contact_facts(one, referrals, ground), stay_facts(one, referrals, ground))
        for one in encounters
    )


def _of_observations(
    observations: Sequence[OpenedResource],
    referrals: Sequence[Referred],
    teams: tuple[str, ...],
    ground: Ground,
) -> Iterator[Fact]:
    for one in observations:
        content: Content = msgspec.json.decode(one.text)
        if is_section(content):
            fact = detention_fact(one, content, teams, ground)
        else:
            fact = score_fact(one, content, referrals, ground)
        if fact is not None:
            yield fact
