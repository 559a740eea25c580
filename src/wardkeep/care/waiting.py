# SPDX-License-Identifier: Apache-2.0
"""What waits for the visitor: own tasks, unread messages, letters to approve."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

import msgspec

from wardkeep.care.colleagues import Mine
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.messages.messages import Messages
from wardkeep.fhir.tasks.tasks import Tasks
from wardkeep.fhir.tasks.to_do import APPROVE, KINDS
from wardkeep.web.visit import Visit


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """How many of each, in all and by patient; nothing of it was opened."""

    tasks: int
    late: int
    to_take: int
    """In the queues of one's teams."""
    unread: int
    letters: int
    unread_of: Mapping[str, int]
    letters_of: Mapping[str, int]

    @property
    def is_nothing(self) -> bool:
        return not (self.tasks or self.to_take or self.unread or self.letters)


async def waiting_for(visit: Visit, mine: Mine, now: datetime) -> Waiting | Refusal:
    opener = opener_of(visit)
    found = await visit.services[Tasks].open_for(
        mine.me.reference, mine.teams, opener=opener
    )
    if isinstance(found, Refusal):
        return found
    threads = await visit.services[Messages].mine(
        mine.me.reference, mine.teams, opener=opener
    )
    if isinstance(threads, Refusal):
        return threads
    own = [one for one in found.tasks if one.is_mine and one.kind in KINDS]
    letters = [
        one
        for one in found.tasks
        if one.is_mine and one.kind == APPROVE and one.patient
    ]
    unread = {one.patient: 0 for one in threads.lines}
    for one in threads.lines:
        unread[one.patient] += one.unread
    return Waiting(
        tasks=len(own),
        late=sum(one.due is not None and one.due < now for one in own),
        to_take=sum(one.is_free for one in found.tasks),
        unread=sum(unread.values()),
        letters=len(letters),
        unread_of=unread,
        letters_of=Counter(one.patient for one in letters),
    )
