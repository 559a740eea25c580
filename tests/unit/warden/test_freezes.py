# SPDX-License-Identifier: Apache-2.0
"""Which freeze stops a session, found without looking at everybody else's."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from wardkeep.base.clock import FrozenClock
from wardkeep.identity.app_scopes import AppScopes
from wardkeep.identity.roles import Role
from wardkeep.warden import freezes
from wardkeep.warden.freezes import Freeze, Freezes
from wardkeep.warden.session_parts import ByApp
from wardkeep.warden.sessions import Session, Sessions, SignedInAs

NOW = datetime(2026, 11, 23, 9, 41, tzinfo=UTC)
AN_APP = ByApp(
    app="9f",
    name="Charts",
    grant="1",
    patient="",
    scopes=AppScopes(()),
    purpose="direct-care",
    reason="",
    person_session=b"",
    patients_per_hour=5,
)


def session(organisation: int, account: str, key: bytes, role: Role) -> Session:
    _, made = Sessions(FrozenClock(NOW)).start(
        SignedInAs(
            account=account,
            display_name="Rowan Ash",
            organisation=organisation,
            organisation_name="Ash",
            organisation_slug="ash",
            role=role,
            factor="passkey",
            credential=key,
            device="",
        )
    )
    return made


def freeze(
    number: int, organisation: int, kind: str, target: str, cause: str, team: str
) -> Freeze:
    return Freeze(
        id=str(number),
        organisation=organisation,
        kind=kind,
        target=f"team {target}" if kind == freezes.TEAM else target,
        because="odd openings",
        cause=cause,
        frozen_at=NOW,
        accounts=frozenset({team} if kind == freezes.TEAM else ()),
    )


NAMES = st.sampled_from(("a", "b", "6b"))
MADE = st.tuples(
    st.integers(1, 2),
    st.sampled_from(freezes.KINDS),
    NAMES,
    st.sampled_from((freezes.BUDGET, freezes.BY_HAND)),
    NAMES,
)
SESSIONS = st.builds(
    session,
    st.integers(1, 2),
    st.sampled_from(("a", "b")),
    st.sampled_from((b"k", b"")),
    st.sampled_from((Role.WARD_NURSE, Role.SUPPORT, Role.ADMINISTRATOR)),
)


@given(st.lists(MADE, max_size=8), st.sets(st.integers(0, 7)), SESSIONS)
def test_a_session_is_stopped_by_what_names_it_and_by_nothing_else(
    made: list[tuple[int, str, str, str, str]], released: set[int], one: Session
) -> None:
    known, holding = Freezes(), []
    for number, told in enumerate(made):
        each = freeze(number, *told)
        known.add(each)
        if number in released:
            known.release(each, at=NOW, by="officer", reason="it was her")
        else:
            holding.append(each)
    naming = [each for each in holding if each.names(one)]
    found = known.of(one)
    assert (found is None) == (not naming)
    assert found is None or found in naming
    assert known.stops(one) == any(not each.is_of_records_only for each in naming)


def test_whoever_freezes_thousands_delays_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Freezing takes no passkey, and each use of a session asks for what holds."""
    known, looked_at = Freezes(), 0
    for number in range(5000):
        told = (freezes.DEVICE, f"{number}", freezes.BY_HAND, "")
        known.add(freeze(number, 1 + number % 2, *told))
    names = Freeze.names

    def counted(self: Freeze, one: Session) -> bool:
        nonlocal looked_at
        looked_at += 1
        return names(self, one)

    monkeypatch.setattr(Freeze, "names", counted)
    assert known.of(session(1, "a", b"k", Role.WARD_NURSE)) is None
    assert looked_at <= 1


def test_all_that_hold_are_gone_through_while_one_is_released() -> None:
    held = Freezes()
    for number in range(3):
        held.add(freeze(number, 1, freezes.ACCOUNT, str(number), freezes.BY_HAND, ""))
    assert len(held) == 3
    for one in held:
        held.release(one, at=NOW, by="a", reason="a telephone call")
    assert len(held) == 0


@pytest.mark.parametrize(
    ("role", "is_app", "is_stopped"),
    [
        (Role.WARD_NURSE, True, True),
        (Role.WARD_NURSE, False, False),
        (Role.SUPPORT, False, True),
        (Role.SERVICE, False, True),
        (Role.ADMINISTRATOR, False, False),
    ],
)
def test_suppliers_are_programs_the_operators_people_and_apps(
    role: Role, *, is_app: bool, is_stopped: bool
) -> None:
    """Of a person whose app is stopped, nothing else is."""
    one = session(1, "a", b"k", role)
    one.app = AN_APP if is_app else None
    held = Freezes()
    held.add(freeze(1, 1, freezes.SUPPLIER, "", freezes.BY_HAND, ""))
    assert (held.of(one) is not None) is is_stopped
