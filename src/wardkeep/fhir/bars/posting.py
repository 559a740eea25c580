# SPDX-License-Identifier: Apache-2.0
"""Opens a message of ours at the door, and makes it the request that a partner gets.

Whatever sends goes through here: each sending is an opening by the organisation's own
program, whose one scope is to read messages that are ready.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Refusal, SignedIn
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.questions import ClientSignIn
from wardkeep.fhir.bars.directory import named_fully
from wardkeep.fhir.bars.headers import Sent, headers_for
from wardkeep.fhir.bars.judging import Judged, Verdict
from wardkeep.fhir.bars.outgoing import TYPE, bundle_in
from wardkeep.fhir.bars.tokens import Keys, Post
from wardkeep.fhir.store.outcomes import NotFound, Opener
from wardkeep.fhir.store.program_reading import ProgramReader
from wardkeep.ledger.onward import request_of_sending

Json = dict[str, Any]


class OwnMessages:
    """Reads messages as the organisation's own program."""

    def __init__(self, database: Database, warden: WardenClient, keys: Keys) -> None:
        self._warden = warden
        self._reader = ProgramReader(database, warden)
        self._keys = keys

    async def opened(
        self, organisation: OrganisationId, communication: str, *, to: str
    ) -> bytes | Judged:
        """The message that lies in a Communication; or why it cannot go yet.

        The entry names `to`, the receiver: whatever leaves says to whom.
        """
        assertion = self._keys.own(organisation)
        if assertion is None:
            return Judged(Verdict.AGAIN, "no key")
        session = await self._warden.ask(ClientSignIn(assertion), SignedIn)
        if isinstance(session, Refusal):
            return Judged(Verdict.AGAIN, session.code)
        opener = Opener(
            session=session.token,
            organisation=organisation,
            request=request_of_sending(to),
        )
        found = await self._reader.one(TYPE, communication, opener=opener)
        if isinstance(found, Refusal):
            return Judged(Verdict.AGAIN, found.code)
        if isinstance(found, NotFound):
            return Judged(Verdict.NEVER, "message gone")
        return bundle_in(msgspec.json.decode(found.text, type=Json))


def receiver_in(row: Mapping[str, Any]) -> str:
    """The receiver of a row of `bars.outgoing`; empty where no partner is known."""
    if not row["name"]:
        return ""
    return named_fully(row["name"], service=row["service"], system=row["system"])


def message_post(row: Mapping[str, Any], body: bytes, *, token: str) -> Post:
    """To the partner of a row of `bars.outgoing`, with the row's ids each time."""
    sent = Sent(
        request=row["request"],
        correlation=row["message"],
        system=row["system"],
        service=row["service"],
    )
    named = {"resourceType": "Organization", "name": "Wardkeep"}
    headers = {
        **headers_for(sent, organisation=named, software="Wardkeep"),
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/fhir+json",
    }
    url = f"{row['endpoint'].rstrip('/')}/$process-message"
    return Post(url=url, body=body, headers=headers)
