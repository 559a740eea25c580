# SPDX-License-Identifier: Apache-2.0
"""Canaries half a year later: refreshed, they grew as patients do; else they show."""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import msgspec
import pytest

from support.all_records import Records, ids, is_of_no_work, opened
from support.command import command
from support.likeness import Features, features_of, regression, scatter, stumps
from support.openings import code_of
from support.warden import Installation, RunningWarden, forget_ledger, running_warden
from wardkeep.assembly.aging import refresh
from wardkeep.assembly.database import WEB, address_for
from wardkeep.assembly.demo import (
    demo_organisation_bundle,
    demo_organisations,
    demo_patients,
    nobodies,
)
from wardkeep.assembly.drills.programs import stolen_program
from wardkeep.assembly.importing import load_paths
from wardkeep.assembly.planting import DatedLike, plant
from wardkeep.base.clock import FrozenClock, SystemClock
from wardkeep.base.ids import OrganisationId, new_uuid
from wardkeep.base.nhs_number import SYSTEM, nth_test_number
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import NewKeys, Refusal
from wardkeep.disclosure.canaries import (
    AgeCanaries,
    AgingCanaries,
    CanaryCounts,
    PlantCanaries,
)
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import Disclose, ForWork, Item, NewPatientKeys
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import Opener, Written
from wardkeep.fhir.store.writing import Writer

PATIENTS, CANARIES = 240, 90
BOUND = 4.5
"""Standard deviations of chance, as in test_canary_likeness.py."""
MONTHS = timedelta(days=182)
HAVE_NEWS = 0.6
"""Of the people whom no work concerns: so many have something new in half a year."""
GROWS = ("Observation", "DocumentReference", "Immunization")


class Grown(NamedTuple):
    """Features of both kinds, before and after the refreshing."""

    before: tuple[list[Features], list[Features]]
    after: tuple[list[Features], list[Features]]
    written: int
    by_web: set[str]
    """Actions by which the ledger names canaries."""


@pytest.fixture(autouse=True)
def _ledger_of_its_own(installation: Installation) -> Iterator[None]:
    forget_ledger(installation)
    yield
    # It is half a year ahead of every other test.
    forget_ledger(installation)


@pytest.fixture
async def grown(installation: Installation, tmp_path: Path) -> Grown:
    hospital = msgspec.structs.replace(demo_organisations()[0], patient_count=PATIENTS)
    real, nobody = tmp_path / "real", tmp_path / "nobody"
    for folder in (real, nobody):
        folder.mkdir()
    bundle = msgspec.json.encode(demo_organisation_bundle(hospital))
    (real / "0-organisation.json").write_bytes(bundle)
    today = SystemClock().now().date()
    stories = list(demo_patients(hospital, today=today))
    for n, one in enumerate(stories):
        (real / f"{n}.json").write_bytes(msgspec.json.encode(one))
    for n, text in enumerate(islice(nobodies(hospital, today=today), CANARIES)):
        (nobody / f"{n}.json").write_bytes(text)
    settings, layout = installation.settings, installation.layout
    async with running_warden(installation) as warden:
        number = await warden.organisation(hospital.slug)
        report = await load_paths(
            settings,
            layout,
            paths=[real],
            organisation=hospital.slug,
            show=lambda **_: None,
        )
        assert report.refused == []
        people = await ids(installation, number)
        await plant(settings, layout, organisation=hospital.slug, paths=[nobody])
        records = await opened(warden, number)
        quiet = [one for one in people if is_of_no_work(records[one][0])]
        await _months_pass(warden, number, quiet, stories)
    later = FrozenClock(SystemClock().now() + MONTHS)
    async with running_warden(installation, clock=later) as warden:
        before = kinds(await opened(warden, number), people)
        made = await refresh(settings, layout, organisation=hospital.slug)
        records = await opened(warden, number)
        assert made.canaries == CANARIES
        assert made.unmatched == 0, "what grows is what nobodies have to spare"
        nobodies_ids = records.keys() - people
        actions = {
            entry.action
            for entry in warden.entries()
            for one in entry.subjects
            if one.patient in nobodies_ids and entry.purpose
        }
        # Asked again at once, there is nothing to add
        again = await refresh(settings, layout, organisation=hospital.slug)
        assert again.written == 0
        return Grown(before, kinds(records, people), made.written, actions)


def kinds(records: Records, people: set[str]) -> tuple[list[Features], list[Features]]:
    """Of the canaries, and of the patients whom no work concerns."""
    return (
        [features_of(*records[one]) for one in records if one not in people],
        [
            features_of(*records[one])
            for one in people
            if is_of_no_work(records[one][0])
        ],
    )


