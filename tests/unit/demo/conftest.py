# SPDX-License-Identifier: Apache-2.0
"""The demo of one spring day, generated once for all its tests."""

from datetime import date
from typing import Any

import pytest

from wardkeep.assembly.demo import (
    DemoOrganisation,
    demo_organisations,
    demo_patients,
)

Json = dict[str, Any]
Records = dict[str, list[Json]]


@pytest.fixture(scope="session")
def today() -> date:
    return date(2026, 3, 11)


@pytest.fixture(scope="session")
def organisations() -> dict[str, DemoOrganisation]:
    return {each.slug: each for each in demo_organisations()}


@pytest.fixture(scope="session")
def records(organisations: dict[str, DemoOrganisation], today: date) -> Records:
    """Every patient's resources without their entries' wrapping, by organisation."""
    return {
        slug: [
            {"resources": [entry["resource"] for entry in bundle["entry"]]}
            for bundle in demo_patients(organisation, today=today)
        ]
        for slug, organisation in organisations.items()
    }
