# SPDX-License-Identifier: Apache-2.0
"""Enrolling, sessions and passkeys of one's own, and who must stay outside."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from support.acts import Colleague, confirm
from support.authenticator import SoftwareAuthenticator
from support.owner import owner_of, rested, until_waited_for
from support.warden import ORIGIN, Installation, RunningWarden, running_warden
from wardkeep.base.clock import FrozenClock, microseconds_since_epoch
from wardkeep.disclosure.answers import (
    CeremonyOptions,
    Created,
    Done,
    Invitation,
    Passkeys,
    Refusal,
    Sessions,
    SessionView,
    SignedIn,
)
from wardkeep.disclosure.people import ChangePasskeys
from wardkeep.disclosure.questions import (
    BeginAddPasskey,
    BeginEnrolment,
    BeginSignIn,
    CheckSession,
    CreateOrganisation,
    EndAccount,
    EndSession,
    FinishAddPasskey,
    FinishEnrolment,
    FinishSignIn,
    Invite,
    ListPasskeys,
    ListSessions,
    LookAtInvitation,
    Question,
    RevokePasskey,
)

NOBODY = "no-such-token"
START = datetime(2026, 11, 23, 9, 41, tzinfo=UTC)


@contextlib.asynccontextmanager
async def warden_of(
    installation: Installation, clock: FrozenClock | None = None
) -> AsyncIterator[RunningWarden]:
    async with running_warden(installation, clock=clock) as warden:
        await warden.operator.ask(CreateOrganisation("fernhill", "Fernhill"), Created)
        yield warden


def code_of(answer: object) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code


async def options_for(warden: RunningWarden, question: Question) -> bytes:
    answer = await warden.door.ask(question, CeremonyOptions)
    assert isinstance(answer, CeremonyOptions), answer
    return answer.options


async def is_live(warden: RunningWarden, token: str) -> bool:
    answer = await warden.door.ask(CheckSession(token), SessionView)
    return isinstance(answer, SessionView)


async def passkeys_of(warden: RunningWarden, token: str) -> list[str]:
    answer = await warden.door.ask(ListPasskeys(token), Passkeys)
    assert isinstance(answer, Passkeys)
    return [one.label for one in answer.passkeys]


async def open_passkeys(
    warden: RunningWarden, token: str, key: SoftwareAuthenticator
) -> None:
    me = Colleague("", token, key)
    assert isinstance(await confirm(warden, me, ChangePasskeys(), Done), Done)


async def add_passkey(
    warden: RunningWarden,
    token: str,
    old: SoftwareAuthenticator,
    *,
    is_new: bool = False,
) -> SoftwareAuthenticator:
    """A further passkey, with the old one used for it; it works, unless it is new."""
    await open_passkeys(warden, token, old)
    key = SoftwareAuthenticator(origin=ORIGIN)
    response = key.register(await options_for(warden, BeginAddPasskey(token)))
    answer = await warden.door.ask(FinishAddPasskey(token, response, "Second"), Done)
    assert isinstance(answer, Done), answer
    if not is_new:
        await rested(warden.installation)
    return key


# Enrolling


async def test_a_link_tells_whom_it_is_for_and_enrols_once(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        account = await warden.account("doctor", name="Rowan Ash")
        secret = await warden.tell(Invite(account, 1))
        shown = await warden.door.ask(LookAtInvitation(secret), Invitation)
        assert shown == Invitation("Rowan Ash", "Fernhill", "Doctor")
        key = SoftwareAuthenticator(origin=ORIGIN)
        response = key.register(await options_for(warden, BeginEnrolment(secret)))
        finish = FinishEnrolment(secret, response, " ", "test device")
        first = await warden.door.ask(finish, SignedIn)
        assert isinstance(first, SignedIn)
        assert await passkeys_of(warden, first.token) == ["Passkey"]
        for question in (LookAtInvitation(secret), BeginEnrolment(secret), finish):
            answer = await warden.door.ask(question, SignedIn)
            assert code_of(answer) == "invitation-over"


async def test_a_link_that_ran_out_enrols_nobody(installation: Installation) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        account = await warden.account("doctor")
        secret = await warden.tell(Invite(account, 1))
        key = SoftwareAuthenticator(origin=ORIGIN)
        response = key.register(await options_for(warden, BeginEnrolment(secret)))
        clock.move(timedelta(hours=1))
        answer = await warden.door.ask(
            FinishEnrolment(secret, response, "k", "d"), SignedIn
        )
        assert code_of(answer) == "invitation-over"


@pytest.mark.parametrize("hours", [0.0, -5.0, float("nan")])
async def test_a_link_that_is_good_for_no_time_is_over_at_once(
    installation: Installation, hours: float
) -> None:
    async with warden_of(installation) as warden:
        secret = await warden.tell(Invite(await warden.account("doctor"), hours))
        answer = await warden.door.ask(LookAtInvitation(secret), Invitation)
        assert code_of(answer) == "invitation-over"


async def test_a_link_is_good_for_two_weeks_at_most(installation: Installation) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        secret = await warden.tell(Invite(await warden.account("doctor"), 1e9))
        clock.move(timedelta(days=14, seconds=-1))
        look = LookAtInvitation(secret)
        assert isinstance(await warden.door.ask(look, Invitation), Invitation)
        clock.move(timedelta(seconds=1))
        assert code_of(await warden.door.ask(look, Invitation)) == "invitation-over"


async def test_a_link_of_an_ended_account_enrols_nobody(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        account = await warden.account("doctor")
        secret = await warden.tell(Invite(account, 1))
        await warden.operator.ask(EndAccount(account), Done)
        answer = await warden.door.ask(BeginEnrolment(secret), CeremonyOptions)
        assert code_of(answer) == "invitation-over"


async def test_of_two_who_use_a_link_at_once_one_is_enrolled(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden, owner_of(installation) as owner:
        account = await warden.account("doctor")
        secret = await warden.tell(Invite(account, 1))
        key = SoftwareAuthenticator(origin=ORIGIN)
        response = key.register(await options_for(warden, BeginEnrolment(secret)))
        async with owner.transaction():
            await owner.execute(
                "update warden.invitation set used_at = now() where account = $1",
                UUID(account),
            )
            late = asyncio.create_task(
                warden.door.ask(FinishEnrolment(secret, response, "k", "d"), SignedIn)
            )
            await until_waited_for(owner)
        assert code_of(await late) == "invitation-over"
        held = await owner.fetch_value(
            "select count(*) from warden.credential where account = $1", UUID(account)
        )
        assert held == 0


async def test_a_challenge_for_one_account_registers_no_passkey_for_another(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        mine = await warden.tell(Invite(await warden.account("doctor"), 1))
        theirs = await warden.tell(Invite(await warden.account("doctor"), 1))
        key = SoftwareAuthenticator(origin=ORIGIN)
        response = key.register(await options_for(warden, BeginEnrolment(mine)))
        finish = FinishEnrolment(theirs, response, "k", "d")
        assert code_of(await warden.door.ask(finish, SignedIn)) == "passkey-refused"
        again = FinishEnrolment(mine, response, "k", "d")
        assert code_of(await warden.door.ask(again, SignedIn)) == "passkey-refused"


async def test_a_passkey_that_is_registered_already_is_not_taken_over(
    installation: Installation,
) -> None:
    """An authenticator that presents a known id would take over its account."""
    async with warden_of(installation) as warden:
        token, known = await warden.enrol(await warden.account("doctor"))
        forged = SoftwareAuthenticator(origin=ORIGIN)
        forged.credential_id = known.credential_id
        with pytest.raises(AssertionError, match="passkey-refused"):
            await warden.enrol(await warden.account("doctor"), forged)
        await open_passkeys(warden, token, known)
        response = forged.register(await options_for(warden, BeginAddPasskey(token)))
        answer = await warden.door.ask(FinishAddPasskey(token, response, "k"), Done)
        assert code_of(answer) == "passkey-refused"
        assert isinstance(await warden.sign_in(known), SignedIn)


@pytest.mark.parametrize("response", [b"{}", b"x" * 70_000])
async def test_garbage_registers_no_passkey(
    installation: Installation, response: bytes
) -> None:
    async with warden_of(installation) as warden:
        token, key = await warden.enrol(await warden.account("doctor"))
        await open_passkeys(warden, token, key)
        answer = await warden.door.ask(FinishAddPasskey(token, response, "k"), Done)
        assert code_of(answer) == "passkey-refused"


# Signing in


async def test_a_challenge_is_good_for_five_minutes(installation: Installation) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        _, key = await warden.enrol(await warden.account("doctor"))
        options = await options_for(warden, BeginSignIn())
        clock.move(timedelta(minutes=5, seconds=1))
        answer = await warden.door.ask(
            FinishSignIn(key.sign_in(options), "d"), SignedIn
        )
        assert code_of(answer) == "sign-in-refused"


async def test_whoever_works_nowhere_any_more_is_not_let_in(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden, owner_of(installation) as owner:
        account = await warden.account("doctor")
        _, key = await warden.enrol(account)
        await owner.execute(
            "update warden.membership set ended_at = now() where account = $1",
            UUID(account),
        )
        assert code_of(await warden.sign_in(key)) == "sign-in-refused"


async def test_an_account_ended_while_it_signs_in_has_no_session(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden, owner_of(installation) as owner:
        account = await warden.account("doctor")
        _, key = await warden.enrol(account)
        before = len(warden.service._sessions)
        async with owner.transaction():
            await owner.execute("lock table warden.session in share mode")
            await owner.execute(
                "update warden.account set ended_at = now() where id = $1",
                UUID(account),
            )
            late = asyncio.create_task(warden.sign_in(key))
            await until_waited_for(owner)
        assert code_of(await late) == "sign-in-refused"
        assert len(warden.service._sessions) == before


async def test_a_session_begun_while_its_account_is_ended_ends_with_it(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden, owner_of(installation) as owner:
        account = await warden.account("doctor")
        _, key = await warden.enrol(account)
        async with owner.transaction():
            await owner.execute(
                "select from warden.account where id = $1 for no key update",
                UUID(account),
            )
            ending = asyncio.create_task(warden.operator.ask(EndAccount(account), Done))
            await until_waited_for(owner)
            late = await warden.sign_in(key)
            assert isinstance(late, SignedIn)
        assert await ending == Done()
        assert not await is_live(warden, late.token)


async def test_a_session_that_cannot_be_stored_is_not_begun(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden, owner_of(installation) as owner:
        _, key = await warden.enrol(await warden.account("doctor"))
        before = len(warden.service._sessions)
        await owner.execute("revoke insert on warden.session from wardkeep_warden")
        try:
            assert code_of(await warden.sign_in(key)) == "failed"
        finally:
            await owner.execute("grant insert on warden.session to wardkeep_warden")
        assert len(warden.service._sessions) == before
        assert isinstance(await warden.sign_in(key), SignedIn)


# Sessions


async def test_nothing_of_ones_own_is_shown_without_a_session(
    installation: Installation,
) -> None:
    questions: list[Question] = [
        CheckSession(NOBODY),
        ListSessions(NOBODY),
        ListPasskeys(NOBODY),
        BeginAddPasskey(NOBODY),
        FinishAddPasskey(NOBODY, b"{}", "k"),
        RevokePasskey(NOBODY, b"c"),
    ]
    async with warden_of(installation) as warden:
        for question in questions:
            answer = await warden.door.ask(question, Done)
            assert code_of(answer) == "not-signed-in"
        assert await warden.door.ask(EndSession(NOBODY), Done) == Done()


@pytest.mark.parametrize(
    ("pause", "times", "is_over"),
    [
        (timedelta(minutes=15), 48, False),
        (timedelta(minutes=15), 49, True),
    ],
    ids=["12 hours in use", "longer than 12 hours"],
)
async def test_a_session_lasts_while_it_is_used_and_12_hours_at_most(
    installation: Installation, pause: timedelta, times: int, *, is_over: bool
) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        token = await warden.session("doctor")
        live = []
        for _ in range(times):
            clock.move(pause)
            live.append(await is_live(warden, token))
        assert live == [True] * (times - 1) + [not is_over]


async def test_signing_out_ends_this_session_or_another_of_ones_own_only(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        one, key = await warden.enrol(await warden.account("doctor"))
        second = await warden.sign_in(key)
        assert isinstance(second, SignedIn)
        stranger = await warden.session("doctor")
        listed = await warden.door.ask(ListSessions(second.token), Sessions)
        assert isinstance(listed, Sessions)
        assert len(listed.sessions) == 2
        for mine in listed.sessions:
            await warden.door.ask(EndSession(stranger, mine.session), Done)
        assert await is_live(warden, one)
        assert await is_live(warden, second.token)
        older = listed.sessions[-1].session
        await warden.door.ask(EndSession(second.token, older), Done)
        assert not await is_live(warden, one)
        await warden.door.ask(EndSession(second.token), Done)
        assert not await is_live(warden, second.token)
        assert await is_live(warden, stranger)


async def test_a_session_signed_out_of_while_the_database_refuses_stays_ended(
    installation: Installation,
) -> None:
    """A warden that starts anew believes the database: it must be told in the end."""
    async with warden_of(installation) as warden, owner_of(installation) as owner:
        token = await warden.session("doctor")
        kept = await warden.session("doctor")
        await owner.execute("revoke update on warden.session from wardkeep_warden")
        try:
            answer = await warden.door.ask(EndSession(token), Done)
            assert code_of(answer) == "failed"
            assert not await is_live(warden, token)
            await warden.service._save_sessions()
        finally:
            await owner.execute("grant update on warden.session to wardkeep_warden")
    async with running_warden(installation) as warden:
        assert not await is_live(warden, token)
        assert await is_live(warden, kept)


async def test_a_session_idle_too_long_over_a_restart_is_not_taken_up_again(
    installation: Installation,
) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        token = await warden.session("doctor")
    clock.move(timedelta(minutes=14))
    async with warden_of(installation, clock) as warden:
        await warden.service._save_sessions()
        assert await is_live(warden, token)
    clock.move(timedelta(minutes=31))
    async with warden_of(installation, clock) as warden:
        assert not await is_live(warden, token)
    clock.step_wall_time(timedelta(minutes=-90))
    async with warden_of(installation, clock) as warden:
        assert not await is_live(warden, token)


async def test_sessions_that_ran_out_are_forgotten_and_noted(
    installation: Installation,
) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden, owner_of(installation) as own:
        account = await warden.account("doctor")
        await warden.enrol(account)
        clock.move(timedelta(minutes=31))
        await warden.service._save_sessions()
        why = await own.fetch_value(
            "select ended_because from warden.session where account = $1",
            UUID(account),
        )
        assert why == "ran out"
        assert len(warden.service._sessions) == 0


# Passkeys of one's own


async def test_a_session_alone_adds_and_revokes_no_passkey(
    installation: Installation,
) -> None:
    """Who found the screen unlocked, or stole its cookie, does not stay."""
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        token, mine = await warden.enrol(await warden.account("doctor"))
        second = await add_passkey(warden, token, mine)
        clock.move(timedelta(minutes=5, seconds=1))
        thiefs = SoftwareAuthenticator(origin=ORIGIN)
        for question in (
            BeginAddPasskey(token),
            FinishAddPasskey(token, b"{}", "k"),
            RevokePasskey(token, second.credential_id),
        ):
            answer = await warden.door.ask_any(question)
            assert code_of(answer) == "confirm-first"
        stolen = Colleague("", token, thiefs)
        answer = await confirm(warden, stolen, ChangePasskeys(), Done)
        assert code_of(answer) == "not-confirmed"
        other = await warden.sign_in(mine)
        assert isinstance(other, SignedIn)
        await open_passkeys(warden, token, mine)
        elsewhere = await warden.door.ask_any(BeginAddPasskey(other.token))
        assert code_of(elsewhere) == "confirm-first"


async def test_a_passkey_that_is_removed_takes_its_sessions_with_it(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        token, first = await warden.enrol(await warden.account("doctor"))
        second = await add_passkey(warden, token, first)
        with_second = await warden.sign_in(second)
        assert isinstance(with_second, SignedIn)
        assert await passkeys_of(warden, token) == ["Test key", "Second"]
        remove = RevokePasskey(token, second.credential_id)
        assert await warden.door.ask(remove, Done) == Done()
        assert not await is_live(warden, with_second.token)
        assert await is_live(warden, token)
        assert code_of(await warden.sign_in(second)) == "sign-in-refused"
        assert isinstance(await warden.sign_in(first), SignedIn)


async def test_the_last_passkey_and_anybody_elses_stay(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        token, mine = await warden.enrol(await warden.account("doctor"))
        _, theirs = await warden.enrol(await warden.account("doctor"))
        await open_passkeys(warden, token, mine)
        for key in (mine, theirs):
            answer = await warden.door.ask(
                RevokePasskey(token, key.credential_id), Done
            )
            assert code_of(answer) == "last-passkey"
            assert isinstance(await warden.sign_in(key), SignedIn)


async def test_a_session_begun_with_a_passkey_just_removed_is_not_kept(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden, owner_of(installation) as owner:
        token, first = await warden.enrol(await warden.account("doctor"))
        second = await add_passkey(warden, token, first)
        async with owner.transaction():
            await owner.execute("lock table warden.session in share mode")
            late = asyncio.create_task(warden.sign_in(second))
            await until_waited_for(owner)
            await owner.execute(
                "update warden.credential set revoked_at = now() where id = $1",
                second.credential_id,
            )
        assert code_of(await late) == "sign-in-refused"


async def test_a_flood_of_ceremonies_pushes_out_the_oldest_of_its_own_kind_only(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wardkeep.identity.challenges.MOST_OF_A_KIND", 2)
    async with warden_of(installation) as warden:
        secret = await warden.tell(Invite(await warden.account("doctor"), 1))
        key = SoftwareAuthenticator(origin=ORIGIN)
        response = key.register(await options_for(warden, BeginEnrolment(secret)))
        early = await options_for(warden, BeginSignIn())
        for _ in range(2):
            await options_for(warden, BeginSignIn())
        finish = FinishEnrolment(secret, response, "k", "d")
        assert isinstance(await warden.door.ask(finish, SignedIn), SignedIn)
        pushed_out = FinishSignIn(key.sign_in(early), "d")
        answer = await warden.door.ask(pushed_out, SignedIn)
        assert code_of(answer) == "sign-in-refused"
        assert isinstance(await warden.sign_in(key), SignedIn)


async def test_a_passkey_that_was_added_rests_for_a_day_and_its_owner_is_told(
    installation: Installation,
) -> None:
    """A touch does not show what it signs: it may be somebody else's that was added."""
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        token, mine = await warden.enrol(await warden.account("doctor"))
        foreign = await add_passkey(warden, token, mine, is_new=True)
        assert code_of(await warden.sign_in(foreign)) == "passkey-rests"
        by_it = Colleague("", token, foreign)
        refused = await confirm(warden, by_it, ChangePasskeys(), Done)
        assert code_of(refused) == "not-confirmed"