async def _months_pass(
    warden: RunningWarden,
    number: int,
    quiet: list[str],
    stories: Sequence[Mapping[str, Any]],
) -> None:
    """A feed writes a little into some records, as surgeries and laboratories do."""
    installation = warden.installation
    ground: Any = SimpleNamespace(
        operator=warden.operator, door=warden.door, settings=installation.settings
    )
    token = await stolen_program(
        ground,
        scope="system/*.cruds",
        patients_per_hour=10_000,
        organisation=demo_organisations()[0].slug,
    )
    opener = Opener(session=token, organisation=OrganisationId(number))
    database = Database(
        address_for(installation.settings, installation.layout, WEB), size=1
    )
    clock = DatedLike()
    writer = Writer(database, warden.door, clock=clock)
    news = _news(stories)
    began, seconds = SystemClock().now(), int(MONTHS.total_seconds())
    for patient in quiet:
        if secrets.randbelow(100) >= 100 * HAVE_NEWS:
            continue
        for _ in range(1 + secrets.randbelow(3)):
            at = began + timedelta(seconds=secrets.randbelow(seconds))
            clock.moment = at
            drafts = [
                draft_of(resource, str(resource.content["id"]))
                for _ in range(1 + secrets.randbelow(4))
                if isinstance(resource := _new(next(news), patient, at), Resource)
            ]
            change = Change(drafts=drafts, expected=[0] * len(drafts))
            assert isinstance(await writer.write(change, opener=opener), Written)
    await database.close()


def _news(stories: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Resources like those of the demonstration, in no order, again and again."""
    found = [
        entry["resource"]
        for story in stories
        for entry in story["entry"]
        if entry["resource"]["resourceType"] in GROWS
    ]
    while True:
        yield secrets.choice(found)


def _new(like: dict[str, Any], patient: str, at: datetime) -> object:
    """Another one like it, of this patient, about an hour before it is written."""
    seen = (at - timedelta(hours=1)).astimezone(UTC).isoformat(timespec="seconds")
    who = {"reference": f"Patient/{patient}"}
    dated = {
        "Observation": {"effectiveDateTime": seen, "subject": who},
        "DocumentReference": {"date": seen, "subject": who},
        "Immunization": {"occurrenceDateTime": seen, "patient": who},
    }[like["resourceType"]]
    dropped = ("encounter", "context", "performer", "author", "custodian", "hasMember")
    bare = {key: value for key, value in like.items() if key not in dropped}
    return parse(msgspec.json.encode({**bare, **dated, "id": new_uuid()}))


def told_apart(kinds_: tuple[list[Features], list[Features]]) -> dict[str, float]:
    canaries, others = kinds_
    bound = BOUND * scatter(len(canaries), len(others))
    found = {
        name: round(area, 3)
        for name, area in stumps(canaries, others).items()
        if abs(area - 0.5) > bound
    }
    area = regression(canaries, others)
    return found | ({"regression": area} if abs(area - 0.5) > bound else {})


async def test_half_a_year_later_refreshed_canaries_are_told_from_no_patient(
    grown: Grown,
) -> None:
    # Without it they stand out: whoever sorts by the last writing has them.
    assert {"last updated", "regression"} <= told_apart(grown.before).keys()
    assert told_apart(grown.after) == {}
    assert grown.written > CANARIES
    # The web process was asked nothing: an import wrote.
    assert grown.by_web == {"write"}


async def test_an_import_adds_to_canaries_that_were_named_to_it_and_opens_nobody(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        warden.home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(warden.home)
        session = await warden.import_session(warden.home)
        named = ("real", f"nobody-{secrets.token_hex(4)}")
        await _plant(warden, named[1])
        made = await warden.operator.ask(NewPatientKeys(session, named), NewKeys)
        assert isinstance(made, NewKeys), made
        real, trap = (
            Item(one.patient, Tier.RECORD, one.wrapped[1], (("Flag", "f", 1),))
            for one in made.patients
        )
        assert await _adds(warden, session, trap) == "not-understood"
        given = await warden.operator.ask(AgeCanaries(session), AgingCanaries)
        assert isinstance(given, AgingCanaries), given
        # What patients got before it was planted is nothing that it lacks
        [(aged, since)] = given.patients
        assert (aged, 0 < since <= given.until) == (trap.patient, True)
        assert await _adds(warden, session, trap) == ""
        assert await _adds(warden, session, real) == "not-understood"
        assert await _adds(warden, session, real, trap) == "not-understood"
        for action in (Action.READ, Action.DELETE, Action.COPY):
            assert await _adds(warden, session, trap, action=action) == "not-understood"
        sealed = msgspec.structs.replace(trap, tier=Tier.SEALED)
        assert await _adds(warden, session, sealed) != ""
        # Another import has nothing of it, and is told when it was done before
        other = await warden.import_session(warden.home)
        assert await _adds(warden, other, trap) == "not-understood"
        asked = AgeCanaries(other)
        given = await warden.operator.ask(asked, AgingCanaries)
        assert isinstance(given, AgingCanaries)
        assert given.patients[0][1] > since
        # Nor does the door's socket let an import add to a patient
        write = Disclose(session, Purpose.IMPORT, "", Action.WRITE, (real,))
        assert code_of(await warden.door.ask_any(write)) == "role-does-not-reach"
        assert code_of(await warden.door.ask_any(asked)) == "not-understood"


async def _plant(warden: RunningWarden, patient: str) -> None:
    asked = PlantCanaries(warden.home, (patient,))
    assert isinstance(await warden.operator.ask(asked, CanaryCounts), CanaryCounts)


async def _adds(
    warden: RunningWarden, session: str, *items: Item, action: Action = Action.WRITE
) -> str:
    """The refusal's code; empty where it is granted."""
    asked = Disclose(session, Purpose.IMPORT, "", action, items)
    given = await warden.operator.ask_any(ForWork(asked, ()))
    return given.code if isinstance(given, Refusal) else ""


async def test_elsewhere_the_command_takes_what_is_spare_from_files(
    installation: Installation, tmp_path: Path
) -> None:
    async with running_warden(installation) as warden:
        warden.home = f"org-{secrets.token_hex(4)}"
        number = await warden.organisation(warden.home)
        where = ("--organisation", warden.home)
        ended, told = await command(warden, "canary", "refresh", *where)
        assert (ended, told) == (0, "0 entries were added to 0 canaries.\n")
        real, nobody = tmp_path / "real", tmp_path / "nobody"
        write(real, person("ASHDOWN", 300))
        write(nobody, person("NOBODY", 301))
        loaded = await command(warden, "import", str(real), *where)
        assert loaded[0] == 0, loaded
        people = await ids(installation, number)
        planted = await command(warden, "canary", "plant", str(nobody), *where)
        assert planted[0] == 0, planted
        await _one_more(warden, number, *people)
        spare = tmp_path / "spare"
        write(spare, person("SPARE", 302, pulse("SPARE is well"), pulse("well")))
        refreshed = ("canary", "refresh", str(spare), *where, "--json")
        ended, told = await command(warden, *refreshed)
        assert json.loads(told) == {"canaries": 1, "written": 1, "unmatched": 1}
        grew_alike(await opened(warden, number), *people)
        broken = tmp_path / "broken"
        broken.mkdir()
        (broken / "0.json").write_text("{")
        ended, told = await command(warden, "canary", "refresh", str(broken), *where)
        assert (ended, "0.json" in told) == (1, True), told


def grew_alike(records: Records, patient: str) -> None:
    """At the moment, and of the day, of the patient's own."""
    [trap] = records.keys() - {patient}
    [added] = [one for one in records[trap][0] if one["resourceType"] != "Patient"]
    assert added["note"] == [{"text": "well"}]
    assert added["subject"] == {"reference": f"Patient/{trap}"}
    [like] = [one for one in records[patient][0] if one["id"] == "its-pulse"]
    assert added["effectiveDateTime"] == like["effectiveDateTime"]
    assert added["meta"]["lastUpdated"] == like["meta"]["lastUpdated"]


def person(family: str, number: int, *more: dict[str, Any]) -> dict[str, Any]:
    id_ = new_uuid()
    patient = {
        "resourceType": "Patient",
        "id": id_,
        "identifier": [{"system": SYSTEM, "value": nth_test_number(number)}],
        "name": [{"family": family, "given": ["Wren"]}],
    }
    of = {"subject": {"reference": f"urn:uuid:{id_}"}}
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"fullUrl": f"urn:uuid:{one['id']}", "resource": one}
            for one in (patient, *({**each, **of} for each in more))
        ],
    }


