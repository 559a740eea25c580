# SPDX-License-Identifier: Apache-2.0
"""Referrals and orders: expected by whoever is asked, and by whoever asked.

https://hl7.org/fhir/R4/servicerequest.html. Whoever referred or ordered follows it to
its answer, and two weeks on; waiting lists may be longer than a year.
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

ANSWERED_DAYS = 14
_DAYS = {"active": OPEN_DAYS, "on-hold": OPEN_DAYS, "completed": ANSWERED_DAYS}


def ties(content: Content, moment: Moment) -> Iterator[Expects]:
    days = _DAYS.get(status_of(content))
    if days is None:
        return
    since = begins(content.get("authoredOn"), moment)
    named = [content.get(one) for one in ("performer", "locationReference")]
    for who in referred(*named, content.get("requester")):
        yield Expects(who, "referral", since, moment.now + days * DAY)


WORK = Work("ServiceRequest", ties)
