# SPDX-License-Identifier: Apache-2.0
"""Messages about people: who works here, in which role and team, and who said so."""

from typing import TypeAlias

import msgspec

from wardkeep.disclosure.message import Message

MOST_PEOPLE = 500
"""Of one question: a hospital's intake of a month."""


class NewPerson(msgspec.Struct, frozen=True, array_like=True):
    """Somebody who is to work here."""

    display_name: str
    role: str
    until: int = 0
    """UTC microseconds since 1970; 0: until somebody ends it."""
    team: str = ""
    """A team's id; empty: none."""


# Acts: each is confirmed with a fresh passkey (confirming.py) -------------------


class AddPeople(Message, frozen=True):
    """New accounts; who would open records works only once a second person agrees."""

    people: tuple[NewPerson, ...]


class ChangeRole(Message, frozen=True):
    """A mover: another role, or another end, in this organisation."""

    account: str
    role: str
    until: int = 0


class EndPerson(Message, frozen=True):
    """A leaver: everything of theirs in this organisation ends at once."""

    account: str


class IssueLinks(Message, frozen=True):
    """First enrolment links, for people who have no passkey yet. Gives `Links`."""

    accounts: tuple[str, ...]


class VouchFor(Message, frozen=True):
    """A link for somebody who lost every passkey. Gives `Links`, or waits for a second.

    The old passkeys end when the new one is made.
    """

    account: str
    how: str
    """How the one who vouches made sure who it is."""


class ApproveRights(Message, frozen=True):
    """The second person's yes to what somebody else asked for."""

    request: str


class StandFor(Message, frozen=True):
    """Say which practitioner of the record an account is; none: nobody any more."""

    account: str
    references: tuple[str, ...]
    """As in `Practitioner/x`, `PractitionerRole/y`."""


class PlaceTeam(Message, frozen=True):
    """Say which places and services of the record a team works in."""

    team: str
    references: tuple[str, ...]
    """As in `Location/x`, `CareTeam/y`."""


class JoinTeam(Message, frozen=True):
    """Put somebody into a team, for good or for a while, as for a shift."""

    team: str
    account: str
    since: int = 0
    until: int = 0
    """UTC microseconds since 1970; 0: from now, until somebody ends it."""


class ChangePasskeys(Message, frozen=True):
    """Add or revoke passkeys of one's own, for the next minutes."""


PeopleAct: TypeAlias = (
    AddPeople
    | ChangeRole
    | EndPerson
    | IssueLinks
    | VouchFor
    | ApproveRights
    | StandFor
    | PlaceTeam
    | JoinTeam
    | ChangePasskeys
)

# Questions ------------------------------------------------------------------------


class ListPeople(Message, frozen=True):
    """Everybody who works in the session's organisation, or did."""

    session: str


class ListRightsRequests(Message, frozen=True):
    """Changes of rights: those that wait, then the newest."""

    session: str


class WithdrawRights(Message, frozen=True):
    """Take a question back, or say no."""

    session: str
    request: str


class ListTeams(Message, frozen=True):
    """Sites and teams with their members."""

    session: str


class SaveSite(Message, frozen=True):
    """A new site, or another name for one. Gives its id."""

    session: str
    name: str
    id: str = ""


class SaveTeam(Message, frozen=True):
    """A new team, or another name or site for one. Gives its id."""

    session: str
    name: str
    site: str = ""
    id: str = ""


class EndTeam(Message, frozen=True):
    """End a team or a site; its members keep their work."""

    session: str
    id: str


class LeaveTeam(Message, frozen=True):
    """Take somebody out of a team."""

    session: str
    team: str
    account: str


class ListMyOrganisations(Message, frozen=True):
    """Where the session's account works."""

    session: str


class SwitchOrganisation(Message, frozen=True):
    """Work in another organisation of one's own: a new session; this one ends."""

    session: str
    organisation: int


class AcceptInvitation(Message, frozen=True):
    """Take on the work that a link is for with the account one has already."""

    session: str
    secret: str


PeopleQuestion: TypeAlias = (
    ListPeople
    | ListRightsRequests
    | WithdrawRights
    | ListTeams
    | SaveSite
    | SaveTeam
    | EndTeam
    | LeaveTeam
    | ListMyOrganisations
    | SwitchOrganisation
    | AcceptInvitation
)

# Answers --------------------------------------------------------------------------


class PersonView(msgspec.Struct, frozen=True, array_like=True):
    """Somebody who works here, as an administrator sees them; times 0: none."""

    account: str
    display_name: str
    role: str
    role_title: str
    since: int
    until: int
    ended_at: int
    passkeys: int
    device_bound: int
    """How many of the passkeys stay on one device."""
    last_signed_in: int
    sessions: int
    teams: tuple[str, ...]
    has_link: bool
    """Whether an enrolment link is out that has not been used."""


class People(Message, frozen=True):
    """By name."""

    people: tuple[PersonView, ...]


class RightsRequestView(msgspec.Struct, frozen=True, array_like=True):
    """A change of rights; times are 0 where they have not come."""

    id: str
    title: str
    lines: tuple[tuple[str, str], ...]
    asked_by: str
    asked_at: int
    approved_by: str
    approved_at: int
    withdrawn_by: str
    withdrawn_at: int
    is_mine: bool
    accounts: tuple[str, ...]
    """The accounts that came of it."""


class RightsRequests(Message, frozen=True):
    """Those that wait first."""

    requests: tuple[RightsRequestView, ...]


class EnrolmentLink(msgspec.Struct, frozen=True, array_like=True):
    """A secret that enrols one person's passkey, told once."""

    account: str
    display_name: str
    secret: str
    expires_at: int


class Links(Message, frozen=True):
    """Enrolment links, by name."""

    links: tuple[EnrolmentLink, ...]


class Waiting(Message, frozen=True):
    """It is asked for, and waits for a second person."""

    request: str


class TeamView(msgspec.Struct, frozen=True, array_like=True):
    """A team and who is in it."""

    id: str
    name: str
    site: str
    members: tuple[tuple[str, str, int], ...]
    """(account, display name, until when or 0), by name."""
    places: tuple[str, ...] = ()
    """References that the team stands for."""


class SiteView(msgspec.Struct, frozen=True, array_like=True):
    """A place of the organisation."""

    id: str
    name: str


class Teams(Message, frozen=True):
    """Sites and teams, by name."""

    sites: tuple[SiteView, ...]
    teams: tuple[TeamView, ...]
    practitioners: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(account, references) of those who stand for any."""


class OrganisationView(msgspec.Struct, frozen=True, array_like=True):
    """An organisation in which somebody works."""

    number: int
    name: str
    role_title: str
    is_current: bool


class MyOrganisations(Message, frozen=True):
    """By name."""

    organisations: tuple[OrganisationView, ...]


PeopleAnswer: TypeAlias = (
    People | RightsRequests | Links | Waiting | Teams | MyOrganisations
)
