# SPDX-License-Identifier: Apache-2.0
"""Whatever the door can do has words on each page that tells of openings."""

from pathlib import Path

import pytest

from wardkeep import apps
from wardkeep.apps.own_record.openings import WHAT
from wardkeep.breach.told import WAY_WORDS
from wardkeep.disclosure.purpose import Action
from wardkeep.fhir.audit.events import _KINDS as EVENTS, _MEDIA as MEDIA
from wardkeep.ledger.onward import APP, SEND, WAYS

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


@pytest.mark.parametrize("way", sorted(WAYS))
def test_a_draft_and_a_program_are_told_every_way_on(way: str) -> None:
    """A message names its receiver; whatever else leaves lies on something."""
    assert way in WAY_WORDS
    assert (way in MEDIA) is not (way == SEND)


def test_what_an_app_got_has_words_too() -> None:
    assert set(WAY_WORDS) == WAYS | {APP}
