# SPDX-License-Identifier: Apache-2.0
"""Under which name and key a ledger is read: given, or this installation's own."""

import click

from wardkeep.assembly.layout import Layout
from wardkeep.assembly.proof import name_from, verify_key_from
from wardkeep.base.settings import Settings
from wardkeep.cli.terminal import fail
from wardkeep.crypto.signing import VerifyKey

key_option = click.option(
    "--key",
    "public_key",
    help="The ledger's key, NAME+ID+KEY, as `wardkeep ledger key` prints it.",
)


def named_key(
    settings: Settings, layout: Layout, given: str | None
) -> tuple[str, VerifyKey]:
    """The ledger's name and public key; where there is none, the command ends."""
    try:
        name, key = name_from(settings, given), verify_key_from(layout, given)
    except ValueError as error:
        fail(str(error))
    if key is None:
        fail("there is no public key here; give it with --key.")
    return name, key
