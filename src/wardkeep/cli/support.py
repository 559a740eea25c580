# SPDX-License-Identifier: Apache-2.0
"""`wardkeep support`: the operator's own people, who see nothing by themselves."""

import click

from wardkeep.cli.account import invite_person
from wardkeep.cli.terminal import json_option

HOME = ROLE = "support"


@click.group()
def support() -> None:
    """Set up people of support; organisations grant them what they may see."""


@support.command()
@click.option("--name", required=True, help="Their name, as organisations see it.")
@click.option("--hours", default=24.0, help="How long the link works.")
@json_option
def invite(*, name: str, hours: float, as_json: bool) -> None:
    """Invite one of your own people, and print their enrolment link.

    \b
    Example:
      wardkeep support invite --name "Wren Hollis"
    """
    invite_person(HOME, name=name, role=ROLE, hours=hours, as_json=as_json)
