# SPDX-License-Identifier: Apache-2.0
"""Who works in a trust that does everything: accounts, teams, charts a day, their work.

Published: 4,166 accounts in 158 teams, four in ten of them at work on a day; charts a
day by role (domain.md, F.4: 25 to 35 calls, 20 to 30 cases of a clinician's shift, 8 to
15 for a community coordinator and a hospice nurse, 6 to 14 for a ward nurse, 15 to 30
for a crisis worker, 17 for a doctor, 5 to 14 visits of a carer, 50 to 100 planned by a
coordinator, 100 to 450 banners at a reception of clinics).

Supposed: how the roles share the accounts and the teams, which work each opens for
(`work`, shares of a hundred), and how many of a hundred openings are printed: a
prescription for one case of urgent care in three, a letter for two of five who leave an
emergency department, a few elsewhere. Who keeps the accounts, and who looks after
rights, opens nobody; carers have no seat in a team, so that only their visits explain.
"""

from typing import NamedTuple

from wardkeep.identity.roles import Role

EMERGENCY, URGENT, HALL, ROUND = "emergency", "urgent", "hall", "round"
_AT_A_PLACE = (EMERGENCY, URGENT, HALL, "ward", "desk", "care-home")
Work = tuple[tuple[str, int], ...]


class Post(NamedTuple):
    """What some accounts are for."""

    role: Role
    kind: str
    """Of the team; empty: of none."""
    many: int
    charts: tuple[int, int] = (0, 0)
    work: Work = ()
    prints: int = 0
    """Of a hundred openings."""
    begins: tuple[int, ...] = (8,)
    """Hours at which a shift begins, one as likely as another."""

    @property
    def name(self) -> str:
        """The role, and where it has more than one kind of post, which."""
        role = self.role.value.replace("_", " ")
        several = sum(one.role is self.role for one in POSTS) > 1
        return f"{role}, {self.kind}" if several else role


_WARD = (("ward", 86), ("admission", 5), ("discharged", 4), ("asked", 5))
_DOCTOR = (("team", 47), ("appointment", 30), ("result", 13), ("asked", 10))
_CALLS = (7, 8, 12, 15, 17, 17, 18, 22)
POSTS = (
    Post(
        Role.COMMUNITY_COORDINATOR,
        "community",
        1400,
        (4, 12),
        (("own", 66), ("team", 15), ("referral", 8), ("left", 6), ("asked", 5)),
        prints=2,
    ),
    Post(Role.WARD_NURSE, "ward", 800, (4, 12), _WARD, prints=3, begins=(8, 8, 15)),
    Post(
        Role.WARD_NURSE,
        EMERGENCY,
        100,
        (6, 14),
        (("arrival", 95), ("asked", 5)),
        prints=10,
        begins=(7, 14, 21),
    ),
    Post(
        Role.RECEPTIONIST,
        "desk",
        380,
        (4, 12),
        (("appointment", 70), ("team", 18), ("referral", 12)),
    ),
    Post(Role.RECEPTIONIST, HALL, 40, (100, 250), (("clinic", 100),)),
    Post(Role.DOCTOR, "ward", 120, (10, 20), _DOCTOR, prints=3),
    Post(Role.DOCTOR, "community", 120, (10, 20), _DOCTOR, prints=3),
    Post(
        Role.DOCTOR,
        EMERGENCY,
        40,
        (12, 24),
        (("arrival", 92), ("result", 3), ("asked", 5)),
        prints=40,
        begins=(8, 15, 21),
    ),
    Post(
        Role.CRISIS_WORKER,
        "crisis",
        200,
        (15, 25),
        (("team", 52), ("queue", 36), ("asked", 12)),
        prints=2,
    ),
    Post(Role.HEALTH_ADVISOR, URGENT, 130, (25, 35), (("call", 100),), begins=_CALLS),
    Post(
        Role.URGENT_CARE_CLINICIAN,
        URGENT,
        110,
        (20, 30),
        (("case", 100),),
        prints=33,
        begins=_CALLS,
    ),
    Post(Role.SHIFT_LEAD, URGENT, 20, (10, 30), (("case", 100),), begins=(7, 15, 22)),
    Post(Role.CARER, ROUND, 250, (5, 14), (("visit", 100),), begins=(7, 14)),
    Post(
        Role.CARER,
        "care-home",
        80,
        (5, 14),
        (("ward", 97), ("admission", 3)),
        begins=(7, 14, 21),
    ),
    Post(
        Role.CARE_COORDINATOR,
        ROUND,
        16,
        (20, 50),
        (("team", 85), ("referral", 10), ("asked", 5)),
        prints=5,
    ),
    Post(
        Role.HOSPICE_NURSE,
        "hospice",
        60,
        (8, 15),
        (("own", 55), ("team", 30), ("referral", 10), ("asked", 5)),
        prints=3,
    ),
    Post(Role.FINANCE_CLERK, "", 60),
    Post(Role.PRIVACY_OFFICER, "", 4),
    Post(Role.ADMINISTRATOR, "", 236),
)


WARD_POST = next(one for one in POSTS if one[:2] == (Role.WARD_NURSE, "ward"))


class Worker(NamedTuple):
    """Somebody with an account; `team` counts within their kind of team."""

    account: str
    post: Post
    team: str

    @property
    def role(self) -> Role:
        return self.post.role

    @property
    def reference(self) -> str:
        return f"Practitioner/{self.account}"

    @property
    def has_seat(self) -> bool:
        """Whether the team explains its patients to them."""
        return bool(self.team) and self.post[:2] != (Role.CARER, ROUND)


class Places(NamedTuple):
    """How many there are of each kind; all but the sites are teams."""

    sites: int = 5
    wards: int = 40
    community: int = 78
    crisis: int = 10
    desks: int = 8
    halls: int = 8
    rounds: int = 6
    care_homes: int = 4
    hospices: int = 2
    urgent: int = 1
    emergency: int = 1

    def smaller(self, one_in: int) -> "Places":
        return Places(*(max(1, many // one_in) for many in self))

    def of(self, kind: str) -> int:
        """How many teams of a kind there are."""
        found = {
            "ward": self.wards,
            "community": self.community,
            "crisis": self.crisis,
            "desk": self.desks,
            HALL: self.halls,
            ROUND: self.rounds,
            "care-home": self.care_homes,
            "hospice": self.hospices,
        }
        return found.get(kind, 1)

    def served_by(self, desk: int) -> list[str]:
        """The community teams that a desk answers the telephone for."""
        return [f"community-{one}" for one in range(desk, self.community, self.desks)]

    def stood_for(self, team: str) -> frozenset[str]:
        """The references that a team stands for; a desk, its teams' as well."""
        is_desk = team.startswith("desk-")
        served = self.served_by(int(team[5:])) if is_desk else []
        return frozenset(map(place_of, (team, *served)))


def place_of(team: str) -> str:
    """Where a team works, or the team itself, as the record has it."""
    kind = "Location" if team.startswith(_AT_A_PLACE) else "CareTeam"
    return f"{kind}/{team}"


def workers(places: Places, one_in: int = 1) -> list[Worker]:
    """All 4,166, or one in so many of each post, each with a team of their own."""
    found = []
    for post in POSTS:
        role = post.role.value.replace("_", "-")
        for n in range(max(2, post.many // one_in)):
            team = f"{post.kind}-{n % places.of(post.kind)}" if post.kind else ""
            found.append(Worker(f"{role}-{post.kind or 'office'}-{n}", post, team))
    return found
