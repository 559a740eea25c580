# SPDX-License-Identifier: Apache-2.0
"""Puts together what is asked of one's own work: whom one expects, and handing over."""

from wardkeep.base.clock import Clock
from wardkeep.teams.relationships import ExpectedSets
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.handing_over import HandingOver
from wardkeep.warden.service.medicine_signing import MedicineSigning
from wardkeep.warden.service.who_i_am import WhoIAmDesk
from wardkeep.warden.sessions import Sessions


def make_work_desks(
    sessions: Sessions, expected: ExpectedSets, clock: Clock
) -> tuple[Desk, ...]:
    return (
        WhoIAmDesk(sessions=sessions, expected=expected, clock=clock).desk,
        HandingOver(sessions=sessions, expected=expected, clock=clock).desk,
        MedicineSigning(sessions=sessions, clock=clock).desk,
    )
