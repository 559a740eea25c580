# SPDX-License-Identifier: Apache-2.0
"""Which tokens a search remembers: those of names, and never one of a value."""

from support.warden import Installation, running_warden
from wardkeep.base.ids import OrganisationId
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.search.row_facts import not_by_owner, range_key
from wardkeep.fhir.search.terms import term
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.store.tokens import TokensOfNames, tokens_of

NAME = not_by_owner("Observation.subject")
RANGE = range_key("Observation.effective")
VALUE = term("Observation.code", "c", "8867-4")
SLUGS = ("larkspur", "willow")


def opener(session: str, organisation: OrganisationId) -> Opener:
    return Opener(session=session, organisation=organisation)


async def test_a_name_is_asked_once_and_a_value_each_time(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        number = OrganisationId(await warden.organisation("juniper"))
        doctor = await warden.session("doctor", organisation="juniper")
        asked = [NAME, VALUE, RANGE]
        tokens = TokensOfNames(warden.door)
        found = await tokens.of(asked, opener=opener(doctor, number))
        plain = await tokens_of(warden.door, doctor, asked)
        assert isinstance(found, dict)
        assert [found[one] for one in asked] == plain
        # Without a session the names are still known, and no value is.
        stranger = opener("no-such-token", number)
        names = await tokens.of([NAME, RANGE], opener=stranger)
        assert names == {NAME: found[NAME], RANGE: found[RANGE]}
        refused = await tokens.of(asked, opener=stranger)
        assert isinstance(refused, Refusal)
        assert refused.code == "not-signed-in"


async def test_a_name_is_remembered_for_its_organisation_alone(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        numbers = [OrganisationId(await warden.organisation(one)) for one in SLUGS]
        tokens = TokensOfNames(warden.door)
        here, there = [
            await warden.session("doctor", organisation=one) for one in SLUGS
        ]
        one = await tokens.of([NAME], opener=opener(here, numbers[0]))
        other = await tokens.of([NAME], opener=opener(there, numbers[1]))
        assert isinstance(one, dict)
        assert isinstance(other, dict)
        assert one[NAME] != other[NAME]
        assert isinstance(
            await tokens.of([NAME], opener=opener("no", OrganisationId(9))), Refusal
        )
