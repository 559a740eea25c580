# SPDX-License-Identifier: Apache-2.0
"""What a change would have and somebody else has: a slot, a bed, a level, a turn."""

from wardkeep.base.outcome import Problem

SLOT_TAKEN = Problem(
    place="Appointment.slot",
    wrong="somebody else has booked this slot",
    mend="Choose another slot.",
)
BED_TAKEN = Problem(
    place="Encounter.location",
    wrong="somebody lies in this bed, or the patient lies in another",
    mend="Choose another bed, or end the other stay first.",
)
LEVEL_TAKEN = Problem(
    place="Procedure.status",
    wrong="the patient has an observation level already, or is on another leave",
    mend="End the other one first.",
)
CASE_WAITS = Problem(
    place="Task.encounter",
    wrong="this case waits in a queue already",
    mend="End its other place first, or change that one.",
)


class TakenError(Exception):
    """Another resource has it; a rule of the database says so."""

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self.problem = problem
