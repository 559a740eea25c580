# SPDX-License-Identifier: Apache-2.0
"""The command group, its exit codes, and the last place an error is turned to words.

Exit codes: 0 done; 1 it did not work; 2 the command was written wrongly; 3 the
settings are wrong; 4 something that must be running is not.
"""

import sys

import click

from wardkeep import __version__
from wardkeep.cli.endings import ending_of
from wardkeep.cli.lazily import LazyGroup, Offer

_OFFERS = {
    "serve": Offer("serve:serve", "Run every process, supervised, until Ctrl-C."),
    "web": Offer(
        "web:web", "Run the web process alone, as in production under its own OS user."
    ),
    "warden": Offer(
        "warden:warden", "Run the warden alone, as in production under its own OS user."
    ),
    "worker": Offer(
        "worker:worker", "Run the worker alone, as in production under its own OS user."
    ),
    "synthetic-pds": Offer("synthetic_pds:synthetic_pds", ""),
    "synthetic-telephone": Offer("synthetic_telephone:synthetic_telephone", ""),
    "demo": Offer(
        "demo:demo",
        "Set up a demonstration with fictional people and serve it until Ctrl-C.",
    ),
    "import": Offer("importing:import_", "Load FHIR R4 bundles and resources."),
    "migrate": Offer("migrate:migrate", "Apply the migrations that are missing."),
    "key": Offer("key:key", "See, replace, split and recover keys."),
    "ledger": Offer(
        "ledger:ledger",
        "Prove that nothing in the ledger was edited, dropped or reordered.",
    ),
    "witness": Offer(
        "witness:witness",
        "Remember what a ledger said, so that nobody can take it back.",
    ),
    "scope": Offer(
        "scope:scope",
        "Exactly whose records an account was given, and which resources of them.",
    ),
    "incident": Offer(
        "incident:incident",
        "Say that somebody got at records without a right to, and what must be told.",
    ),
    "drill": Offer(
        "drill:drill",
        "Attack an installation made for it, and print what each attack reached.",
    ),
    "organisation": Offer(
        "organisation:organisation", "Set up organisations, each with a key of its own."
    ),
    "account": Offer("account:account", "Invite people, list them, end their access."),
    "work": Offer(
        "work:work", "Say which account a practitioner is, and which team works where."
    ),
    "client": Offer("client:client", "Register programs that read or write records."),
    "partner": Offer(
        "partner:partner",
        "Send referrals to other services by message, and take theirs in.",
    ),
    "identity-provider": Offer(
        "identity_provider:identity_provider",
        "Let people sign in by an identity that they have elsewhere.",
    ),
    "support": Offer(
        "support:support",
        "Set up people of support; organisations grant them what they may see.",
    ),
    "canary": Offer(
        "canary:canary",
        "Plant patients who do not exist; who opens one finds records closed.",
    ),
    "dataset": Offer(
        "data_set:dataset", "Go through a national data set, or take it as files."
    ),
    "figures": Offer(
        "figures:figures", "Hold figures of urgent care against the records."
    ),
    "triage": Offer(
        "triage:triage", "Decision support of urgent care: check its content."
    ),
    "doctor": Offer(
        "doctor:doctor",
        "Look at everything that must be right; exit code 1 when something is not.",
    ),
}


@click.group(
    cls=LazyGroup,
    offers=_OFFERS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="wardkeep")
def commands() -> None:
    """Health and care records that one stolen account cannot empty."""


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
