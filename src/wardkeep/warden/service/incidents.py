# SPDX-License-Identifier: Apache-2.0
"""Writes down incidents: the ledger's entries are the register that cannot be edited.

What happened is in the operator's file; the entry has its digest, so that a file that
was changed afterwards is told from the one that was declared.
"""

import re

from wardkeep.base.ids import is_uuid
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Answer, Refusal
from wardkeep.disclosure.incidents import (
    MOST_TOUCHED,
    CheckIncident,
    IncidentChecked,
    IncidentWritten,
    WriteIncident,
)
from wardkeep.identity.accounts import names_of_organisations
from wardkeep.ledger.incidents import DECLARED, REVISED, WITHDRAWN, said_of
from wardkeep.warden.alarms import INCIDENT, Alarms
from wardkeep.warden.incidents import Register
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.trace import Trace

STEPS = {DECLARED: "Declared", REVISED: "Revised", WITHDRAWN: "Withdrawn"}
_DIGEST = re.compile(r"[0-9a-f]{64}")
_BAD = Refusal(
    code="bad-incident",
    why=f"An incident has a UUID, a step, a version from 1, a SHA-256, and at most"
    f" {MOST_TOUCHED} organisations of this installation, each once.",
    mend="Use wardkeep incident, which writes it so.",
)


class Incidents:
    """Answers the operator about incidents."""

    def __init__(
        self, database: Database, trace: Trace, alarms: Alarms, register: Register
    ) -> None:
        self._database = database
        self._trace = trace
        self._alarms = alarms
        self._register = register
        self.desk = Desk(
            at_once={CheckIncident: self._check}, later={WriteIncident: self._write}
        )

    def _check(self, asked: CheckIncident) -> Answer:
        said = (asked.step, asked.version, asked.digest)
        newest, there = {}, set()
        for one in self._register.steps_about(asked.incident):
            found = (one.action, one.version, one.digest)
            newest[one.organisation] = found
            if found == said:
                there.add(one.organisation)
        wanted = set(asked.organisations)
        return IncidentChecked(
            is_newest=all(newest.get(one) == said for one in wanted),
            is_there=wanted <= there,
        )

    async def _write(self, asked: WriteIncident) -> Answer:
        numbers = [number for number, _ in asked.touched]
        is_fit = (
            is_uuid(asked.incident)
            and asked.step in STEPS
            and asked.version >= 1
            and _DIGEST.fullmatch(asked.digest) is not None
            and len(numbers) <= MOST_TOUCHED
            and len(set(numbers)) == len(numbers)
            and all(people >= 0 for _, people in asked.touched)
        )
        if not is_fit:
            return _BAD
        async with self._database.connection() as connection:
            names = await names_of_organisations(connection, numbers)
        if len(names) != len(numbers):
            return _BAD
        # Where nobody was touched, that is written down too: of no organisation.
        for number, people in asked.touched or ((0, 0),):
            if self._has(asked, number):
                # A command that is started again writes and tells nothing twice.
                continue
            self._trace.of_operator(
                asked.step,
                organisation=number,
                reason=f"{people} people",
                request=said_of(asked.incident, asked.version, asked.digest),
            )
            if number:
                who = "person" if people == 1 else "people"
                said = f"{STEPS[asked.step]}: {people} {who} of yours were reached."
                self._alarms.raise_to_all(
                    INCIDENT, (number,), detail=f"{said} Incident {asked.incident}."
                )
        return IncidentWritten(names=tuple(sorted(names.items())))

    def _has(self, asked: WriteIncident, organisation: int) -> bool:
        return any(
            (one.organisation, one.action, one.version, one.digest)
            == (organisation, asked.step, asked.version, asked.digest)
            for one in self._register.steps_about(asked.incident)
        )
