# SPDX-License-Identifier: Apache-2.0
"""Takes requests for an ambulance to the partner who sends them, as messages.

The partner's answer is the acknowledgement. What is sent again has the same ids, so a
receiver that has it says so: 409 with `duplicate` is success. The partner's token is
asked for first: where it gives none, nobody is opened for nothing.
"""

import logging
from collections.abc import Mapping
from typing import Any

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.bars.ambulance_request import as_asked, short_of
from wardkeep.fhir.bars.judging import Judged, Verdict, judged
from wardkeep.fhir.bars.posting import OwnMessages, message_post, receiver_in
from wardkeep.fhir.bars.tokens import Ask, Keys, Post, beside, token_at
from wardkeep.fhir.urgent.dispatching import Came, Dispatcher, Receipt, Request

log = logging.getLogger(__name__)
Json = dict[str, Any]
_ROW = """
select o.message, o.request, o.communication, o.answer, o.there, w.name,
       w.system, w.service, w.endpoint, w.token_url, w.client,
       e.skill <> 'ambulance' as is_reserve
  from bars.outgoing as o
  join bars.partner as w on w.organisation = o.organisation and w.service = o.partner
  join urgent.entry as e on e.organisation = o.organisation and e.entry = o.entry
 where o.organisation = $1 and o.message = $2 and o.entry = $3
   and o.sort = 'ambulance'
"""


class _Made(msgspec.Struct, frozen=True):
    row: Mapping[str, Any]
    post: Post


class ByMessage:
    """To a partner, where a message was made ready; else as it went before."""

    def __init__(
        self,
        database: Database,
        warden: WardenClient,
        *,
        keys: Keys,
        ask: Ask,
        at_once: int,
        otherwise: Dispatcher,
    ) -> None:
        """`at_once` requests wait for a partner in threads of their own."""
        self._database = database
        self._own = OwnMessages(database, warden, keys)
        self._keys = keys
        self._ask = beside(ask, at_once=at_once, name="ambulance")
        self._otherwise = otherwise

    async def send(self, request: Request) -> Receipt:
        if not request.message:
            return await self._otherwise.send(request)
        try:
            made = await self._made(request)
        except Exception as error:  # noqa: BLE001 - the next attempt is due in seconds
            # The class alone: an error's words may repeat what it failed on.
            log.warning("an ambulance was not sent: %s", type(error).__name__)
            return Receipt(came=Came.NOT_SENT, code="failed here")
        if isinstance(made, Receipt):
            return made
        reply = await self._ask(made.post)
        return _told(made.row, judged(reply.status, reply.body))

    async def _made(self, request: Request) -> _Made | Receipt:
        """The one request to the partner; or why there is none now."""
        organisation = OrganisationId(request.organisation)
        async with self._database.connection(organisation) as connection:
            values = (organisation, request.message, request.entry)
            row = await connection.fetch_row(_ROW, *values)
        if row is None:
            return Receipt(came=Came.NOT_SENT, code="no address")
        if row["answer"]:
            # Whoever has answered it has it, whatever became of the first answer.
            return _known(row, row["there"])
        token = await token_at(
            self._keys,
            self._ask,
            organisation,
            client=row["client"],
            url=row["token_url"],
        )
        if not token:
            return Receipt(came=Came.NOT_SENT, code="no token")
        to = receiver_in(row)
        body = await self._own.opened(organisation, row["communication"], to=to)
        if isinstance(body, Judged):
            is_gone = body.verdict is Verdict.NEVER
            came = Came.REFUSED if is_gone else Came.NOT_SENT
            return Receipt(came=came, code=body.code)
        if row["is_reserve"]:
            bundle = msgspec.json.decode(body, type=Json)
            asked = as_asked(bundle, request.category, request.asked_at)
            body = msgspec.json.encode(asked)
        return _Made(row, message_post(row, body, token=token))


def _told(row: Mapping[str, Any], found: Judged) -> Receipt:
    match found.verdict:
        case Verdict.DONE:
            return _known(row, found.there, code=found.code)
        case Verdict.NEVER:
            return Receipt(came=Came.REFUSED, code=found.code)
        case Verdict.AGAIN:
            return Receipt(came=Came.UNCLEAR, code=found.code)


def _known(row: Mapping[str, Any], there: str, *, code: str = "") -> Receipt:
    """Their reference; where their answer was lost, the number that we gave it."""
    reference = short_of(there) if there else f"{short_of(row['message'])} (ours)"
    return Receipt(came=Came.ACKNOWLEDGED, reference=reference, there=there, code=code)
