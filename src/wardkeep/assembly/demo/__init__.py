# SPDX-License-Identifier: Apache-2.0
"""The demo people: two organisations, their staff and 400 fictional patients."""

from wardkeep.assembly.demo.accounts import (
    DemoAccount,
    DemoTeam,
    demo_accounts,
    demo_teams,
)
from wardkeep.assembly.demo.bundles import demo_organisation_bundle, demo_patients
from wardkeep.assembly.demo.nobody import nobodies
from wardkeep.assembly.demo.organisations import DemoOrganisation, demo_organisations

__all__ = [
    "DemoAccount",
    "DemoOrganisation",
    "DemoTeam",
    "demo_accounts",
    "demo_organisation_bundle",
    "demo_organisations",
    "demo_patients",
    "demo_teams",
    "nobodies",
]
