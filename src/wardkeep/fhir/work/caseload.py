# SPDX-License-Identifier: Apache-2.0
"""Somebody's place on a caseload, as a FHIR EpisodeOfCare.

https://hl7.org/fhir/R4/episodeofcare.html: `careManager` is whose caseload it is. R4
has no element for the service that cares (`team` is of CareTeams), so that is an
extension of ours.
"""

from datetime import date

from wardkeep.fhir.model.person import Person, person_in, reference_to
from wardkeep.fhir.search.references import target_of
from wardkeep.fhir.work.expects import Content, listed, status_of
from wardkeep.fhir.work.referral import day_of

TYPE = "EpisodeOfCare"
SERVICE = "urn:wardkeep:episode:service"
_OPEN = frozenset({"planned", "waitlist", "active", "onhold"})


def episode_content(
    *, id_: str, patient: str, team: Person, worker: Person, referral: str, on: str
) -> Content:
    """A new place on a caseload; `on` is the day from which."""
    return {
        "resourceType": TYPE,
        "id": id_,
        "extension": [{"url": SERVICE, "valueReference": reference_to(team)}],
        "status": "active",
        "patient": {"reference": f"Patient/{patient}"},
        "referralRequest": [{"reference": f"ServiceRequest/{referral}"}],
        "period": {"start": on},
        "careManager": reference_to(worker),
    }


def moved(content: Content, *, team: Person, worker: Person) -> Content:
    """The same with another team and another care manager, or with nobody."""
    others = [one for one in listed(content, "extension") if one.get("url") != SERVICE]
    service = {"url": SERVICE, "valueReference": reference_to(team)}
    made = {**content, "extension": [*others, service]}
    if worker.reference:
        return {**made, "careManager": reference_to(worker)}
    return {name: value for name, value in made.items() if name != "careManager"}


def ended(content: Content, *, status: str, on: str = "") -> Content:
    """The same, over; or open again, where there is no day."""
    period = {**_period(content)}
    period.pop("end", None)
    if on:
        period["end"] = on
    return {**content, "status": status, "period": period}


def service_of(content: Content) -> Person:
    """The team whose caseload it is."""
    for one in listed(content, "extension"):
        if one.get("url") == SERVICE:
            return person_in(one.get("valueReference"))
    return Person()


def worker_of(content: Content) -> Person:
    return person_in(content.get("careManager"))


def is_open(content: Content) -> bool:
    return status_of(content) in _OPEN


def began_on(content: Content) -> date | None:
    start = _period(content).get("start")
    return day_of(start) if isinstance(start, str) else None


def id_in(person: Person, type_: str) -> str:
    """The id that a reference has, of that type; else empty."""
    target = target_of(person.reference)
    return target[1] if target is not None and target[0] == type_ else ""


def _period(content: Content) -> Content:
    found = content.get("period")
    return found if isinstance(found, dict) else {}
