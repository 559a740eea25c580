# SPDX-License-Identifier: Apache-2.0
"""The operator's desk for identity providers: adding, listing and ending them."""

import asyncio

from wardkeep.base.clock import Clock
from wardkeep.base.ids import new_uuid
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.federation import (
    AddProvider,
    EndProvider,
    ListProviders,
    Providers,
)
from wardkeep.identity import accounts, providers
from wardkeep.identity.assurance import KINDS
from wardkeep.identity.factor import FactorRefused
from wardkeep.identity.outside import fault_of_server
from wardkeep.identity.providers import ProviderRow
from wardkeep.warden.service.admission import Admission
from wardkeep.warden.service.app_office import NO_SUCH_ORGANISATION
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.federation import NO_SUCH_PROVIDER
from wardkeep.warden.service.known_providers import KnownProviders, view_of
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Sessions

LONGEST = 200


class ProviderOffice:
    """Answers the operator about identity providers."""

    def __init__(
        self,
        *,
        database: Database,
        sessions: Sessions,
        known: KnownProviders,
        admission: Admission,
        trace: Trace,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._known = known
        self._admission = admission
        self._trace = trace
        self._clock = clock
        self.desk = Desk(
            at_once={ListProviders: self._list},
            later={AddProvider: self._add, EndProvider: self._end},
        )

    def _list(self, _asked: ListProviders) -> Answer:
        return Providers(tuple(self._known.views()))

    async def _add(self, asked: AddProvider) -> Answer:
        wrong = _fault_in(asked)
        if wrong is not None:
            return wrong
        async with self._database.connection() as connection:
            found = await accounts.find_organisation(connection, asked.organisation)
        if found is None:
            return NO_SUCH_ORGANISATION
        id_ = new_uuid()
        # In a thread: the root key may be in a device or a service elsewhere.
        wrapped, sealed = await asyncio.to_thread(self._known.seal_new_key, id_)
        row = ProviderRow(
            id=id_,
            organisation=found.number,
            organisation_name=found.name,
            organisation_slug=found.slug,
            kind=asked.kind,
            name=asked.name.strip(),
            issuer=asked.issuer,
            client_id=asked.client_id,
            wrapped_key=wrapped,
            sealed_private_key=sealed,
        )
        client = await asyncio.to_thread(self._known.make, row)
        told = await client.discover()
        if isinstance(told, FactorRefused):
            client.close()
            return Refusal(
                code="provider-unreachable",
                why=f"What {asked.issuer} publishes of itself could not be read"
                f" ({told.code}).",
                mend="Write the issuer exactly as its discovery document does.",
            )
        async with self._database.connection() as connection:
            await providers.add_provider(connection, row, clock=self._clock)
        client.close()
        added = await asyncio.to_thread(self._known.add, row)
        self._trace.of_operator(
            "add-identity-provider",
            organisation=row.organisation,
            reason=f"provider {row.id}",
        )
        return Providers((view_of(added),))

    async def _end(self, asked: EndProvider) -> Answer:
        client = self._known.end(asked.provider)
        if client is None:
            return NO_SUCH_PROVIDER
        async with self._database.transaction() as connection:
            await providers.end_provider(connection, client.row.id, clock=self._clock)
        live = [
            one
            for one in self._sessions.live()
            if one.elsewhere is not None and one.elsewhere.provider == client.row.id
        ]
        await self._admission.end(live, why="identity provider ended")
        self._trace.of_operator(
            "end-identity-provider",
            organisation=client.row.organisation,
            reason=f"provider {client.row.id}",
        )
        return Done()


def _fault_in(asked: AddProvider) -> Refusal | None:
    if asked.kind not in KINDS:
        kinds = ", ".join(KINDS)
        return Refusal("bad-kind", f"The kinds are {kinds}.", "Name one of them.")
    texts = (asked.name.strip(), asked.issuer, asked.client_id)
    if not all(0 < len(one) <= LONGEST for one in texts):
        why = f"Name, issuer and client id have 1 to {LONGEST} characters each."
        return Refusal("bad-provider", why, "Write all three.")
    fault = fault_of_server(asked.issuer)
    if fault:
        why = f"The issuer will not do: {fault}."
        return Refusal("bad-issuer", why, "Write the address that it publishes.")
    return None
