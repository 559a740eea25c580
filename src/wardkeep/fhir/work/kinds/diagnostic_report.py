# SPDX-License-Identifier: Apache-2.0
"""Results: expected by whoever made them and whoever is named to look at them.

https://hl7.org/fhir/R4/diagnosticreport.html. FHIR has no mark for "reviewed": a report
explains two weeks from when it is final, and a month while it is not. Whoever ordered
it has their order (service_request.py).
"""

from collections.abc import Iterator

from wardkeep.fhir.work.expects import (
    DAY,
    Content,
    Expects,
    Moment,
    Work,
    begins,
    referred,
    status_of,
)

OPEN_REPORT_DAYS, REVIEWED_DAYS = 30, 14
_OPEN = frozenset({"registered", "partial", "preliminary"})
_FINAL = frozenset({"final", "amended", "corrected", "appended"})


def ties(content: Content, moment: Moment) -> Iterator[Expects]:
    issued = begins(content.get("issued"), moment)
    if status_of(content) in _OPEN:
        until = moment.now + OPEN_REPORT_DAYS * DAY
    elif status_of(content) in _FINAL:
        until = issued + REVIEWED_DAYS * DAY
    else:
        return
    named = [content.get(one) for one in ("resultsInterpreter", "performer")]
    for who in referred(*named):
        yield Expects(who, "result", issued, until)


WORK = Work("DiagnosticReport", ties)
