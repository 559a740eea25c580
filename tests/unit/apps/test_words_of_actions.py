# SPDX-License-Identifier: Apache-2.0
"""Whatever the door can do has words on each page that tells of openings."""

from pathlib import Path

import pytest

from wardkeep import apps
from wardkeep.apps.own_record.openings import WHAT
from wardkeep.disclosure.purpose import Action
from wardkeep.fhir.audit.events import _KINDS as EVENTS

APPS = Path(apps.__file__).parent
PAGES = ("records/templates/history.html", "security/templates/account.html")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("action", Action)
def test_a_page_of_openings_has_words_for_every_action(
    page: str, action: Action
) -> None:
    assert f'"{action.value}": "' in (APPS / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("action", Action)
def test_patients_and_programs_are_told_every_action(action: Action) -> None:
    assert action.value in WHAT
    assert action.value in EVENTS
