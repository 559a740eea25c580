# SPDX-License-Identifier: Apache-2.0
"""Tasks: an item in a queue is expected by whoever owns the queue or has claimed it.

https://hl7.org/fhir/R4/task.html. A day after it is done, for the note; what lies in a
queue for a month without a word is no reason any more. A team's queue explains for a
month from when it was asked: whoever takes it out of the queue makes nothing longer, so
that it stays explained by whoever put it there. A call that waits in urgent care's
queues explains for days alone, from when it was put there, whoever has it.
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
    when,
)
from wardkeep.fhir.work.urgent import ENTRY_DAYS, is_entry

OPEN_TASK_DAYS, DONE_DAYS = 30, 1
_OPEN = frozenset(
    {"requested", "received", "accepted", "ready", "in-progress", "on-hold"}
)


def ties(content: Content, moment: Moment) -> Iterator[Expects]:
    status = status_of(content)
    if status in _OPEN:
        until = moment.now + OPEN_TASK_DAYS * DAY
    elif status == "completed":
        done = when(content.get("lastModified"))
        until = min(done.high if done else moment.now, moment.now) + DONE_DAYS * DAY
    else:
        return
    since = begins(content.get("authoredOn"), moment)
    if is_entry(content):
        until = min(until, since + ENTRY_DAYS * DAY)
    for who in referred(content.get("owner")):
        yield Expects(who, "queue", since, until)
    for who in referred(content.get("location")):
        yield Expects(who, "queue", since, min(until, since + OPEN_TASK_DAYS * DAY))


WORK = Work("Task", ties)
