# SPDX-License-Identifier: Apache-2.0
"""What interactions work with: the record store's parts, and the site's own name."""

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.db.connection import Database
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.audit.reading import LedgerReader
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.cursor import Signers
from wardkeep.fhir.rest.sessions import Sessions
from wardkeep.fhir.store.including import Includer
from wardkeep.fhir.store.program_reading import ProgramReader
from wardkeep.fhir.store.searching import Searcher
from wardkeep.fhir.store.whole_record import RecordReader
from wardkeep.fhir.store.writing import Writer

SERVER = "Wardkeep"
"""What AuditEvents call this server."""
MessageHandler = Callable[[Asking, Resource], Awaitable[Answer]]


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """Handed to every handler."""

    warden: WardenClient
    reader: ProgramReader
    searcher: Searcher
    includer: Includer
    writer: Writer
    records: RecordReader
    ledger: LedgerReader
    signers: Signers
    sessions: Sessions
    clock: Clock
    messages: Mapping[tuple[str, str], MessageHandler] = {}
    """What handles messages, by the (system, code) of their event; apps add theirs."""

    @classmethod
    def on(cls, database: Database, warden: WardenClient, *, clock: Clock) -> "Store":
        """The store of one web process."""
        reader = ProgramReader(database, warden)
        searcher = Searcher(database, warden, clock=clock)
        return cls(
            warden=warden,
            reader=reader,
            searcher=searcher,
            includer=Includer(reader, searcher),
            writer=Writer(database, warden, clock=clock, must_patients_exist=False),
            records=RecordReader(database, warden),
            ledger=LedgerReader(warden, name=SERVER),
            signers=Signers(warden, clock=clock),
            sessions=Sessions(warden, clock=clock),
            clock=clock,
        )
