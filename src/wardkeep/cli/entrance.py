# SPDX-License-Identifier: Apache-2.0
"""The command group, its exit codes, and the last place an error is turned to words.

Exit codes: 0 done; 1 it did not work; 2 the command was written wrongly; 3 the
settings are wrong; 4 something that must be running is not.
"""

import sys

import click

from wardkeep import __version__
from wardkeep.cli.account import account
from wardkeep.cli.canary import canary
from wardkeep.cli.client import client
from wardkeep.cli.data_set import dataset
from wardkeep.cli.demo import demo
from wardkeep.cli.doctor import doctor
from wardkeep.cli.drill import drill
from wardkeep.cli.endings import ending_of
from wardkeep.cli.identity_provider import identity_provider
from wardkeep.cli.importing import import_
from wardkeep.cli.incident import incident
from wardkeep.cli.key import key
from wardkeep.cli.ledger import ledger
from wardkeep.cli.ledger_asking import ask, compact
from wardkeep.cli.ledger_copies import backup, restore
from wardkeep.cli.migrate import migrate
from wardkeep.cli.organisation import organisation
from wardkeep.cli.partner import partner
from wardkeep.cli.processes import serve, synthetic_pds, warden, web, worker
from wardkeep.cli.scope import scope
from wardkeep.cli.support import support
from wardkeep.cli.triage import triage
from wardkeep.cli.witness import witness
from wardkeep.cli.work import work


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="wardkeep")
def commands() -> None:
    """Health and care records that one stolen account cannot empty."""


for _command in (
    serve,
    web,
    warden,
    worker,
    synthetic_pds,
    demo,
    import_,
    migrate,
    key,
    ledger,
    witness,
    scope,
    incident,
    drill,
    organisation,
    account,
    work,
    client,
    partner,
    identity_provider,
    support,
    canary,
    dataset,
    triage,
    doctor,
):
    commands.add_command(_command)
for _command in (compact, ask, backup, restore):
    ledger.add_command(_command)


def main() -> None:
    """Run a command; errors become words on standard error and an exit code."""
    try:
        commands()
    except Exception as error:
        ending = ending_of(error)
        if ending is None:
            raise
        code, lines = ending
        for line in lines:
            click.echo(f"wardkeep: {line}", err=True)
        sys.exit(code)
