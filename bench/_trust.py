# SPDX-License-Identifier: Apache-2.0
"""A mental-health trust at work: who works there, what they are to do, what they open.

Published, and taken as it is: 4,166 accounts in 158 teams; four in ten at work on a day
with nine charts each, so 15,000 openings; charts a day by role (8 to 15 for a community
coordinator, 6 to 14 for a ward nurse, 15 to 30 for a crisis worker, 17 for a doctor, 25
to 75 on call). More than 94% of openings have an item of work in the record, looked for
afterwards (Fabbri and LeFevre, PMC3555324); 85% by simple rules (Buenos Aires, 20.5
million openings). Half an hour is spent in a chart (Cerner log of 41 interns).

Assumed, because nobody published it: how the roles share the accounts; the sizes of
caseloads (30) and wards (18 beds, one in 25 changed a day); which work each role opens
for (`WORK`); that of items and rosters one in twenty, ten or five is written only after
somebody opened the record, an hour and a half late in the mean; that whoever is on no
list yet is searched for; that of openings without an item a third are of somebody whom
the same person opened so within a week, and that in seven of ten cases that person
writes a note of the contact.

An opening is never explained by its label: the label only decides which resource is
written, when, and by whom. Whether it explains is for the product to find.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from wardkeep.assembly.demo.chance import Chance
from wardkeep.identity.roles import Role

START = datetime(2026, 11, 23, tzinfo=UTC)
"""A Monday."""
SITES, WARDS, COMMUNITY, CRISIS, DESKS = 5, 40, 100, 10, 8
"""Places of work; the last four are the 158 teams."""
STAFF = {
    Role.COMMUNITY_COORDINATOR: 1875,
    Role.WARD_NURSE: 1000,
    Role.RECEPTIONIST: 500,
    Role.DOCTOR: 292,
    Role.CRISIS_WORKER: 250,
    Role.ADMINISTRATOR: 249,
}
CHARTS = {
    Role.COMMUNITY_COORDINATOR: (4, 12),
    Role.WARD_NURSE: (4, 12),
    Role.RECEPTIONIST: (4, 12),
    Role.DOCTOR: (10, 20),
    Role.CRISIS_WORKER: (15, 25),
}
ON_CALL, ON_CALL_CHARTS = 20, (20, 40)
AT_WORK_IN_100 = 40
CASELOAD, BEDS, ARCHIVE = 30, 18, 40_000
LATE_MINUTES = 90
ROSTER_LATE = timedelta(hours=2)
RETURN_IN_100, NOTE_IN_100, EMERGENCY_IN_100 = 33, 70, 3
WORK: dict[Role, tuple[tuple[str, int], ...]] = {
    Role.COMMUNITY_COORDINATOR: (
        *(("own", 66), ("team", 15), ("referral", 8), ("left", 6), ("asked", 5)),
    ),
    Role.WARD_NURSE: (
        *(("ward", 86), ("admission", 5), ("discharged", 4), ("asked", 5)),
    ),
    Role.RECEPTIONIST: (("appointment", 70), ("team", 18), ("referral", 12)),
    Role.DOCTOR: (*(("team", 47), ("appointment", 30), ("result", 13), ("asked", 10)),),
    Role.CRISIS_WORKER: (("team", 52), ("queue", 36), ("asked", 12)),
}
ACT_CODES = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
Json = dict[str, Any]


class Published(NamedTuple):
    """What a week supposes."""

    without_item_in_100: int
    """Of a hundred openings, those that have no item of work at all."""
    late_in_100: int
    """Of a hundred items, those that are written after the opening."""


class Worker(NamedTuple):
    """Somebody with an account; `team` counts within their kind of team."""

    account: str
    role: Role
    team: str

    @property
    def reference(self) -> str:
        return f"Practitioner/{self.account}"


class Written(NamedTuple):
    """A resource that is written at a moment."""

    at: datetime
    patient: str
    content: Json
    by: str = "program"


class Seated(NamedTuple):
    """Somebody is put into teams until then."""

    at: datetime
    account: str
    teams: tuple[str, ...]
    until: datetime


class Opening(NamedTuple):
    """Somebody opens a record."""

    at: datetime
    who: Worker
    patient: str
    label: str
    is_listed: bool = True
    """Whether they are on a list to choose from, and not searched for."""
    is_emergency: bool = False


Happening = Written | Seated | Opening


def served_by(desk: int) -> list[str]:
    """The community teams that a desk answers the telephone for."""
    return [f"community-{one}" for one in range(desk, COMMUNITY, DESKS)]


def places_of(team: str) -> frozenset[str]:
    """The references that a team stands for; a desk, its teams' as well."""
    served = served_by(int(team[5:])) if team.startswith("desk-") else []
    return frozenset(map(place_of, (team, *served)))


