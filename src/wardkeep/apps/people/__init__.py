# SPDX-License-Identifier: Apache-2.0
"""People: who works here, starters, movers, leavers, teams, and second persons."""

from wardkeep.apps.people.adding import add_person, show_adding
from wardkeep.apps.people.changing import (
    change_role,
    end_person,
    issue_link,
    show_role,
    show_vouching,
    vouch_for,
)
from wardkeep.apps.people.importing import import_people, show_import
from wardkeep.apps.people.one import leave_team, show_person
from wardkeep.apps.people.overview import KEEPERS, show_people
from wardkeep.apps.people.requests import (
    approve_request,
    issue_links,
    show_request,
    show_requests,
    withdraw_request,
)
from wardkeep.apps.people.teams import end_team, save_site, save_team, show_teams
from wardkeep.apps.people.work import (
    join_team,
    set_places,
    set_practitioner,
    show_places,
    show_work,
)
from wardkeep.web.apps import App
from wardkeep.web.navigation import Link

app = App(
    name="people",
    title="People",
    pages=(
        show_people,
        show_adding,
        add_person,
        show_import,
        import_people,
        show_requests,
        show_request,
        approve_request,
        issue_links,
        withdraw_request,
        show_teams,
        save_site,
        save_team,
        end_team,
        show_places,
        set_places,
        show_person,
        show_work,
        join_team,
        leave_team,
        set_practitioner,
        show_role,
        change_role,
        end_person,
        issue_link,
        show_vouching,
        vouch_for,
    ),
    navigation=(Link(words="People", path="/people", gate=KEEPERS, position=40),),
)
