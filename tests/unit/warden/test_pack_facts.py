# SPDX-License-Identifier: Apache-2.0
"""What a kiosk's pack is made by, while an organisation's keys are replaced."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from unit.warden.test_token_keys import state
from wardkeep.base.clock import FrozenClock
from wardkeep.crypto.aead import Key, new_key
from wardkeep.identity import known_facts
from wardkeep.identity.arrivals import terms_of
from wardkeep.warden.service.kiosk_packs import (
    MERGED_WITHIN,
    MOST_KNOWN,
    PACKS_AN_HOUR,
    KioskPacks,
    Voucher,
    _voucher_identity,
    _vouchers,
)
from wardkeep.warden.token_keys import TokenPhase

BORN, DAY = date(1950, 2, 3), date(1950, 2, 4)


class Keys:
    """A key store of one organisation, in whichever phase."""

    phase = TokenPhase.AT_REST
    in_use: tuple[Key, ...] = ()

    def pack_keys(self, _organisation: int) -> tuple[Key, ...]:
        return self.in_use

    def tokens_of(self, _organisation: int) -> Any:
        return state(self.phase)

    def tokens(self, _organisation: int, values: tuple[bytes, ...]) -> tuple[int, ...]:
        return state(self.phase).searched(values)


async def test_facts_are_known_by_the_tokens_that_rows_hold_after_a_switch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(known_facts, "OLDEST_YEARS", 1)
    monkeypatch.setattr(known_facts, "LETTERS", 1)
    keys = Keys()
    parts = SimpleNamespace(known=SimpleNamespace(keystore=keys), clock=None)
    packs = KioskPacks(cast("Any", parts), cast("Any", None))
    maker = cast("Any", SimpleNamespace(kiosk=SimpleNamespace(organisation=1), day=DAY))
    terms = terms_of(BORN, "a")
    first = await packs._facts(maker)
    for keys.phase in (TokenPhase.FILLING, TokenPhase.SWITCHED, TokenPhase.EMPTYING):
        in_rows = state(keys.phase).searched(terms)
        known = await packs._facts(maker)
        assert known.of(in_rows).born == (BORN.isoformat(),), keys.phase
        assert (known is first) is (keys.phase is TokenPhase.FILLING)
    assert await packs._facts(maker) is await packs._facts(maker)


async def test_facts_of_a_few_organisations_are_kept_and_of_others_made_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each takes megabytes: a house with hundreds of organisations keeps the newest."""
    monkeypatch.setattr(known_facts, "OLDEST_YEARS", 1)
    monkeypatch.setattr(known_facts, "LETTERS", 1)
    parts = SimpleNamespace(known=SimpleNamespace(keystore=Keys()), clock=None)
    packs = KioskPacks(cast("Any", parts), cast("Any", None))

    async def facts_of(organisation: int) -> known_facts.KnownFacts:
        kiosk = SimpleNamespace(organisation=organisation)
        return await packs._facts(cast("Any", SimpleNamespace(kiosk=kiosk, day=DAY)))

    first, second = await facts_of(1), await facts_of(2)
    for organisation in range(3, MOST_KNOWN + 1):
        await facts_of(organisation)
    assert await facts_of(1) is first, "and is the newest again"
    await facts_of(MOST_KNOWN + 1)
    assert await facts_of(1) is first
    again = await facts_of(2)
    assert again is not second
    in_rows = Keys().tokens(2, terms_of(BORN, "a"))
    assert again.of(in_rows).born == (BORN.isoformat(),)
    assert len(packs._known) == MOST_KNOWN


def test_a_kiosk_that_asked_too_often_has_its_pack_when_the_hour_is_over() -> None:
    clock = FrozenClock(datetime(2026, 11, 30, 9, 0, tzinfo=UTC))
    parts = SimpleNamespace(clock=clock)
    packs = KioskPacks(cast("Any", parts), cast("Any", None))
    assert not packs._is_too_often("kiosk")
    clock.move(timedelta(minutes=30))
    tried = [packs._is_too_often("kiosk") for _ in range(PACKS_AN_HOUR)]
    assert tried == [False] * (PACKS_AN_HOUR - 1) + [True]
    assert not packs._is_too_often("another")
    clock.move(timedelta(minutes=30, seconds=1))
    assert [packs._is_too_often("kiosk") for _ in range(2)] == [False, True]
    clock.move(timedelta(hours=1))
    assert not packs._is_too_often("kiosk")


def test_what_an_older_key_sealed_is_taken_for_as_long_as_a_voucher_is_good() -> None:
    """A kiosk was without us while its organisation's key was replaced.

    Whoever knows the key that is gone makes no voucher that was not ours.
    """
    keys, clock = Keys(), FrozenClock(datetime(2026, 11, 30, 9, 0, tzinfo=UTC))
    parts = SimpleNamespace(known=SimpleNamespace(keystore=keys), clock=clock)
    packs = KioskPacks(cast("Any", parts), cast("Any", None))
    kiosk = cast("Any", SimpleNamespace(organisation=1, account="kiosk"))
    old, new = new_key(), new_key()
    packs._marks_of("kiosk", date(2026, 11, 30))["of-anna"] = b"m" * 16
    voucher = Voucher("anna", "of-anna", "2026-11-30", b"m" * 16)

    def by_old(one: Voucher) -> bytes:
        plain = msgspec.msgpack.encode(one)
        return _vouchers(old).seal(plain, _voucher_identity(kiosk))

    sealed = by_old(voucher)
    forged = (
        msgspec.structs.replace(voucher, mark=b""),
        msgspec.structs.replace(voucher, mark=b"n" * 16),
        msgspec.structs.replace(voucher, appointment="of-otto"),
        msgspec.structs.replace(voucher, day="2026-11-29"),
    )
    keys.in_use = (new,)
    assert packs._opened(kiosk, sealed) is None, "of a key that it never met"
    for keys.in_use in ((old,), (new, old), (new,)):
        assert packs._voucher_keys(1)[0] == keys.in_use[0]
        assert packs._opened(kiosk, sealed) == voucher
    assert [packs._opened(kiosk, by_old(one)) for one in forged] == [None] * 4
    other = cast("Any", SimpleNamespace(organisation=1, account="another"))
    assert packs._opened(other, sealed) is None
    clock.move(MERGED_WITHIN + timedelta(seconds=1))
    assert packs._opened(kiosk, sealed) is None
    assert packs._voucher_keys(1) == [new]
    packs._marks_of("kiosk", date(2026, 12, 1))
    assert len(packs._marks) == 2
    packs._marks_of("kiosk", date(2026, 12, 2))
    assert ("kiosk", date(2026, 11, 30)) not in packs._marks