def place_of(team: str) -> str:
    """Where a team works, or the team itself, as the record has it."""
    kind = "Location" if team.startswith(("ward", "desk")) else "CareTeam"
    return f"{kind}/{team}"


def workers() -> list[Worker]:
    """All 4,166, each with a team of their own."""
    teams = {
        Role.COMMUNITY_COORDINATOR: ("community", COMMUNITY),
        Role.WARD_NURSE: ("ward", WARDS),
        Role.RECEPTIONIST: ("desk", DESKS),
        Role.CRISIS_WORKER: ("crisis", CRISIS),
        Role.ADMINISTRATOR: ("", 1),
    }
    found = []
    for role, many in STAFF.items():
        for n in range(many):
            # Half of the doctors belong to a ward, half to a community team.
            doctors = ("ward", WARDS) if n % 2 else ("community", COMMUNITY)
            kind, teams_of_kind = teams.get(role, doctors)
            team = f"{kind}-{n // 2 % teams_of_kind}" if kind else ""
            name = role.value.replace("_", "-")
            found.append(Worker(f"{name}-{n}", role, team))
    return found


class Trust:
    """Makes a week of happenings, a day at a time, each in the order of time."""

    def __init__(self, published: Published) -> None:
        self._without = published.without_item_in_100
        self._late = published.late_in_100
        self._chance = Chance("trust", *published)
        self.staff = workers()
        self._number = 0
        self._mates: dict[str, list[str]] = {}
        """Patients of a team."""
        self._comes: dict[str, datetime] = {}
        """When somebody comes to a ward, of those who come within the week."""
        self._own: dict[str, list[str]] = {}
        """Patients of a coordinator."""
        self._unplanned: dict[str, list[tuple[datetime, str]]] = {}
        self._day: list[Happening] = []
        self._is_listed = True
        self._kinds: dict[str, Callable[[Worker, datetime], str]] = {
            "own": lambda who, _: self._chance.pick(self._own[who.account]),
            "team": self._mate,
            "ward": self._mate,
            "referral": self._referral,
            "asked": self._asked,
            "queue": self._queue,
            "left": self._left,
            "admission": self._admission,
            "discharged": self._discharged,
            "appointment": self._appointment,
            "result": self._result,
        }

    # Before the week

    def before(self) -> Iterator[Written]:
        """Caseloads, stays and bookings, as the record has them on the first day."""
        for who in self.staff:
            if who.role is Role.COMMUNITY_COORDINATOR:
                yield from self._caseload(who)
        for n in range(CRISIS):
            for k in range(CASELOAD + 10):
                self._mates.setdefault(f"crisis-{n}", []).append(f"k-{n}-{k}")
                yield self._episode(f"k-{n}-{k}", f"crisis-{n}", "")
        for n in range(WARDS):
            for k in range(BEDS):
                yield self._admit(f"ward-{n}", f"w-{n}-{k}", START - timedelta(days=20))
        for n in range(DESKS):
            served = [self._mates[one] for one in served_by(n)]
            self._mates[f"desk-{n}"] = [one for each in served for one in each]

    def _caseload(self, who: Worker) -> Iterator[Written]:
        for n in range(CASELOAD):
            patient = f"c-{who.account}-{n}"
            self._own.setdefault(who.account, []).append(patient)
            self._mates.setdefault(who.team, []).append(patient)
            yield self._episode(patient, who.team, who.reference)

    def _episode(self, patient: str, team: str, manager: str) -> Written:
        content: Json = {
            "resourceType": "EpisodeOfCare",
            "status": "active",
            "period": {"start": (START - timedelta(days=200)).isoformat()},
            "team": [{"reference": place_of(team)}],
        }
        if manager:
            content["careManager"] = {"reference": manager}
        return self._written(START - timedelta(days=100), patient, content)

    def _admit(self, ward: str, patient: str, at: datetime) -> Written:
        self._mates.setdefault(ward, []).append(patient)
        return self._stay(ward, patient, at)

    # A day

    def day(self, number: int) -> list[Happening]:
        """What happens on a day of the week, from 0."""
        self._day = []
        midnight = START + timedelta(days=number)
        for ward in range(WARDS):
            if self._chance.happens(100 * BEDS // 25 % 100):
                self._change_a_bed(f"ward-{ward}", midnight)
        for who in self.staff:
            if who.role in CHARTS and self._chance.happens(AT_WORK_IN_100):
                self._work(who, midnight, CHARTS[who.role])
        doctors = [one for one in self.staff if one.role is Role.DOCTOR]
        for n in range(ON_CALL):
            self._on_call(doctors[(number * ON_CALL + n) % len(doctors)], n, midnight)
        return sorted(self._day, key=lambda one: one.at)

    def _change_a_bed(self, ward: str, midnight: datetime) -> None:
        """One is discharged, and another comes."""
        at = midnight + timedelta(hours=10 + self._chance.below(8))
        leaves = self._mates[ward].pop(0)
        self._day.append(self._stay(ward, leaves, at, ended=at))
        comes = self._new("a")
        self._comes[comes] = at
        self._day.append(self._admit(ward, comes, at))

    def _work(self, who: Worker, midnight: datetime, charts: tuple[int, int]) -> None:
        begins = midnight + timedelta(minutes=self._begins(who))
        if who.role is Role.WARD_NURSE and self._chance.happens(8):
            who = self._on_another_ward(who, begins)
        for _ in range(self._chance.between(*charts)):
            at = begins + timedelta(minutes=self._chance.below(8 * 60))
            self._opens(who, at, WORK[who.role])

    def _begins(self, who: Worker) -> int:
        """Minutes from midnight; a third of a ward's nurses come at night."""
        is_at_night = who.role is Role.WARD_NURSE and self._chance.happens(33)
        return (15 if is_at_night else 8) * 60 + self._chance.below(60)

    def _on_another_ward(self, who: Worker, begins: datetime) -> Worker:
        """A shift elsewhere: the roster says so before it, or two hours late."""
        ward = f"ward-{self._chance.below(WARDS)}"
        late = ROSTER_LATE if self._chance.happens(self._late) else -ROSTER_LATE
        until = begins + timedelta(hours=12)
        self._day.append(Seated(begins + late, who.account, (who.team, ward), until))
        return who._replace(team=ward)

    def _on_call(self, who: Worker, n: int, midnight: datetime) -> None:
        begins = midnight + timedelta(hours=17)
        wards = tuple(f"ward-{one}" for one in range(n % SITES, WARDS, SITES))
        late = ROSTER_LATE if self._chance.happens(self._late) else -ROSTER_LATE
        until = begins + timedelta(hours=15)
        seats = (who.team, *wards, f"crisis-{n % CRISIS}")
        self._day.append(Seated(begins + late, who.account, seats, until))
        for _ in range(self._chance.between(*ON_CALL_CHARTS)):
            at = begins + timedelta(minutes=self._chance.below(7 * 60))
            ward = self._chance.pick((*wards, f"crisis-{n % CRISIS}"))
            self._opens(who._replace(team=ward), at, (("team", 90), ("queue", 10)))

    def _opens(
        self, who: Worker, at: datetime, work: tuple[tuple[str, int], ...]
    ) -> None:
        if self._chance.happens(self._without):
            self._opens_unplanned(who, at)
            return
        drawn = self._chance.below(100)
        for label, share in work:
            drawn -= share
            if drawn < 0:
                self._is_listed = True
                patient = self._kinds[label](who, at)
                self._day.append(Opening(at, who, patient, label, self._is_listed))
                return

    def _opens_unplanned(self, who: Worker, at: datetime) -> None:
        """No item of work: a call, a complaint, a question in the corridor."""
        week_ago = at - timedelta(days=7)
        known = [
            (when, one)
            for when, one in self._unplanned.get(who.account, [])
            if week_ago < when < at
        ]
        is_return = bool(known) and self._chance.happens(RETURN_IN_100)
        patient = self._chance.pick(known)[1] if is_return else self._anybody()
        self._unplanned.setdefault(who.account, []).append((at, patient))
        opening = Opening(
            at,
            who,
            patient,
            "nothing",
            is_listed=False,
            is_emergency=self._chance.happens(EMERGENCY_IN_100),
        )
        self._day.append(opening)
        is_noted = who.role is not Role.RECEPTIONIST
        if is_noted and self._chance.happens(NOTE_IN_100):
            self._day.append(self._note(who, patient, at + timedelta(minutes=30)))

    # Items of work

    def _anybody(self) -> str:
        if self._chance.happens(50):
            return f"x-{self._chance.below(ARCHIVE)}"
        return self._chance.pick(
            self._mates[f"community-{self._chance.below(COMMUNITY)}"]
        )

    def _mate(self, who: Worker, at: datetime) -> str:
        """A patient of the team; of a ward, one who is there by then.

        To open somebody before they come is another work: an admission written late.
        """
        here = [one for one in self._mates[who.team] if self._comes.get(one, at) <= at]
        return self._chance.pick(here)

    def _new(self, kind: str) -> str:
        self._number += 1
        return f"{kind}-{self._number}"

    def _written(
        self, at: datetime, patient: str, content: Json, by: str = "program"
    ) -> Written:
        return Written(at, patient, {"id": self._new("i"), **content}, by)

    def _when(self, at: datetime) -> datetime:
        """When an item is written that somebody opens a record for at `at`."""
        minutes = self._chance.below(2 * LATE_MINUTES)
        is_late = self._chance.happens(self._late)
        self._is_listed = not is_late
        return at + timedelta(minutes=minutes if is_late else -10 - 4 * minutes)

    def _item(self, at: datetime, content: Json, patient: str) -> str:
        written = self._when(at)
        content.setdefault("authoredOn", written.isoformat())
        self._day.append(self._written(written, patient, content))
        return patient

    def _referral(self, who: Worker, at: datetime) -> str:
        team = who.team
        if team.startswith("desk"):
            team = f"community-{int(team[5:])}"
        content: Json = {"resourceType": "ServiceRequest", "status": "active"}
        content["performer"] = [{"reference": place_of(team)}]
        return self._item(at, content, self._new("r"))

    def _asked(self, who: Worker, at: datetime) -> str:
        """Another team asks for help with somebody of theirs."""
        content: Json = {"resourceType": "ServiceRequest", "status": "active"}
        content["performer"] = [{"reference": who.reference}]
        return self._item(at, content, self._anybody())

    def _queue(self, who: Worker, at: datetime) -> str:
        content: Json = {"resourceType": "Task", "status": "requested"}
        content["owner"] = {"reference": place_of(who.team)}
        return self._item(at, content, self._new("q"))

    def _left(self, who: Worker, at: datetime) -> str:
        """Somebody whose episode was closed within a month."""
        ended = at - timedelta(days=self._chance.below(30))
        patient = self._new("l")
        period = {"end": ended.isoformat()}
        closed = self._episode(patient, who.team, who.reference)
        closed.content.update(status="finished", period=period)
        self._day.append(closed._replace(at=ended))
        return patient

    def _stay(
        self, ward: str, patient: str, at: datetime, *, ended: datetime | None = None
    ) -> Written:
        began = at if ended is None else ended - timedelta(days=20)
        period = {"start": began.isoformat()}
        if ended is not None:
            period["end"] = ended.isoformat()
        content: Json = {
            "resourceType": "Encounter",
            "id": f"stay-{patient}",
            "status": "in-progress" if ended is None else "finished",
            "class": {"system": ACT_CODES, "code": "IMP"},
            "period": period,
            "location": [{"location": {"reference": f"Location/{ward}"}}],
        }
        return self._written(at, patient, content)

    def _admission(self, who: Worker, at: datetime) -> str:
        """Somebody at the ward's door; the stay is often written later."""
        patient = self._new("a")
        written = self._when(at)
        self._day.append(self._admit(who.team, patient, at)._replace(at=written))
        self._mates[who.team].remove(patient)
        return patient

    def _discharged(self, who: Worker, at: datetime) -> str:
        ended = at - timedelta(hours=self._chance.below(6 * 24))
        patient = self._new("d")
        self._day.append(self._stay(who.team, patient, ended, ended=ended))
        return patient

    def _booked(self, patient: str, near: datetime, who: tuple[str, ...]) -> Written:
        starts = near + timedelta(hours=9 + self._chance.below(7 * 24))
        content: Json = {
            "resourceType": "Appointment",
            "status": "booked",
            "start": starts.isoformat(),
            "minutesDuration": 45,
            "participant": [
                {"actor": {"reference": one}, "status": "accepted"} for one in who
            ],
        }
        return self._written(START - timedelta(days=1), patient, content)

    def _appointment(self, who: Worker, at: datetime) -> str:
        """Around a clinic: most on its day, others to prepare or to follow up."""
        patient = self._anybody()
        days = self._chance.pick((0, 0, 0, 0, 0, 0, -1, -2, 1, 4, 9))
        team = place_of(who.team) if who.role is Role.RECEPTIONIST else who.reference
        booked = self._booked(patient, at, (team,))
        booked.content["start"] = (at - timedelta(days=days)).isoformat()
        written = self._when(at)
        long_before = START - timedelta(days=3)
        self._day.append(booked._replace(at=written if written > at else long_before))
        return patient

    def _result(self, who: Worker, at: datetime) -> str:
        issued = at - timedelta(hours=self._chance.below(5 * 24))
        patient = self._anybody()
        content: Json = {"resourceType": "DiagnosticReport", "status": "final"}
        content["issued"] = issued.isoformat()
        content["resultsInterpreter"] = [{"reference": who.reference}]
        self._day.append(self._written(issued, patient, content))
        return patient

    def _note(self, who: Worker, patient: str, at: datetime) -> Written:
        """A contact, written down by whoever had it."""
        content: Json = {
            "resourceType": "Encounter",
            "status": "finished",
            "class": {"system": ACT_CODES, "code": "AMB"},
            "period": {"start": at.isoformat(), "end": at.isoformat()},
            "participant": [{"individual": {"reference": who.reference}}],
        }
        return self._written(at, patient, content, by=who.account)
