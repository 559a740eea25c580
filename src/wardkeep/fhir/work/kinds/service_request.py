# SPDX-License-Identifier: Apache-2.0
"""Referrals and orders: expected by whoever is asked, and by whoever asked.

https://hl7.org/fhir/R4/servicerequest.html. Whoever referred or ordered follows it to
its answer, and two weeks on; waiting lists may be longer than a year. A referral to a
team that was ended (declined, withdrawn) explains two weeks more to whoever asked, who
reads why, and a day to the team, which may take it back. Any other order that was ended
explains nothing.
"""

from collections.abc import Iterator

from wardkeep.fhir.work.expects import (
    DAY,
    OPEN_DAYS,
    Content,
    Expects,
    Moment,
    Work,
    begins,
    referred,
    status_of,
)
from wardkeep.fhir.work.referral import is_referral
from wardkeep.fhir.work.urgent import is_outcome

ANSWERED_DAYS, TAKEN_BACK_DAYS = 14, 1
_DAYS = {
    "active": (OPEN_DAYS, OPEN_DAYS),
    "on-hold": (OPEN_DAYS, OPEN_DAYS),
    "completed": (ANSWERED_DAYS, ANSWERED_DAYS),
    "revoked": (TAKEN_BACK_DAYS, ANSWERED_DAYS),
}
"""By status: to whoever is asked, and to whoever asked."""


def ties(content: Content, moment: Moment) -> Iterator[Expects]:
    days = _DAYS.get(status_of(content))
    if days is None or (status_of(content) == "revoked" and not is_referral(content)):
        return
    if is_outcome(content):
        return
    since = begins(content.get("authoredOn"), moment)
    named = [content.get(one) for one in ("performer", "locationReference")]
    for nodes, many in ((named, days[0]), ([content.get("requester")], days[1])):
        for who in referred(*nodes):
            yield Expects(who, "referral", since, moment.now + many * DAY)


WORK = Work("ServiceRequest", ties)
