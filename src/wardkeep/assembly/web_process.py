# SPDX-License-Identifier: Apache-2.0
"""One worker of the web process: apps on the record store."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import AsyncIterator, Iterable

import msgspec
from starlette.types import ASGIApp

from wardkeep import apps
from wardkeep.assembly.configuration import load_settings
from wardkeep.assembly.database import WEB, address_for
from wardkeep.assembly.layout import Layout
from wardkeep.assembly.parent import end_with_parent
from wardkeep.assembly.schema import wait_for_schema
from wardkeep.assembly.web_server import END_STREAMS, PARENT
from wardkeep.base.clock import SystemClock
from wardkeep.base.settings import Settings
from wardkeep.db.changes import Ear
from wardkeep.db.connection import Database
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.arrivals.captures import Captures
from wardkeep.fhir.arrivals.corrections import Corrections
from wardkeep.fhir.arrivals.heard_kiosks import HeardKiosks
from wardkeep.fhir.arrivals.help_calls import HelpCalls
from wardkeep.fhir.bars.attention import Watching
from wardkeep.fhir.bars.directory import Directory
from wardkeep.fhir.bars.errors import as_partners_expect, coded_response
from wardkeep.fhir.bars.outgoing import Outbox
from wardkeep.fhir.bars.partners import Partners
from wardkeep.fhir.bars.questions import Questions
from wardkeep.fhir.bars.receiving import Receiver
from wardkeep.fhir.bars.rows import Arrivals
from wardkeep.fhir.cds.application import (
    MOST_BYTES as MOST_CDS_BYTES,
    PREFIX as CDS,
    CdsApplication,
)
from wardkeep.fhir.clinics.clinic import Clinic
from wardkeep.fhir.data_sets.reports import Reports
from wardkeep.fhir.depots.rows import DepotRows
from wardkeep.fhir.handover.handovers import Handovers
from wardkeep.fhir.letters.letters import Letters
from wardkeep.fhir.messages.messages import Messages
from wardkeep.fhir.mha.rows import SectionRows
from wardkeep.fhir.notes.drafts import NoteDrafts
from wardkeep.fhir.notes.reading import NoteReader
from wardkeep.fhir.oauth.cors import Cors, Origins
from wardkeep.fhir.oauth.endpoints import FOR_ALL, PREFIXES, OAuthEndpoints
from wardkeep.fhir.post.repeat_service import FhirRepeatCallers, RepeatCalling
from wardkeep.fhir.post.rows import PostRows
from wardkeep.fhir.prescriptions.schedules import Schedules
from wardkeep.fhir.questionnaires.shelf import Shelf
from wardkeep.fhir.referrals.hand_overs import HandOvers
from wardkeep.fhir.referrals.rows import ReferralRows
from wardkeep.fhir.referrals.teams import Teams
from wardkeep.fhir.rest import interactions
from wardkeep.fhir.rest.application import (
    PREFIX,
    PUBLIC_PATHS,
    FhirApplication,
    tell,
)
from wardkeep.fhir.rest.asking import MOST_BODY_BYTES
from wardkeep.fhir.rest.interaction import find_interactions
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.stock.rows import StockRows
from wardkeep.fhir.store.callers import Callers
from wardkeep.fhir.store.carrying import Carrier
from wardkeep.fhir.store.finding import Finder
from wardkeep.fhir.store.going_along import AlongReader
from wardkeep.fhir.store.listing import Lister
from wardkeep.fhir.store.note_reviews import NoteReviews
from wardkeep.fhir.store.parts import PartReader
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.retained import RetainedReader
from wardkeep.fhir.store.shared_listing import SharedLister
from wardkeep.fhir.store.standings import Standings
from wardkeep.fhir.store.taking_out import RecordTaker
from wardkeep.fhir.store.ways_in import WaysInKept
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.tasks.tasks import Tasks
from wardkeep.fhir.urgent.call_rows import CallRows
from wardkeep.fhir.urgent.figures.days import DayFigures
from wardkeep.fhir.urgent.figures.rows import FigureRows
from wardkeep.fhir.urgent.pds import PdsTracer
from wardkeep.fhir.urgent.queue_rows import QueueRows
from wardkeep.fhir.urgent.telephone.application import (
    PREFIX as TELEPHONE,
    TelephoneApplication,
)
from wardkeep.fhir.urgent.telephone.events import MOST_BYTES as MOST_TELEPHONE_BYTES
from wardkeep.fhir.urgent.telephone.rows import TelephoneRows
from wardkeep.fhir.urgent.telephone.seats import Seats
from wardkeep.fhir.urgent.telephone.taking import TelephoneEvents
from wardkeep.fhir.urgent.tracing import TracesNobody, Tracing
from wardkeep.fhir.wards.rows import WardRows
from wardkeep.scim.application import PREFIX as SCIM, ScimApplication
from wardkeep.web.application import Mount, application
from wardkeep.web.apps import FoundApp, find_apps
from wardkeep.web.connection import LittleUnsent
from wardkeep.web.hub import Hub
from wardkeep.web.lifespan import Lifespan
from wardkeep.web.logs import set_up_logs
from wardkeep.web.metrics import Metrics, serve_metrics
from wardkeep.web.services import Services
from wardkeep.web.site import Limits, Site

log = logging.getLogger(__name__)


def make_application() -> ASGIApp:
    """The application of one worker, put together when its server starts."""
    parent = os.environ.get(PARENT)
    if parent is not None:
        # A worker holds nothing that is worth an orderly end, and granian's handler
        # waits for a server that may not be up yet.
        end_with_parent(int(parent), signal.SIGKILL)
    settings = load_settings()
    set_up_logs(settings.log_level, process="web")
    return LittleUnsent(Lifespan(lambda: web_running(settings, Layout.of(settings))))


@contextlib.asynccontextmanager
async def web_running(
    settings: Settings, layout: Layout, found: Iterable[FoundApp] | None = None
) -> AsyncIterator[ASGIApp]:
    """Connections open, and the apps on them (all of ours), while the block lasts."""
    database = Database(
        address_for(settings, layout, WEB), size=settings.database_connections
    )
    await wait_for_schema(database)
    warden = WardenClient(layout.door_socket, asker="web")
    metrics = Metrics()
    clock = SystemClock()
    hub = Hub(clock)
    ear = Ear(address_for(settings, layout, WEB), heard=hub.hear, listens=hub.listen)
    port = (
        serve_metrics(metrics, settings.metrics_port) if settings.metrics_port else None
    )
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(END_STREAMS, hub.close_all)
    listening = (
        asyncio.create_task(ear.listen()),
        asyncio.create_task(hub.watch_sessions(warden)),
    )
    try:
        yield application(
            find_apps(apps) if found is None else found,
            services_on(database, warden).with_these(
                hub, tracing_by(settings), repeat_calling_by(settings)
            ),
            Site.of(settings),
            clock=clock,
            metrics=metrics,
            mounts=mounts_on(database, warden, settings),
        )
    finally:
        loop.remove_signal_handler(END_STREAMS)
        hub.close_all()
        for task in listening:
            task.cancel()
        await asyncio.wait(listening)
        if port is not None:
            port.close()
        await warden.close()
        await database.close()


def mounts_on(
    database: Database, warden: WardenClient, settings: Settings
) -> tuple[Mount, ...]:
    """The FHIR API, and where its programs sign in."""
    clock = SystemClock()
    base = f"{settings.public_origin}{PREFIX}"
    store, arrivals = Store.on(database, warden, clock=clock), Arrivals(database)
    receiver = Receiver(store, arrivals)
    api = FhirApplication(
        find_interactions(interactions),
        msgspec.structs.replace(store, messages=receiver.handlers),
        base=base,
        beforehand=Partners(arrivals).answer,
        afterwards=as_partners_expect,
    )
    origins = Origins(warden, clock=clock)
    oauth = Cors(
        OAuthEndpoints(warden, origin=settings.public_origin, clock=clock),
        origins,
        is_for_all=FOR_ALL.__contains__,
    )
    return (
        Mount(
            prefix=PREFIX,
            application=Cors(api, origins, is_for_all=PUBLIC_PATHS.__contains__),
            limits=_API_LIMITS,
            tell=lambda trouble, reference: coded_response(tell(trouble, reference)),
        ),
        *[
            Mount(prefix=prefix, application=oauth, limits=_SIGN_IN_LIMITS)
            for prefix in PREFIXES
        ],
        Mount(
            prefix=CDS,
            application=Cors(
                CdsApplication(store, origin=settings.public_origin),
                origins,
                is_for_all=frozenset[str]().__contains__,
            ),
            limits=_CDS_LIMITS,
            tell=tell,
        ),
        Mount(
            prefix=SCIM,
            application=ScimApplication(warden, origin=settings.public_origin),
            limits=_SIGN_IN_LIMITS,
        ),
        Mount(
            prefix=TELEPHONE,
            application=TelephoneApplication(
                warden, TelephoneEvents(database), clock=clock
            ),
            limits=Limits(body_bytes=MOST_TELEPHONE_BYTES),
        ),
    )


def tracing_by(settings: Settings) -> Tracing:
    """Who is asked who somebody is."""
    return Tracing(PdsTracer(settings.pds) if settings.pds else TracesNobody())


def repeat_calling_by(settings: Settings) -> RepeatCalling:
    """Who is asked whether somebody rang before."""
    address = settings.repeat_callers
    return RepeatCalling(FhirRepeatCallers(address) if address else None)


_API_LIMITS = Limits(body_bytes=MOST_BODY_BYTES, body_seconds=60.0, answer_seconds=60.0)
_CDS_LIMITS = Limits(body_bytes=MOST_CDS_BYTES)
_SIGN_IN_LIMITS = Limits(body_bytes=64 * 1024)


def services_on(database: Database, warden: WardenClient) -> Services:
    """What pages may use."""
    clock = SystemClock()
    reader = Reader(database, warden)
    writer = Writer(database, warden, clock=clock)
    return Services(
        database,
        warden,
        Finder(database, warden),
        Lister(database, warden),
        reader,
        PartReader(database, warden),
        Standings(database, warden),
        writer,
        RecordTaker(database, warden),
        Carrier(database, warden),
        AlongReader(database, warden),
        NoteDrafts(database, warden, clock=clock),
        NoteReader(database, warden),
        WaysInKept(database),
        Letters(reader, warden),
        Tasks(database, warden),
        Messages(database, warden),
        Handovers(database, warden),
        RetainedReader(database),
        Clinic.on(database, warden, reader, writer, clock=clock),
        HelpCalls(database),
        Corrections(database),
        Captures(database),
        HeardKiosks(database),
        Shelf(database, reader),
        ReferralRows(database),
        Outbox(database),
        Directory(database),
        Questions(database, clock=clock),
        Watching(database),
        Reports(database),
        HandOvers(database),
        Teams(database, warden),
        SectionRows(database),
        WardRows(database),
        DepotRows(database),
        CallRows(database),
        NoteReviews(database, warden),
        Callers(database, warden),
        Tracing(TracesNobody()),
        QueueRows(database),
        FigureRows(database),
        TelephoneRows(database),
        Seats(database),
        DayFigures(FigureRows(database), clock=clock),
        RepeatCalling(),
        PostRows(database),
        SharedLister(database, warden),
        StockRows(database),
        Schedules(database),
    )