def pulse(words: str, *, at: str = "2024-05-06T10:00:00Z") -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": new_uuid(),
        "status": "final",
        "code": {"text": "Pulse"},
        "effectiveDateTime": at,
        "note": [{"text": words}],
    }


def write(folder: Path, *bundles: dict[str, Any]) -> None:
    folder.mkdir()
    for n, one in enumerate(bundles):
        (folder / f"{n}.json").write_text(json.dumps(one))


async def _one_more(warden: RunningWarden, number: int, patient: str) -> None:
    """A doctor writes two things about a patient at one moment."""
    doctor = await warden.session("doctor", organisation=warden.home)
    opener = Opener(
        session=doctor, organisation=OrganisationId(number), reason="rang about results"
    )
    installation = warden.installation
    database = Database(
        address_for(installation.settings, installation.layout, WEB), size=1
    )
    who = {"subject": {"reference": f"Patient/{patient}"}}
    contents = (
        {**pulse("fast", at="2026-11-20T08:30:00Z"), **who, "id": "its-pulse"},
        {"resourceType": "Basic", "id": "b", "code": {"text": "Note"}, **who},
    )
    drafts = [
        draft_of(resource, str(resource.content["id"]))
        for one in contents
        if isinstance(resource := parse(msgspec.json.encode(one)), Resource)
    ]
    change = Change(drafts=drafts, expected=[0, 0])
    writer = Writer(database, warden.door, clock=SystemClock())
    assert isinstance(await writer.write(change, opener=opener), Written)
    await database.close()
