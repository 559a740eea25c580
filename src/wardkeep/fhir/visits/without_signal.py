# SPDX-License-Identifier: Apache-2.0
"""What a crew did where there was no signal, brought in later: once, and in its order.

The device gives each act an id and says when it was done. The id stands with the step
in the case's own history, so whether it came in before is read in the version that the
next one is written on: of two tries, or of a try whose answer was lost, one counts.
"""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from wardkeep.base.time_of_day import time_of_day
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.moving import Cannot, advance
from wardkeep.fhir.urgent.queueing import Did, Entry
from wardkeep.fhir.urgent.steps import Step

OLDEST = timedelta(hours=24)
"""What is older is not believed; a shift is half of that."""
_SAID_AFTER = timedelta(minutes=2)
"""What comes in sooner was sent when it was pressed."""


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One press on a device."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    """A UUID that the device made; it stays in the case's history."""
    entry: str
    step: Step
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    """By the device's clock."""
    words: str = ""
    """Of a note, or of what came of the visit."""
    code: str = ""
    """Of what came of the visit: the disposition."""


class InBefore(msgspec.Struct, frozen=True):
    """It came in before; nothing is done."""


def brought_in(
    entry: Entry,
    act: Act,
    *,
    by: Person,
    now: datetime,
    is_crew: bool = False,
    words: str = "",
) -> Entry | InBefore | Cannot:
    """The entry after an act of the crew that has it; `words` are what it says."""
    if any(one.act == act.id for one in entry.did):
        return InBefore()
    if now - act.at > OLDEST:
        return Cannot("It was done too long ago.")
    # The device's clock may be wrong: nothing was done later than now, nor before the
    # visit was on the car's list.
    sent = [one.at for one in entry.did if one.step is Step.SEND]
    at = max(min(act.at, now), entry.given, *sent[-1:])
    late = ""
    if now - act.at > _SAID_AFTER:
        late = f"Without a signal; came in at {time_of_day(now)}"
        if act.at < at:
            late += f", and the device says {time_of_day(act.at)}"
    said = f"{words} ({late})" if words and late else words or late
    did = Did(step=act.step, at=at, by=by, words=said, act=act.id)
    return advance(entry, did, is_crew=is_crew)
