# SPDX-License-Identifier: Apache-2.0
"""Episodes of care: the care manager and the teams have the patient on their caseload.

https://hl7.org/fhir/R4/episodeofcare.html. Four weeks after its end: for the closing
letter, and because whoever comes back within them comes back to the same people. The
service that cares (caseload.py) expects them as it expects who is referred to it: each
of its people opens them, and nobody has them all in today's list.
"""

from collections.abc import Iterator

from wardkeep.fhir.work import caseload
from wardkeep.fhir.work.expects import (
    DAY,
    Content,
    Expects,
    Moment,
    Work,
    begins,
    ends,
    referred,
    status_of,
)

CLOSING_DAYS = 28
_LIVE = frozenset({"planned", "waitlist", "active", "onhold", "finished"})


def ties(content: Content, moment: Moment) -> Iterator[Expects]:
    if status_of(content) not in _LIVE:
        return
    period = content.get("period")
    until = ends(period, moment, grace_days=CLOSING_DAYS)
    if status_of(content) == "finished":
        until = min(until, moment.now + CLOSING_DAYS * DAY)
    named = [content.get(one) for one in ("careManager", "team")]
    for who in referred(*named, content.get("managingOrganization")):
        yield Expects(who, "caseload", begins(period, moment), until)
    service = caseload.service_of(content).reference
    for who in referred({"reference": service}):
        yield Expects(who, "referral", begins(period, moment), until)


WORK = Work("EpisodeOfCare", ties)
