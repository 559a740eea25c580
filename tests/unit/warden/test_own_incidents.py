# SPDX-License-Identifier: Apache-2.0
"""Of which incidents a patient is told: of what was counted, and of nothing else."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from support.ledgers import open_ledger
from wardkeep.base.clock import FrozenClock
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.incident_desk import OwnIncident
from wardkeep.identity.roles import Role
from wardkeep.ledger.entry import Entry, Subject
from wardkeep.ledger.incidents import Finding, Incident, keep, request_of
from wardkeep.ledger.log import Ledger
from wardkeep.ledger.wanted import Wanted
from wardkeep.warden.incidents import Register
from wardkeep.warden.service.own_incidents import CLOCK_MARGIN, OwnIncidents
from wardkeep.warden.sessions import Session, Sessions, SignedInAs

MINUTE = 60 * 1_000_000
NOON = 1_795_953_600_000_000
HERE = 1
THIEF, NURSE = [f"0b0b0b0b-0000-4000-8000-00000000000{n}" for n in "ab"]


def patient(id_: str = "anna") -> Session:
    whose = SignedInAs(
        account=new_uuid(),
        display_name="Anna Quillfeather",
        organisation=HERE,
        organisation_name="Ash",
        organisation_slug="ash",
        role=Role.PATIENT,
        factor="passkey",
        credential=b"key",
        device="",
        own_patient=id_,
    )
    return Sessions(FrozenClock(datetime(2026, 11, 30, tzinfo=UTC))).start(whose)[1]


def opening(account: str, at: int, id_: str = "anna", **changed: object) -> Entry:
    said: dict[str, object] = {
        "action": "read",
        "purpose": "direct-care",
        "outcome": "grant",
        "subjects": [
            Subject.about(
                patient=id_,
                tier="record",
                relationship="ward",
                resources=[("Observation", f"o-{id_}", 1)],
            )
        ],
        **changed,
    }
    return Entry.about(
        at=at,
        organisation=HERE,
        account=account,
        session=new_uuid(),
        role="doctor",
        reason="",
        software="0",
        **said,  # type: ignore[arg-type]
    )


class Told:
    """A ledger, what was declared of it, and what a patient reads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.ledger: Ledger = open_ledger(folder / "ledger")
        self._register = Register(folder / "incidents", self.ledger)
        self._own = OwnIncidents(self._register, self.ledger)

    def write(self, entries: Sequence[Entry]) -> None:
        for one in entries:
            self.ledger.append(one)
        self.ledger.commit()

    def declare(self, *selectors: Wanted, at: int, organisation: int = HERE) -> None:
        finding = Finding(
            at=at,
            why="As declared.",
            selectors=selectors,
            is_whole=True,
            people=((HERE, 1),),
        )
        made = Incident(
            id=new_uuid(),
            found_at=at,
            declared_at=at,
            what="A stolen session.",
            findings=(finding,),
            organisation=organisation,
        )
        keep(self._folder / "incidents", made)
        said: dict[str, Any] = {"action": made.step, "purpose": "", "subjects": []}
        self.write([opening(NURSE, at, request=request_of(made), **said)])

    def by(self, who: Session) -> tuple[OwnIncident, ...]:
        about = self.ledger.entries_about(who.own_patient, organisation=HERE)
        return self._own.of(who, about)


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)


def test_what_was_opened_before_and_behind_the_time_that_was_counted_is_no_part(
    told: Told,
) -> None:
    """Years of a record lie before it; what came later is another version's."""
    years = [opening(THIEF, NOON - n * 525_600 * MINUTE) for n in (3, 2, 1)]
    within = [opening(THIEF, NOON + n * MINUTE) for n in (1, 2)]
    later = [opening(THIEF, NOON + (n + 1) * 60 * MINUTE) for n in (1, 2, 3)]
    told.write([*years, *within, *later])
    told.declare(Wanted(account=THIEF, since=NOON), at=NOON + 5 * MINUTE)
    [found] = told.by(patient())
    assert (found.first, found.last) == (NOON + MINUTE, NOON + 2 * MINUTE)
    assert found.entries == (4, 3), "the newest first"
    assert told.by(patient("bert")) == ()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-200, 200),
            st.integers(-25, 25),
            st.sampled_from((THIEF, NURSE)),
        ),
        max_size=30,
    ),
    st.integers(-150, 150),
    st.integers(-150, 150),
)
def test_who_is_told_of_what_is_what_a_plain_look_through_everything_finds(
    tmp_path_factory: pytest.TempPathFactory,
    made: list[tuple[int, int, str]],
    since: int,
    counted: int,
) -> None:
    """Also where the clock was set back between entries, by less than an hour."""
    assert CLOCK_MARGIN >= 50 * MINUTE
    told = Told(tmp_path_factory.mktemp("told"))
    entries = [
        opening(who, NOON + (at + late) * MINUTE)
        for at, late, who in sorted(made, key=lambda one: one[0])
    ]
    told.write(entries)
    begin, end = NOON + since * MINUTE, NOON + counted * MINUTE
    told.declare(Wanted(account=THIEF, since=begin), at=end)
    plain = [
        n
        for n, one in enumerate(entries)
        if one.account == THIEF and begin <= one.at < end
    ]
    found = told.by(patient())
    told.ledger.close()
    assert [list(reversed(one.entries)) for one in found] == ([plain] if plain else [])


