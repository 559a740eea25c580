# SPDX-License-Identifier: Apache-2.0
"""What the doctor says of an installation that is well, and could be better kept."""

import secrets

from support.warden import Installation, RunningWarden, given, running_warden
from wardkeep.assembly.checkup import Finding, check_up
from wardkeep.cli.doctor import _line
from wardkeep.disclosure.answers import NewKeys
from wardkeep.disclosure.canaries import CanaryCounts, CountCanaries, PlantCanaries
from wardkeep.disclosure.questions import NewPatientKeys


async def due(installation: Installation) -> list[Finding]:
    found = await check_up(installation.settings, installation.layout)
    assert all(one.is_well for one in found if one.advice)
    return [one for one in found if one.advice]


async def plant(warden: RunningWarden) -> None:
    session, patient = await warden.import_session(warden.home), secrets.token_hex(8)
    keys = await warden.operator.ask(NewPatientKeys(session, (patient,)), NewKeys)
    assert isinstance(keys, NewKeys)
    planted = PlantCanaries(warden.home, (keys.patients[0].patient,))
    given(await warden.operator.ask(planted, CanaryCounts), CanaryCounts)


async def test_without_a_witness_or_canaries_there_is_something_to_do(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        warden.home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(warden.home)
        told = await due(installation)
        assert "No witness signs the ledger's checkpoints" in [one.what for one in told]
        [mine] = [one for one in told if one.what.startswith(warden.home)]
        assert _line(mine) == (
            f"  to do  {warden.home} has no canaries. Who goes through its records is"
            f" not caught by one: wardkeep canary plant --organisation {warden.home}"
        )
        await plant(warden)
        counted = await warden.operator.ask(CountCanaries(warden.home), CanaryCounts)
        assert isinstance(counted, CanaryCounts)
        assert counted.living == 1
        told = await due(installation)
        assert not [one for one in told if one.what.startswith(warden.home)]


async def test_where_no_warden_answers_nothing_is_said_of_canaries(
    installation: Installation,
) -> None:
    assert not [one for one in await due(installation) if "canaries" in one.what]
