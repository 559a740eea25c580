# SPDX-License-Identifier: Apache-2.0
"""Care teams: whoever is in it has the patient on their caseload.

https://hl7.org/fhir/R4/careteam.html. Four weeks after its end, for handing over.
"""

from collections.abc import Iterator

from wardkeep.fhir.work.expects import (
    Content,
    Expects,
    Moment,
    Work,
    begins,
    ends,
    listed,
    referred,
    status_of,
)

HANDING_OVER_DAYS = 28
_LIVE = frozenset({"active", "suspended"})


def ties(content: Content, moment: Moment) -> Iterator[Expects]:
    if status_of(content) not in _LIVE:
        return
    period = content.get("period")
    since = begins(period, moment)
    until = ends(period, moment, grace_days=HANDING_OVER_DAYS)
    yield Expects(moment.reference, "caseload", since, until)
    for one in listed(content, "participant"):
        last = ends(one.get("period"), moment, grace_days=HANDING_OVER_DAYS)
        for who in referred(one.get("member")):
            yield Expects(who, "caseload", since, min(until, last))


WORK = Work("CareTeam", ties)
