# SPDX-License-Identifier: Apache-2.0
"""Two organisations of one installation that send each other messages, over HTTP.

North is a call centre; Fernhill has a front door. Each has its own sending program, its
own key at the other, and an entry for each opening.
"""

import asyncio
import json
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from support.partners import (
    FERNHILL,
    NORTH,
    SERVICE,
    booking,
    found_service,
    partner,
    person,
    send,
)
from support.program import Program, Reply
from support.served import Served
from wardkeep.assembly.database import WEB, address_for
from wardkeep.assembly.partners import KeyFolder
from wardkeep.base.clock import SystemClock
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database, connect
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.bars.building import Content, answer_message, referral_message
from wardkeep.fhir.bars.codes import Reason
from wardkeep.fhir.bars.outgoing import Sort, Standing, queued, standing_of
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import (
    AlreadyThere,
    Conflict,
    Invalid,
    Opener,
    Written,
)
from wardkeep.fhir.store.writing import Writer

Json = dict[str, Any]
CASE = {
    "resourceType": "Encounter",
    "id": "case-1",
    "status": "in-progress",
    "class": {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
        "code": "VR",
    },
    "subject": {"reference": "Patient/caller"},
    "period": {"start": "2026-11-29T15:00:00Z"},
}
REQUEST = {
    "resourceType": "ServiceRequest",
    "id": "outcome-1",
    "status": "active",
    "intent": "order",
    "priority": "urgent",
    "code": {"text": "Emergency department, within one hour"},
    "occurrencePeriod": {
        "start": "2026-11-29T15:00:00Z",
        "end": "2026-11-29T16:00:00Z",
    },
    "subject": {"reference": "Patient/caller"},
    "encounter": {"reference": "Encounter/case-1"},
    "requester": {"reference": "Practitioner/mine"},
}
Outcome = Written | Refusal | Conflict | Invalid | AlreadyThere


