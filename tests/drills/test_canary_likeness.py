# SPDX-License-Identifier: Apache-2.0
"""Canaries look like patients whom no work concerns: two classifiers try to tell them.

Compared are records of the same organisation, as the API gives them. Who has a clinic,
a stay or a round is on somebody's list, and a canary never is.
"""

from datetime import date
from itertools import islice
from pathlib import Path

import msgspec
import pytest

from support.all_records import Records, ids, is_of_no_work, opened
from support.likeness import Features, features_of, regression, scatter, stumps
from support.warden import Installation, running_warden
from wardkeep.assembly.demo import (
    demo_organisation_bundle,
    demo_organisations,
    demo_patients,
    nobodies,
)
from wardkeep.assembly.importing import load_paths
from wardkeep.assembly.planting import plant

PATIENTS, CANARIES = 240, 90
BOUND = 4.5
"""Standard deviations of chance: one test in a thousand fails by it, of 70 features."""
TODAY = date(2026, 11, 28)


@pytest.fixture
async def kinds(
    installation: Installation, tmp_path: Path
) -> tuple[list[Features], list[Features], Records]:
    """Features of the canaries, of the patients whom no work concerns; and all."""
    hospital = msgspec.structs.replace(demo_organisations()[0], patient_count=PATIENTS)
    real, nobody = tmp_path / "real", tmp_path / "nobody"
    for folder in (real, nobody):
        folder.mkdir()
    bundle = msgspec.json.encode(demo_organisation_bundle(hospital))
    (real / "0-organisation.json").write_bytes(bundle)
    for n, one in enumerate(demo_patients(hospital, today=TODAY)):
        (real / f"{n}.json").write_bytes(msgspec.json.encode(one))
    for n, text in enumerate(islice(nobodies(hospital, today=TODAY), CANARIES)):
        (nobody / f"{n}.json").write_bytes(text)
    async with running_warden(installation) as warden:
        number = await warden.organisation(hospital.slug)
        settings, layout = installation.settings, installation.layout
        report = await load_paths(
            settings,
            layout,
            paths=[real],
            organisation=hospital.slug,
            show=lambda **_: None,
        )
        assert (report.patients, report.refused) == (PATIENTS, [])
        before = await ids(installation, number)
        made = await plant(settings, layout, organisation=hospital.slug, paths=[nobody])
        assert (made.planted, made.living) == (CANARIES, CANARIES)
        records = await opened(warden, number)
    canaries = [features_of(*records[one]) for one in records if one not in before]
    others = [
        features_of(*records[one]) for one in before if is_of_no_work(records[one][0])
    ]
    return canaries, others, records


async def test_no_feature_and_no_regression_tells_a_canary_from_a_patient(
    kinds: tuple[list[Features], list[Features], Records],
) -> None:
    canaries, others, records = kinds
    assert len(canaries) == CANARIES
    assert len(others) > PATIENTS / 3
    assert all(is_of_no_work(found) for found, _ in records.values()) is False
    bound = BOUND * scatter(len(canaries), len(others))
    told = {
        name: round(area, 3)
        for name, area in stumps(canaries, others).items()
        if abs(area - 0.5) > bound
    }
    assert told == {}
    assert abs(regression(canaries, others) - 0.5) <= bound

    # The same classifiers find a difference where there is one: canaries that are dated
    # when they were planted, an hour later.
    late = [
        one | {name: one[name] + 3600 for name in ("last updated", "updated first")}
        for one in canaries
    ]
    assert stumps(late, others)["last updated"] > 0.5 + bound
    assert regression(late, others) > 0.5 + bound
