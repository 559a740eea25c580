# SPDX-License-Identifier: Apache-2.0
"""The demonstration: made on the first start, kept on the next ones.

Two organisations, their people in every role, 400 fictional patients. What was begun
and not finished is finished by the next start: every step can be done again.
"""

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from wardkeep.assembly.demo import (
    DemoAccount,
    DemoOrganisation,
    calls as on_the_telephone,
    demo_accounts,
    demo_organisation_bundle,
    demo_organisations,
    demo_patients,
    demo_teams,
    depots,
)
from wardkeep.assembly.demo.clinic_day import brought_to_today, free_times
from wardkeep.assembly.demo.decision_support import contents_in_use
from wardkeep.assembly.demo.detained import plots, sections_of
from wardkeep.assembly.demo.doors import door_entries
from wardkeep.assembly.demo.formulary import formulary_entries
from wardkeep.assembly.demo.referrals import referrals_of
from wardkeep.assembly.demo.seeing import seen_entries
from wardkeep.assembly.demo.urgent_care import Calls, queue_entries
from wardkeep.assembly.demo.ward_day import Beds
from wardkeep.assembly.demo_partners import introduce
from wardkeep.assembly.demo_queue import fill_queues
from wardkeep.assembly.demo_stock import fill_shelves
from wardkeep.assembly.demo_surgeries import tell_surgeries
from wardkeep.assembly.demo_telephone import connect_telephone
from wardkeep.assembly.importing import Show, begin_import, load_paths
from wardkeep.assembly.layout import Layout
from wardkeep.base.clock import LONDON, SystemClock
from wardkeep.base.settings import Settings
from wardkeep.disclosure.answers import Accounts, Created, Done, Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.questions import (
    CreateAccount,
    CreateOrganisation,
    EndSession,
    Invite,
    ListAccounts,
    SetWork,
)

LINK_HOURS = 14 * 24.0
READY_FILE = "demonstration"
_MAKING = "Making {0.name} and its {0.patient_count} patients."
ROLES = {
    "receptionist": "receptionist",
    "ward nurse": "ward_nurse",
    "clinician": "doctor",
    "call taker": "health_advisor",
    "urgent care clinician": "urgent_care_clinician",
    "shift lead": "shift_lead",
    "carer": "carer",
    "care coordinator": "care_coordinator",
    "privacy officer": "privacy_officer",
    "administrator": "administrator",
}