class TwoSites:
    """North (1) and Fernhill (2), introduced to each other by the operator."""

    def __init__(
        self, stack: Served, folder: Path, *, endpoint: str = "", token_url: str = ""
    ) -> None:
        self.stack, self.folder = stack, folder / "others"
        self.folder.mkdir()
        stack.found("north")
        stack.found("fernhill")
        self.north = Program(stack, folder, organisation="north")
        self.fernhill = Program(stack, folder, organisation="fernhill")
        found_service(self.fernhill)
        self.fernhill_at_north = self._introduced(folder, "fernhill", to="north")
        self.north_at_fernhill = self._introduced(folder, "north", to="fernhill")
        here = f"{stack.origin}/fhir", f"{stack.origin}/oauth/token"
        self.points_at(endpoint or here[0], token_url or here[1])
        stack.command(
            *("partner", "add", "--organisation", "fernhill"),
            *("--service", NORTH.service, "--name", NORTH.name),
            *("--endpoint", here[0], "--token-url", here[1]),
            *("--client", self.fernhill_at_north, "--account", self.north_at_fernhill),
        )
        self.north.put({**person(), "id": "caller"})
        self.north.put(CASE)
        self.north.put(REQUEST)

    def _introduced(self, folder: Path, who: str, *, to: str) -> str:
        """The client id that one has at the other."""
        jwks = self.stack.command("partner", "begin", "--organisation", who)
        path = folder / f"{who}.jwks.json"
        path.write_text(jwks)
        said = self.stack.command(
            *("partner", "register", "--organisation", to, "--name", who.title()),
            *("--jwks", str(path), "--json"),
        )
        return str(json.loads(said)["client_id"])

    def points_at(
        self,
        endpoint: str,
        token_url: str,
        *,
        service: str = SERVICE,
        name: str = FERNHILL.name,
        more: tuple[str, ...] = (),
    ) -> None:
        """Where North sends to."""
        self.stack.command(
            *("partner", "add", "--organisation", "north"),
            *("--service", service, "--name", name),
            *("--endpoint", endpoint, "--token-url", token_url),
            *("--client", self.north_at_fernhill, "--account", self.fernhill_at_north),
            *more,
        )

    def books(self, slot: str, number: str) -> Reply:
        """Somebody else books a slot at Fernhill, by message."""
        there = self.fernhill.get(f"Slot/{slot}").json
        other = partner(self.stack, self.folder, organisation="fernhill")
        with closing(other):
            made = booking(slot, there["start"], there["end"], patient=person(number))
            return send(other, made)

    def refers(
        self,
        about: str = "outcome-1",
        *,
        answer_by: datetime | None = None,
        update: Standing | None = None,
    ) -> Outcome:
        """North has the caller referred; or withdraws what it referred."""
        is_over = update is not None
        content = Content(
            request={**REQUEST, "status": "revoked" if is_over else "active"},
            patient=person(),
            encounter=CASE,
            summary="Palpitations since noon.",
        )
        bundle = referral_message(
            content,
            sender=NORTH,
            receiver=FERNHILL,
            reason=Reason.UPDATE if update else Reason.NEW,
            there=update.there if update else "",
            first=update.message if update else "",
            is_validation=answer_by is not None,
            now=SystemClock().now(),
        )
        kind = Sort.VALIDATION if answer_by else Sort.REFERRAL
        return self._asks_for(
            self.north,
            bundle,
            "caller",
            about,
            SERVICE,
            answer_by=answer_by,
            kind=Sort.WITHDRAWAL if update else kind,
            follows=update.message if update else "",
        )

    def answering(self) -> Program:
        """Fernhill's own program, signed in at North: as its worker answers."""
        made = self.north.twin(self.stack)
        origin = self.stack.settings.public_origin
        keys = KeyFolder(self.stack.layout, origin=origin)
        url = f"{self.stack.origin}/oauth/token"
        said = keys.at(OrganisationId(2), client=self.fernhill_at_north, url=url)
        assert said is not None
        made.token = made.ask_for_token(said).json["access_token"]
        return made

    def ambulance(self, entry: str) -> str | None:
        """The category of an ambulance that North asked for; None: of none."""

        async def look() -> str | None:
            address = address_for(self.stack.settings, self.stack.layout, WEB)
            connection = await connect(address)
            try:
                await connection.serve(OrganisationId(1))
                sql = "select category from urgent.dispatch where entry = $1"
                found: str | None = await connection.fetch_value(sql, entry)
            finally:
                await connection.close()
            return found

        return asyncio.run(look())

    def answers(self, patient: str, request: Json, *, is_interim: bool) -> Outcome:
        """Fernhill says what came of it."""
        named = [
            one["value"] for one in request["identifier"] if "bars" in one["system"]
        ]
        bundle = self.answer_of(named[0], request, is_interim=is_interim)
        return self._asks_for(
            self.fernhill, bundle, patient, request["id"], NORTH.service
        )

    @staticmethod
    def answer_of(message: str, request: Json, *, is_interim: bool = False) -> Json:
        """Fernhill's answer to a message, as it leaves."""
        return answer_message(
            message,
            request=request,
            case=CASE,
            patient=person(),
            encounter={**CASE, "status": "finished"},
            summary="Went home with advice.",
            sender=FERNHILL,
            receiver=NORTH,
            is_interim=is_interim,
            now=SystemClock().now(),
        )

    def _asks_for(  # noqa: PLR0913 - a message is asked for with this much
        self,
        program: Program,
        bundle: Json,
        patient: str,
        about: str,
        service: str,
        *,
        answer_by: datetime | None = None,
        kind: Sort | None = None,
        follows: str = "",
    ) -> Outcome:
        async def write() -> Outcome:
            layout = self.stack.layout
            database = Database(address_for(self.stack.settings, layout, WEB), size=2)
            warden = WardenClient(layout.door_socket, asker="test")
            organisation = OrganisationId(int(program.token.partition(".")[0]))
            try:
                clock = SystemClock()
                wanted = queued(
                    bundle,
                    organisation=organisation,
                    patient=patient,
                    about=about,
                    partner=service,
                    author=Person("", "Marcy Example"),
                    now=clock.now(),
                    answer_by=answer_by,
                    kind=kind,
                    follows=follows,
                )
                change = Change(
                    drafts=[wanted.draft], expected=[0], beside=wanted.beside
                )
                writer = Writer(database, warden, clock=clock)
                opener = Opener(session=program.token, organisation=organisation)
                return await writer.write(change, opener=opener)
            finally:
                await warden.close()
                await database.close()

        return asyncio.run(write())

    def standing(
        self, about: str = "outcome-1", *, of: int = 1
    ) -> tuple[Standing, ...]:
        """How far the messages about a referral are, of North (1) or Fernhill (2)."""

        async def look() -> tuple[Standing, ...]:
            address = address_for(self.stack.settings, self.stack.layout, WEB)
            connection = await connect(address)
            try:
                await connection.serve(OrganisationId(of))
                return await standing_of(connection, OrganisationId(of), about)
            finally:
                await connection.close()

        return asyncio.run(look())

    def states(self, about: str = "outcome-1", *, of: int = 1) -> list[str]:
        return [one.state for one in self.standing(about, of=of)]

    def close(self) -> None:
        self.north.close()
        self.fernhill.close()
