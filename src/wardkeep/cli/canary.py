# SPDX-License-Identifier: Apache-2.0
"""`wardkeep canary`: patients who do not exist, so that who goes through all is caught.

No command says which they are.
"""

import asyncio
from pathlib import Path

import click
import msgspec

from wardkeep.assembly.aging import refresh as refresh_records
from wardkeep.assembly.planting import SHARE, plant as plant_records
from wardkeep.cli.terminal import ask_operator, installation, json_option, print_json
from wardkeep.disclosure.canaries import CanaryCounts, CountCanaries, RetireCanaries

_organisation = click.option(
    "--organisation", required=True, help="Its short name, as in: fernhill."
)


@click.group()
def canary() -> None:
    """Plant patients who do not exist; who opens one finds records closed."""


@canary.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@_organisation
@click.option(
    "--reserved",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of NHS numbers that were reserved for this and that nobody gets, one a"
    " line. Without it only numbers of the test range are taken.",
)
@json_option
def plant(
    *, paths: tuple[Path, ...], organisation: str, reserved: Path | None, as_json: bool
) -> None:
    """Plant records of people who do not exist: FHIR R4 bundles, one person a file.

    They must look like yours and be on no list of work. In the demonstration they are
    made by themselves, seven in a hundred. Read docs/how-to/canaries.md first.

    \b
    Example:
      wardkeep canary plant --organisation fernhill
      wardkeep canary plant nobody/ --organisation fernhill --reserved numbers.txt
    """
    settings, layout = installation()
    numbers = reserved.read_text("utf-8").split() if reserved else []
    made = asyncio.run(
        plant_records(
            settings,
            layout,
            organisation=organisation,
            paths=paths,
            reserved=frozenset(numbers),
        )
    )
    if as_json:
        print_json(made)
        return
    click.echo(
        f"{made.planted:,} were planted. Of a hundred records {made.share} are nobody's"
        f" now; {SHARE} stop 95 of 100 scrapers within 42 openings."
    )


@canary.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@_organisation
@json_option
def refresh(*, paths: tuple[Path, ...], organisation: str, as_json: bool) -> None:
    """Give them new writing, as patients whom no work concerns got since the last time.

    PATHS are further records of nobody, from which it is taken; in the demonstration
    they are made. Give it each month, right after an import where there is one.

    \b
    Example:
      wardkeep canary refresh --organisation fernhill
      wardkeep canary refresh spare/ --organisation fernhill
    """
    settings, layout = installation()
    made = asyncio.run(
        refresh_records(settings, layout, organisation=organisation, paths=paths)
    )
    if as_json:
        print_json(made)
        return
    click.echo(f"{made.written:,} entries were added to {made.canaries:,} canaries.")
    if made.unmatched:
        click.echo(f"{made.unmatched:,} more had nothing spare of their type.")


@canary.command()
@_organisation
@json_option
def count(*, organisation: str, as_json: bool) -> None:
    """How many there are, and how many of them somebody opened.

    \b
    Example:
      wardkeep canary count --organisation fernhill
    """
    _tell(ask_operator(CountCanaries(organisation), CanaryCounts), as_json=as_json)


@canary.command()
@_organisation
@click.option(
    "--met", "is_met_only", is_flag=True, help="Only those that somebody opened."
)
@json_option
def retire(*, organisation: str, is_met_only: bool, as_json: bool) -> None:
    """Destroy their records; no copy of them opens again.

    \b
    Example:
      wardkeep canary retire --met --organisation fernhill
    """
    asked = RetireCanaries(organisation, is_met_only)
    found = ask_operator(asked, CanaryCounts)
    while found.met if is_met_only else found.living:
        found = ask_operator(asked, CanaryCounts)
    _tell(found, as_json=as_json)


def _tell(found: CanaryCounts, *, as_json: bool) -> None:
    if as_json:
        print_json(msgspec.structs.asdict(found))
    else:
        click.echo(
            f"Canaries: {found.living:,}, of which somebody opened {found.met:,};"
            f" {found.retired:,} were retired."
        )
