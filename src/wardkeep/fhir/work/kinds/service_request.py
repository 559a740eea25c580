# SPDX-License-Identifier: Apache-2.0
"""Referrals and orders: expected by whoever is asked, and by whoever asked.

https://hl7.org/fhir/R4/servicerequest.html. Whoever referred or ordered follows it to
its answer, and two weeks on; waiting lists may be longer than a year. A referral to a
team that was ended (declined, withdrawn) explains two weeks more to whoever asked, who
reads why, and a day to the team, which may take it back. Any other order that was ended
explains nothing. While it is open each step writes it anew, so its end is reckoned from
when it was asked: else whoever accepts it had made the team's whole tie their own.
"""

from collections.abc import Iterator

from wardkeep.fhir.work.expects import (
    DAY,
    Content,
    Expects,
    Moment,
    Work,
    begins,
    open_until,
    referred,
    status_of,
)
from wardkeep.fhir.work.referral import first_step_of, is_referral
from wardkeep.fhir.work.urgent import is_outcome

ANSWERED_DAYS, TAKEN_BACK_DAYS = 14, 1
_OPEN = frozenset({"active", "on-hold"})
_DAYS = {
    "completed": (ANSWERED_DAYS, ANSWERED_DAYS),
    "revoked": (TAKEN_BACK_DAYS, ANSWERED_DAYS),
}
"""Of those that ended, by status: to whoever is asked, and to whoever asked."""


def ties(content: Content, moment: Moment) -> Iterator[Expects]:
    status = status_of(content)
    if is_outcome(content) or (status == "revoked" and not is_referral(content)):
        return
    since = begins(content.get("authoredOn") or first_step_of(content), moment)
    if status in _OPEN:
        asked = asking = open_until(since, moment)
    elif status in _DAYS:
        asked, asking = (moment.now + many * DAY for many in _DAYS[status])
    else:
        return
    named = [content.get(one) for one in ("performer", "locationReference")]
    for nodes, until in ((named, asked), ([content.get("requester")], asking)):
        for who in referred(*nodes):
            yield Expects(who, "referral", since, until)


WORK = Work("ServiceRequest", ties)
