# SPDX-License-Identifier: Apache-2.0
"""`wardkeep doctor`: what is wrong with this installation, and the mend."""

import asyncio
import sys

import click
import msgspec

from wardkeep.assembly.checkup import Finding, check_up
from wardkeep.cli.terminal import installation, json_option, print_json


@click.command()
@json_option
def doctor(*, as_json: bool) -> None:
    """Look at everything that must be right; exit code 1 when something is not.

    What would make it better, and is not wrong, stands under "to do".

    \b
    Example:
      wardkeep doctor
    """
    findings = asyncio.run(check_up(*installation()))
    if as_json:
        print_json([msgspec.structs.asdict(one) for one in findings])
    else:
        for one in findings:
            click.echo(_line(one))
    sys.exit(0 if all(one.is_well for one in findings) else 1)


def _line(finding: Finding) -> str:
    if finding.advice:
        return f"  to do  {finding.what}. {finding.advice}"
    if finding.is_well:
        return f"  well   {finding.what}"
    return f"  WRONG  {finding.what}. {finding.mend}"
