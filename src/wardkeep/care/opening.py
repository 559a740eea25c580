# SPDX-License-Identifier: Apache-2.0
"""The visitor: as the store asks the door for them, and as an author."""

from wardkeep.base.ids import OrganisationId
from wardkeep.disclosure.purpose import Purpose
from wardkeep.fhir.model.person import Person, reference_to
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.web.visit import Visit

OF_OFFICERS = "privacy_officer"
_PERSON = "Practitioner/"


def opener_of(
    visit: Visit, *, purpose: Purpose | None = None, reason: str = ""
) -> Opener:
    """For the purpose that is usual for their role, where none is named."""
    is_officer = visit.session.role == OF_OFFICERS
    usual = Purpose.AUDIT if is_officer else Purpose.DIRECT_CARE
    return Opener(
        session=visit.token,
        organisation=OrganisationId(visit.session.organisation),
        purpose=purpose or usual,
        reason=reason or visit.reason,
    )


async def me(visit: Visit) -> Person:
    """The visitor as whoever wrote something.

    There is no reference where nobody has said which practitioner they are; their name
    is there in any case.
    """
    work = await visit.work()
    people = work.practitioners if work is not None else ()
    own = next((one for one in people if one.startswith(_PERSON)), "")
    return Person(own, visit.session.display_name)


async def author_of(visit: Visit) -> dict[str, str]:
    """The same as a FHIR Reference in content."""
    return reference_to(await me(visit))


def instant(visit: Visit) -> str:
    """Now, as a FHIR instant."""
    return visit.clock.now().isoformat(timespec="seconds")
