# SPDX-License-Identifier: Apache-2.0
"""A trust at work: what its people are to do, and what they open.

Published, and taken as it is: who works there and how many charts a day
(`bench/_trust_people.py`), calls and their ends (`bench/_trust_urgent.py`). More than
94% of openings have an item of work in the record, looked for afterwards (Fabbri and
LeFevre, PMC3555324); 85% by simple rules (Buenos Aires, 20.5 million openings). Half an
hour is spent in a chart (Cerner log of 41 interns).

Assumed, because nobody published it: the sizes of caseloads (30), wards (18 beds, one
in 25 changed a day) and care homes (40); that of items and rosters one in twenty, ten
or five is written only after somebody opened the record, an hour and a half late in the
mean; that whoever is on no list yet is searched for; that of openings without an item a
third are of somebody whom the same person opened so within a week, and that in seven of
ten cases that person writes a note of the contact; that three in a hundred of these are
emergencies; that one visit in 25 is two hours late.

An opening is never explained by its label: the label only decides which resource is
written, when, and by whom. Whether it explains is for the product to find.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from bench._trust_day import (
    ARCHIVE,
    SHEET,
    START,
    Day,
    Happening,
    Json,
    Leaving,
    Opening,
    Published,
    Seated,
    Written,
    appointment,
    contact,
    episode,
    referral,
    report,
    stay,
    task,
)
from bench._trust_people import (
    EMERGENCY,
    ROUND,
    WARD_POST,
    Places,
    Worker,
    place_of,
    workers,
)
from bench._trust_urgent import BAD_NIGHT, LONG_CALLS, LONG_IN_100, Emergency, Urgent
from wardkeep.disclosure.purpose import Action
from wardkeep.identity.roles import Role

ON_CALL, ON_CALL_CHARTS = 20, (20, 40)
AT_WORK_IN_100 = 40
CASELOAD, BEDS, HOME_BEDS, CLIENTS = 30, 18, 40, 200
ROSTER_LATE = timedelta(hours=2)
RETURN_IN_100, NOTE_IN_100, EMERGENCY_IN_100 = 33, 70, 3
LATE_VISIT_IN_100, LATE_VISIT = 4, timedelta(hours=2)
_OWN_CASELOADS = (Role.COMMUNITY_COORDINATOR, Role.HOSPICE_NURSE)
_RECORD = ("Patient", "Composition")


class Trust:
    """Makes a week of happenings, a day at a time, each in the order of time.

    `one_in`: a trust of so many times fewer people and teams. The archive is half as
    large at least: with few people in it nobody has a namesake.
    """

    def __init__(self, published: Published, one_in: int = 1) -> None:
        self.places = Places().smaller(one_in)
        self.staff = workers(self.places, one_in)
        self._on_call = max(1, ON_CALL // one_in)
        self._made = Day(published, self.places, ARCHIVE // min(2, one_in))
        self._chance = self._made.chance
        self._mates = self._made.mates
        self._urgent = Urgent(self._made)
        self._emergency = Emergency(self._made)
        self._comes: dict[str, datetime] = {}
        """When somebody comes to a ward, of those who come within the week."""
        self._own: dict[str, list[str]] = {}
        """Patients of whoever has a caseload."""
        self._unplanned: dict[str, list[tuple[datetime, str]]] = {}
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
            "clinic": self._clinic,
            "result": self._result,
            "case": self._urgent.case,
        }

    @property
    def archive(self) -> list[str]:
        return [f"x-{n}" for n in range(self._made.archive)]

    # Before the week

    def before(self) -> Iterator[Written]:
        """Caseloads, stays and bookings, as the record has them on the first day."""
        for who in self.staff:
            if who.role in _OWN_CASELOADS:
                yield from self._caseload(who)
        yield from self._listed("crisis", "k", CASELOAD + 10)
        yield from self._listed(ROUND, "h", CLIENTS)
        for kind, letter, beds in (("ward", "w", BEDS), ("care-home", "b", HOME_BEDS)):
            for n in range(self.places.of(kind)):
                for k in range(beds):
                    yield self._admit(
                        f"{kind}-{n}", f"{letter}-{n}-{k}", START - timedelta(days=20)
                    )
        for n in range(self.places.desks):
            served = [self._mates[one] for one in self.places.served_by(n)]
            self._mates[f"desk-{n}"] = [one for each in served for one in each]

    def _caseload(self, who: Worker) -> Iterator[Written]:
        for n in range(CASELOAD):
            patient = f"c-{who.account}-{n}"
            self._own.setdefault(who.account, []).append(patient)
            yield self._taken_on(patient, who.team, who.reference)

    def _listed(self, kind: str, letter: str, many: int) -> Iterator[Written]:
        for n in range(self.places.of(kind)):
            for k in range(many):
                yield self._taken_on(f"{letter}-{n}-{k}", f"{kind}-{n}", "")

    def _taken_on(self, patient: str, team: str, manager: str) -> Written:
        self._mates.setdefault(team, []).append(patient)
        long_ago = START - timedelta(days=100)
        return self._made.written(long_ago, patient, episode(team, manager))

    def _admit(self, ward: str, patient: str, at: datetime) -> Written:
        self._mates.setdefault(ward, []).append(patient)
        return self._made.written(at, patient, stay(ward, patient, at))

    # A day

    def day(self, number: int) -> list[Happening]:
        """What happens on a day of the week, from 0."""
        made = self._made
        made.happenings = []
        midnight = START + timedelta(days=number)
        self._urgent.forget(midnight - timedelta(hours=4))
        self._emergency.forget(midnight)
        for ward in range(self.places.wards):
            if self._chance.happens(100 * BEDS // 25 % 100):
                self._change_a_bed(f"ward-{ward}", midnight)
        for who in self.staff:
            if who.post.work and self._chance.happens(AT_WORK_IN_100):
                self._work(who, midnight)
        doctors = [one for one in self.staff if _is_called(one)]
        for n in range(self._on_call):
            on_call = doctors[(number * self._on_call + n) % len(doctors)]
            self._work_on_call(on_call, n, midnight)
        if number == BAD_NIGHT:
            staff = [one for one in self.staff if one.post.kind == EMERGENCY]
            self._emergency.bad_night(staff, midnight)
        return sorted(made.happenings, key=lambda one: one.at)

    def _change_a_bed(self, ward: str, midnight: datetime) -> None:
        """One is discharged, and another comes."""
        at = midnight + timedelta(hours=10 + self._chance.below(8))
        leaves = self._mates[ward].pop(0)
        began = at - timedelta(days=20)
        self._made.write(at, leaves, stay(ward, leaves, began, ended=at))
        comes = self._made.new("a")
        self._comes[comes] = at
        self._made.happenings.append(self._admit(ward, comes, at))

    def _work(self, who: Worker, midnight: datetime) -> None:
        hour = self._chance.pick(who.post.begins)
        begins = midnight + timedelta(minutes=hour * 60 + self._chance.below(60))
        if who.post == WARD_POST and self._chance.happens(8):
            who = self._on_another_ward(who, begins)
        charts = self._chance.between(*who.post.charts)
        if who.role is Role.HEALTH_ADVISOR and self._chance.happens(LONG_IN_100):
            charts = LONG_CALLS
        for _ in range(charts):
            at = begins + timedelta(minutes=self._chance.below(8 * 60))
            self._opens(who, at, who.post.work)

    def _on_another_ward(self, who: Worker, begins: datetime) -> Worker:
        """A shift elsewhere: the roster says so before it, or two hours late."""
        ward = f"ward-{self._chance.below(self.places.wards)}"
        self._seat(who, begins, (who.team, ward), timedelta(hours=12))
        return who._replace(team=ward)

    def _seat(
        self, who: Worker, begins: datetime, teams: tuple[str, ...], lasts: timedelta
    ) -> None:
        is_late = self._chance.happens(self._made.published.late_in_100)
        at = begins + (ROSTER_LATE if is_late else -ROSTER_LATE)
        self._made.happenings.append(Seated(at, who.account, teams, begins + lasts))

    def _work_on_call(self, who: Worker, n: int, midnight: datetime) -> None:
        begins = midnight + timedelta(hours=17)
        sites, crisis = self.places.sites, f"crisis-{n % self.places.crisis}"
        wards = [f"ward-{one}" for one in range(n % sites, self.places.wards, sites)]
        seats = (who.team, *wards, crisis)
        self._seat(who, begins, seats, timedelta(hours=15))
        for _ in range(self._chance.between(*ON_CALL_CHARTS)):
            at = begins + timedelta(minutes=self._chance.below(7 * 60))
            ward = self._chance.pick((*wards, crisis))
            self._opens(who._replace(team=ward), at, (("team", 90), ("queue", 10)))

    def _opens(
        self, who: Worker, at: datetime, work: tuple[tuple[str, int], ...]
    ) -> None:
        if who.role is Role.HEALTH_ADVISOR:
            # A call is an item that whoever answers makes.
            self._urgent.call(who, at)
            return
        if self._chance.happens(self._made.published.without_item_in_100):
            self._opens_unplanned(who, at)
            return
        drawn = self._chance.below(100)
        for label, share in work:
            drawn -= share
            if drawn < 0:
                self._opens_for(label, who, at)
                return

    def _opens_for(self, label: str, who: Worker, at: datetime) -> None:
        made = self._made
        made.is_listed, cannot_wait = True, False
        if label == "arrival":
            patient, cannot_wait = self._emergency.arrival(who, at)
        elif label == "visit":
            patient, at = self._visit(who, at)
        else:
            patient = self._kinds[label](who, at)
        leaves = self._printed(who)
        made.happenings.append(
            Opening(
                *(at, who, patient, label, made.is_listed, cannot_wait), leaves=leaves
            )
        )

    def _printed(self, who: Worker) -> tuple[Leaving, ...]:
        if not self._chance.happens(who.post.prints):
            return ()
        is_sheet = who.role is Role.URGENT_CARE_CLINICIAN
        return (Leaving(Action.PRINT, SHEET if is_sheet else _RECORD),)

    def _opens_unplanned(self, who: Worker, at: datetime) -> None:
        """No item of work: a call, a complaint, a question in the corridor."""
        week_ago = at - timedelta(days=7)
        known = [
            (when, one)
            for when, one in self._unplanned.get(who.account, [])
            if week_ago < when < at
        ]
        is_return = bool(known) and self._chance.happens(RETURN_IN_100)
        patient = self._chance.pick(known)[1] if is_return else self._made.anybody()
        self._unplanned.setdefault(who.account, []).append((at, patient))
        pressing = self._chance.happens(EMERGENCY_IN_100)
        opening = Opening(at, who, patient, "nothing", False, pressing)  # noqa: FBT003 - as its fields stand
        self._made.happenings.append(opening)
        is_noted = who.role is not Role.RECEPTIONIST
        if is_noted and self._chance.happens(NOTE_IN_100):
            at += timedelta(minutes=30)
            note = contact("AMB", at, who.reference)
            self._made.write(at, patient, note, by=who.account)

    # Items of work

    def _mate(self, who: Worker, at: datetime) -> str:
        """A patient of the team; of a ward, one who is there by then.

        To open somebody before they come is another work: an admission written late.
        """
        here = [one for one in self._mates[who.team] if self._comes.get(one, at) <= at]
        return self._chance.pick(here)

    def _referral(self, who: Worker, at: datetime) -> str:
        team = who.team
        if team.startswith("desk"):
            team = f"community-{int(team[5:])}"
        return self._made.item(at, referral(place_of(team)), self._made.new("r"))

    def _asked(self, who: Worker, at: datetime) -> str:
        """Another team asks for help with somebody of theirs."""
        return self._made.item(at, referral(who.reference), self._made.anybody())

    def _queue(self, who: Worker, at: datetime) -> str:
        return self._made.item(at, task(place_of(who.team)), self._made.new("q"))

    def _left(self, who: Worker, at: datetime) -> str:
        """Somebody whose episode was closed within a month."""
        ended = at - timedelta(days=self._chance.below(30))
        patient = self._made.new("l")
        closed = episode(who.team, who.reference, ended=ended)
        self._made.write(ended, patient, closed)
        return patient

    def _admission(self, who: Worker, at: datetime) -> str:
        """Somebody at the ward's door; the stay is often written later."""
        patient = self._made.new("a")
        written = self._made.when(at)
        self._made.happenings.append(
            self._admit(who.team, patient, at)._replace(at=written)
        )
        self._mates[who.team].remove(patient)
        return patient

    def _discharged(self, who: Worker, at: datetime) -> str:
        ended = at - timedelta(hours=self._chance.below(6 * 24))
        patient, began = self._made.new("d"), ended - timedelta(days=20)
        self._made.write(ended, patient, stay(who.team, patient, began, ended=ended))
        return patient

    def _booked(self, at: datetime, patient: str, content: Json) -> str:
        """In the book for days, or only after somebody opened the record for it."""
        written = self._made.when(at)
        long_before = START - timedelta(days=3)
        self._made.write(written if written > at else long_before, patient, content)
        return patient

    def _appointment(self, who: Worker, at: datetime) -> str:
        """Around a clinic: most on its day, others to prepare or to follow up."""
        days = self._chance.pick((0, 0, 0, 0, 0, 0, -1, -2, 1, 4, 9))
        team = place_of(who.team) if who.role is Role.RECEPTIONIST else who.reference
        content = appointment(at - timedelta(days=days), team)
        return self._booked(at, self._made.anybody(), content)

    def _clinic(self, who: Worker, at: datetime) -> str:
        """Somebody who stands at the desk with an appointment of today."""
        starts = at + timedelta(minutes=self._chance.below(40))
        content = appointment(starts, place_of(who.team))
        return self._booked(at, self._made.anybody(), content)

    def _visit(self, who: Worker, at: datetime) -> tuple[str, datetime]:
        """A visit to a home, and when its carer comes to open the record."""
        client = self._chance.pick(self._mates[who.team])
        content = appointment(at, who.reference, is_at_home=True)
        self._booked(at, client, content)
        is_late = self._chance.happens(LATE_VISIT_IN_100)
        return client, at + LATE_VISIT if is_late else at

    def _result(self, who: Worker, at: datetime) -> str:
        issued = at - timedelta(hours=self._chance.below(5 * 24))
        patient = self._made.anybody()
        self._made.write(issued, patient, report(issued, who.reference))
        return patient


def _is_called(who: Worker) -> bool:
    """Whether they are a doctor who goes to wards at night."""
    return who.role is Role.DOCTOR and who.post.kind in {"ward", "community"}
