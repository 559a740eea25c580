# SPDX-License-Identifier: Apache-2.0
"""What a session holds, and which tokens are good for what."""

from datetime import UTC, datetime

import msgspec
import pytest

from wardkeep.base.clock import FrozenClock
from wardkeep.identity.roles import Role
from wardkeep.identity.scopes import Scopes, read_scopes
from wardkeep.warden import sessions as module
from wardkeep.warden.sessions import (
    MAX_REASONS_HELD,
    MOST_HANDLES,
    Session,
    Sessions,
    SignedInAs,
)

NOW = datetime(2026, 11, 23, 9, 41, tzinfo=UTC)
NURSE = SignedInAs(
    account="a",
    display_name="Rowan Ash",
    organisation=1,
    organisation_name="Ash",
    organisation_slug="ash",
    role=Role.WARD_NURSE,
    factor="passkey",
    credential=b"key",
    device="",
)


def program() -> SignedInAs:
    scopes = read_scopes("system/Patient.rs")
    assert isinstance(scopes, Scopes)
    return msgspec.structs.replace(NURSE, role=Role.SERVICE, scopes=scopes)


@pytest.fixture
def live() -> Sessions:
    return Sessions(FrozenClock(NOW))


@pytest.fixture
def nurse(live: Sessions) -> Session:
    return live.start(NURSE)[1]


def test_of_those_whom_lists_showed_the_oldest_are_forgotten(nurse: Session) -> None:
    nurse.hold_found([f"p-{n}" for n in range(MAX_REASONS_HELD + 5)], 60.0)
    assert len(nurse.found) == MAX_REASONS_HELD
    assert not nurse.has_found("p-4", 0.0)
    assert nurse.has_found("p-5", 0.0)
    assert not nurse.has_found("p-5", 60.0)


def test_where_programs_prove_their_keys_a_token_alone_opens_nothing(
    live: Sessions,
) -> None:
    token, made = live.start(program())
    assert live.use(token) is made
    assert live.use_at_door(token) is made
    live.bound_only.add(1)
    assert live.use(token) is None
    assert live.use_at_door(token) is None
    live.bound_only = {2}
    assert live.use(token) is made


def test_a_token_bound_to_a_key_is_good_for_nothing_by_itself(live: Sessions) -> None:
    bound = msgspec.structs.replace(program(), key_thumbprint="thumb")
    token, made = live.start(bound)
    assert live.use(token) is None
    assert live.use_at_door(token) is None
    handle = live.new_handle(made)
    assert live.use_at_door(handle) is made


def test_of_many_handles_the_oldest_are_good_no_more(live: Sessions) -> None:
    _, made = live.start(program())
    first, second = live.new_handle(made), live.new_handle(made)
    for _ in range(MOST_HANDLES - 1):
        live.new_handle(made)
    assert live.use_at_door(first) is None
    assert live.use_at_door(second) is made
    assert len(live._handles) == MOST_HANDLES


def test_a_session_that_never_sleeps_is_not_put_to_sleep(
    live: Sessions, nurse: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = nurse.last_used_monotonic
    monkeypatch.setattr(module, "IDLE_SECONDS", nurse.asleep_after_seconds)
    live.put_to_sleep(nurse)
    assert nurse.last_used_monotonic == before
    monkeypatch.undo()
    live.put_to_sleep(nurse)
    assert nurse.last_used_monotonic < before


def test_nobody_is_frozen_until_freezes_say_so(live: Sessions) -> None:
    token, made = live.start(NURSE)
    assert live.use(token) is made
    live.is_frozen = lambda one: one is made
    assert live.use(token) is None