async def test_whoever_added_a_passkey_cannot_take_away_the_one_that_works(
    installation: Installation,
) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        token, mine = await warden.enrol(await warden.account("doctor"))
        foreign = await add_passkey(warden, token, mine, is_new=True)
        await open_passkeys(warden, token, mine)
        listed = await warden.door.ask(ListPasskeys(token), Passkeys)
        assert isinstance(listed, Passkeys)
        own, added = sorted(listed.passkeys, key=lambda one: one.label == "Second")
        assert own.works_from == 0
        day = timedelta(days=1)
        assert added.works_from == microseconds_since_epoch(START + day)
        refused = await warden.door.ask_any(RevokePasskey(token, own.credential))
        assert code_of(refused) == "last-passkey"
        clock.move(day)
        again = await warden.sign_in(mine)
        assert isinstance(again, SignedIn)
        await open_passkeys(warden, again.token, foreign)
        revoke = RevokePasskey(again.token, own.credential)
        assert await warden.door.ask(revoke, Done) == Done()


async def test_an_owner_is_told_for_a_week_of_a_passkey_that_was_added(
    installation: Installation,
) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        token, mine = await warden.enrol(await warden.account("doctor"))
        foreign = await add_passkey(warden, token, mine, is_new=True)
        told = await warden.sign_in(mine)
        assert isinstance(told, SignedIn)
        assert told.has_new_passkey
        clock.move(timedelta(days=1))
        again = await warden.sign_in(mine)
        assert isinstance(again, SignedIn)
        assert again.has_new_passkey, "who was off meanwhile has not seen it"
        by_the_new_one = await warden.sign_in(foreign)
        assert isinstance(by_the_new_one, SignedIn)
        assert not by_the_new_one.has_new_passkey
        clock.move(timedelta(days=6))
        again = await warden.sign_in(mine)
        assert isinstance(again, SignedIn)
        assert not again.has_new_passkey