def first_organisation(layout: Layout) -> str:
    """Short name of the demonstration's first organisation; empty without one."""
    is_there = (layout.data / READY_FILE).exists()
    return demo_organisations()[0].slug if is_there else ""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of the demonstration, and how they enrol."""

    organisation: str
    name: str
    role: str
    link: str
    """Empty for those who have a passkey already."""


class DemonstrationError(Exception):
    """The warden refused a step of the demonstration; the message has the mend."""


def make_demonstration(
    settings: Settings, layout: Layout, *, say: Callable[[str], None], show: Show
) -> list[Person]:
    """Make what is missing; a link for everyone who has no passkey yet."""
    return asyncio.run(_make(settings, layout, say=say, show=show))


async def _make(
    settings: Settings, layout: Layout, *, say: Callable[[str], None], show: Show
) -> list[Person]:
    warden = WardenClient(layout.operator_socket, asker="demo")
    try:
        people: list[Person] = []
        ready = layout.data / READY_FILE
        for organisation in demo_organisations():
            if not ready.exists():
                say(_MAKING.format(organisation))
                await _fill(settings, layout, warden, organisation, show)
            people += await _invite(settings, warden, organisation)
        await tell_surgeries(settings, layout)
        if not ready.exists():
            await introduce(settings, layout, warden, demo_organisations())
            refused = await connect_telephone(
                settings, layout, warden, demo_organisations()[0]
            )
            if refused is not None:
                raise DemonstrationError(f"{refused.why} {refused.mend}")
        ready.touch()
        return people
    finally:
        await warden.close()


async def _fill(
    settings: Settings,
    layout: Layout,
    warden: WardenClient,
    organisation: DemoOrganisation,
    show: Show,
) -> None:
    now = SystemClock().now()
    made = await warden.ask(
        CreateOrganisation(organisation.slug, organisation.name), Created
    )
    if isinstance(made, Refusal) and made.code != "already-there":
        raise DemonstrationError(f"{made.why} {made.mend}")
    with tempfile.TemporaryDirectory(prefix="wardkeep-demo-") as folder:
        _write_bundles(Path(folder), organisation, now)
        report = await load_paths(
            settings,
            layout,
            paths=[Path(folder)],
            organisation=organisation.slug,
            show=show,
        )
    if report.refused:
        raise DemonstrationError(str(report.refused[0]))
    ids = await _employ(warden, organisation)
    await _say_who_is_who(warden, organisation, ids)
    by = next((ids[one] for one in ids if "reception" in one), "")
    if by:
        opener, _ = await begin_import(warden, organisation.slug)
        served = opener.organisation
        await fill_queues(settings, layout, organisation=served, by=by, now=now)
        lead = next(
            (
                (ids[one.key], one.display_name)
                for one in demo_accounts(organisation)
                if one.role == "shift lead"
            ),
            None,
        )
        if lead is not None and organisation.kind == "hospital":
            await fill_shelves(
                settings,
                layout,
                warden,
                organisation,
                opener=opener,
                by=lead,
                clock=SystemClock(),
            )
        await warden.ask(EndSession(opener.session), Done)


def _write_bundles(folder: Path, organisation: DemoOrganisation, now: datetime) -> None:
    encode = msgspec.json.Encoder().encode
    today = now.astimezone(LONDON).date()
    first = demo_organisation_bundle(organisation)
    first["entry"] += free_times(organisation, now)
    beds = Beds(organisation, now)
    first["entry"] += beds.entries()
    first["entry"] += queue_entries(organisation)
    first["entry"] += seen_entries(organisation, now)
    first["entry"] += contents_in_use(organisation, today)
    first["entry"] += formulary_entries(organisation)
    first["entry"] += door_entries(organisation, now)
    calls = Calls(organisation, now)
    (folder / "0-organisation.json").write_bytes(encode(first))
    detained, on_depots = plots(), depots.plots()
    ringing = on_the_telephone.plots()
    for number, bundle in enumerate(demo_patients(organisation, today=today)):
        brought_to_today(bundle, number, now)
        bundle["entry"] += referrals_of(organisation, bundle, number, now)
        if organisation.kind == "hospital":
            bundle["entry"] += sections_of(organisation, bundle, detained, now)
            bundle["entry"] += depots.depots_of(organisation, bundle, on_depots, now)
        bundle["entry"] += on_the_telephone.calls_of(organisation, bundle, ringing, now)
        bundle["entry"] += beds.put(bundle)
        bundle["entry"] += calls.of(bundle, number)
        (folder / f"patient-{number:03d}.json").write_bytes(encode(bundle))


async def _listed(
    warden: WardenClient, organisation: DemoOrganisation
) -> dict[str, tuple[str, int]]:
    """Account id and number of passkeys, by display name."""
    found = await warden.ask(ListAccounts(organisation.slug), Accounts)
    if isinstance(found, Refusal):
        raise DemonstrationError(f"{found.why} {found.mend}")
    return {one.display_name: (one.account, one.passkeys) for one in found.accounts}


async def _employ(
    warden: WardenClient, organisation: DemoOrganisation
) -> dict[str, str]:
    """Account ids by the demo's own keys."""
    known = await _listed(warden, organisation)
    ids: dict[str, str] = {}
    for account in demo_accounts(organisation):
        if account.display_name in known:
            ids[account.key] = known[account.display_name][0]
            continue
        made = await warden.ask(
            CreateAccount(organisation.slug, account.display_name, ROLES[account.role]),
            Created,
        )
        if isinstance(made, Refusal):
            raise DemonstrationError(f"{made.why} {made.mend}")
        ids[account.key] = made.id
    return ids


async def _say_who_is_who(
    warden: WardenClient, organisation: DemoOrganisation, ids: dict[str, str]
) -> None:
    asked = SetWork(
        organisation.slug,
        tuple((ids[one.key], one.references) for one in demo_accounts(organisation)),
        tuple(
            (one.name, one.places, tuple(ids[key] for key in one.members))
            for one in demo_teams(organisation)
        ),
    )
    done = await warden.ask(asked, Done)
    if isinstance(done, Refusal):
        raise DemonstrationError(f"{done.why} {done.mend}")


async def _invite(
    settings: Settings, warden: WardenClient, organisation: DemoOrganisation
) -> list[Person]:
    known = await _listed(warden, organisation)
    people = []
    for account in _one_a_role(demo_accounts(organisation)):
        id_, passkeys = known[account.display_name]
        link = ""
        if not passkeys:
            made = await warden.ask(Invite(id_, LINK_HOURS), Created)
            if isinstance(made, Refusal):
                raise DemonstrationError(f"{made.why} {made.mend}")
            link = f"{settings.public_origin}/enrol/{made.id}"
        people.append(
            Person(
                organisation=organisation.name,
                name=account.display_name,
                role=account.role,
                link=link,
            )
        )
    return people


def _one_a_role(accounts: tuple[DemoAccount, ...]) -> Iterator[DemoAccount]:
    """The first of each role; the others are invited with `wardkeep account link`."""
    seen: set[str] = set()
    for account in accounts:
        if account.role not in seen:
            seen.add(account.role)
            yield account