def test_what_was_refused_or_no_opening_is_told_of_nobody(told: Told) -> None:
    told.write(
        [
            opening(THIEF, NOON, outcome="refusal:reason-needed"),
            opening(THIEF, NOON, purpose="", action="confirm"),
            opening(NURSE, NOON),
        ]
    )
    told.declare(Wanted(account=THIEF), at=NOON + MINUTE)
    assert told.by(patient()) == ()


def test_a_line_in_a_list_is_told_as_one_and_what_is_kept_apart_as_that(
    told: Told,
) -> None:
    told.write([opening(THIEF, NOON, action="find")])
    told.declare(Wanted(account=THIEF), at=NOON + MINUTE)
    [shown] = told.by(patient())
    assert (shown.is_list_only, shown.is_sealed) == (True, False)
    subject = Subject.about(
        patient="anna",
        tier="sealed",
        relationship="",
        resources=[("Flag", "f", 1), ("Flag", "f", 2), ("Observation", "o-anna", 1)],
    )
    told.write([opening(THIEF, NOON + 2 * MINUTE, subjects=[subject])])
    told.declare(Wanted(account=THIEF), at=NOON + 3 * MINUTE)
    newest, _ = told.by(patient())
    assert (newest.is_list_only, newest.is_sealed) == (False, True)
    assert newest.types == (("Flag", 1), ("Observation", 1)), "versions are one thing"


def test_a_look_at_openings_is_told_as_one_and_a_number_on_a_page_to_nobody(
    told: Told,
) -> None:
    bare = Subject.about(patient="anna", tier="", relationship="", resources=())
    said: dict[str, Any] = {"action": "history", "purpose": "audit", "subjects": [bare]}
    told.write([opening(THIEF, NOON, request="refusals", **said)])
    told.declare(Wanted(account=THIEF), at=NOON + MINUTE)
    assert told.by(patient()) == ()
    told.write([opening(THIEF, NOON + 2 * MINUTE, **said)])
    told.declare(Wanted(account=THIEF), at=NOON + 3 * MINUTE)
    [looked] = told.by(patient())
    assert looked.is_looked_at_only
    assert not looked.is_list_only
    told.write([opening(THIEF, NOON + 4 * MINUTE)])
    told.declare(Wanted(account=THIEF), at=NOON + 5 * MINUTE)
    newest, _ = told.by(patient())
    assert newest.is_looked_at
    assert not newest.is_looked_at_only


def test_of_what_the_operator_declared_each_is_told_their_own_organisations_part(
    told: Told,
) -> None:
    told.write([opening(THIEF, NOON), opening(NURSE, NOON)])
    elsewhere = Wanted(account=NURSE, organisation=HERE + 1)
    told.declare(Wanted(account=THIEF), elsewhere, at=NOON + MINUTE, organisation=0)
    [found] = told.by(patient())
    assert found.entries == (0,)


def test_a_file_that_nobody_wrote_down_is_told_to_nobody(
    told: Told, tmp_path: Path
) -> None:
    """Who can write the folder frightens no patient; officers see what was changed."""
    told.write([opening(THIEF, NOON)])
    told.declare(Wanted(account=THIEF), at=NOON + MINUTE)
    [path] = (tmp_path / "incidents").iterdir()
    said = next(path.iterdir())
    edited = msgspec.json.decode(said.read_bytes(), type=Incident)
    said.write_bytes(
        msgspec.json.encode(msgspec.structs.replace(edited, what="You will die."))
    )
    assert told.by(patient()) == ()
