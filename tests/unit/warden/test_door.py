# SPDX-License-Identifier: Apache-2.0
"""The door: whose keys and histories come out of it, for whom, and what is traced."""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from support.warden import Installation, RunningWarden, running_warden
from wardkeep.base.clock import FrozenClock
from wardkeep.disclosure.answers import (
    AccessHistory,
    Created,
    Done,
    Grant,
    NewKeys,
    Refusal,
    SharedKey,
    Tokens,
)
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import (
    ComputeTokens,
    CreateOrganisation,
    Disclose,
    Item,
    NewPatientKeys,
    OpenSharedKey,
    Question,
    ReadAccessHistory,
)
from wardkeep.warden.service.audit import LONGEST_HISTORY
from wardkeep.warden.service.weighed import RESOURCES_AN_ENTRY

REASON = "rang about results from Tuesday"
NOBODY = "no-such-token"
START = datetime(2026, 11, 23, 9, 41, tzinfo=UTC)


@contextlib.asynccontextmanager
async def warden_of(
    installation: Installation, clock: FrozenClock | None = None
) -> AsyncIterator[RunningWarden]:
    async with running_warden(installation, clock=clock) as warden:
        for slug in ("fernhill", "larkspur"):
            await warden.operator.ask(CreateOrganisation(slug, slug.title()), Created)
        yield warden


async def item_for(
    warden: RunningWarden, patient: str, tier: Tier = Tier.RECORD
) -> Item:
    token = await warden.import_session()
    given = await warden.operator.ask(NewPatientKeys(token, (patient,)), NewKeys)
    assert isinstance(given, NewKeys), given
    wrapped = given.patients[0].wrapped[tier - 1]
    return Item(patient, tier, wrapped, (("Observation", "o-1", 1),))


async def disclose(
    warden: RunningWarden,
    session: str,
    *items: Item,
    purpose: Purpose = Purpose.DIRECT_CARE,
    reason: str = REASON,
    action: Action = Action.READ,
) -> Grant | Refusal:
    question = Disclose(session, purpose, reason, action, items)
    return await warden.door.ask(question, Grant)


async def refusal(warden: RunningWarden, question: Question) -> str:
    answer = await warden.door.ask(question, Grant)
    assert isinstance(answer, Refusal), answer
    return answer.code


async def history(
    warden: RunningWarden, session: str, patient: str, at_most: int = 50
) -> AccessHistory | Refusal:
    question = ReadAccessHistory(session, patient, at_most)
    return await warden.door.ask(question, AccessHistory)


async def test_nothing_comes_out_for_someone_unknown(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        questions: list[Question] = [
            Disclose(NOBODY, Purpose.DIRECT_CARE, REASON, Action.READ, ()),
            ComputeTokens(NOBODY, (b"v",)),
            NewPatientKeys(NOBODY, ("p-1",)),
            OpenSharedKey(NOBODY, b""),
            ReadAccessHistory(NOBODY, "p-1", 1),
        ]
        for question in questions:
            assert await refusal(warden, question) == "not-signed-in"


async def test_a_purpose_outside_the_work_of_a_role_opens_nothing(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        item = await item_for(warden, "p-purpose")
        doctor = await warden.session("doctor")
        answer = await disclose(warden, doctor, item, purpose=Purpose.IMPORT)
        assert isinstance(answer, Refusal)
        assert answer.code == "purpose-does-not-fit"
        entry = warden.service._ledger.read(answer.entry)
        assert entry.outcome == "refusal:purpose-does-not-fit"


async def test_a_refusal_that_no_reason_mends_is_told_before_one_that_it_does(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        receptionist = await warden.session("receptionist")
        mendable = await item_for(warden, "p-worst", Tier.BANNER)
        out_of_reach = await item_for(warden, "p-worst", Tier.RECORD)
        answer = await disclose(warden, receptionist, mendable, out_of_reach, reason="")
        assert isinstance(answer, Refusal)
        assert answer.code == "role-does-not-reach"
        assert not answer.needs_reason


@pytest.mark.parametrize("words", ["app a-1: GET /Patient", "goes on from session s"])
async def test_who_made_a_request_is_said_by_the_warden_alone(
    installation: Installation, words: str
) -> None:
    """At a start budgets and contracts are counted again by these words."""
    async with warden_of(installation) as warden:
        item = await item_for(warden, f"p-{words[:3]}")
        doctor = await warden.session("doctor")
        asked = Disclose(
            doctor, Purpose.DIRECT_CARE, REASON, Action.READ, (item,), words
        )
        granted = await warden.door.ask(asked, Grant)
        assert isinstance(granted, Grant)
        assert warden.service._ledger.read(granted.entry).request == f"“{words}”"


async def test_a_wrapped_key_of_another_tier_or_patient_does_not_open(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        doctor = await warden.session("doctor")
        item = await item_for(warden, "p-moved", Tier.BANNER)
        for changed in ({"tier": Tier.RECORD}, {"patient": "p-else"}):
            moved = msgspec.structs.replace(item, **changed)
            answer = await disclose(warden, doctor, moved)
            assert isinstance(answer, Refusal)
            assert answer.code == "not-this-organisation"


async def test_a_large_opening_is_written_down_whole_in_several_entries(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        doctor = await warden.session("doctor")
        item = await item_for(warden, "p-large")
        refs = tuple(("Observation", f"o-{n}", 1) for n in range(1500))
        large = msgspec.structs.replace(item, resources=refs)
        ledger = warden.service._ledger
        granted = await disclose(warden, doctor, large)
        assert isinstance(granted, Grant)
        written = list(ledger.entries(granted.entry, ledger.committed_size))
        assert len(written) == -(-1500 // (RESOURCES_AN_ENTRY - 1))
        assert tuple(ref for entry in written for ref in entry.resources()) == refs


async def test_what_fits_no_entry_opens_nothing_and_troubles_nobody_else(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    async with warden_of(installation) as warden:
        doctor = await warden.session("doctor")
        item = await item_for(warden, "p-vast")
        vast = (("Observation", "o" * 70_000, 1),)
        answer = await disclose(
            warden, doctor, msgspec.structs.replace(item, resources=vast)
        )
        assert isinstance(answer, Refusal)
        assert answer.code == "failed"
        assert "EntryTooLargeError" in caplog.text
        assert isinstance(await disclose(warden, doctor, item), Grant)


async def test_a_reason_holds_for_an_hour_and_for_its_patient_only(
    installation: Installation,
) -> None:
    clock = FrozenClock(START)
    async with warden_of(installation, clock) as warden:
        doctor = await warden.session("doctor")
        item = await item_for(warden, "p-held")
        other = await item_for(warden, "p-other")
        assert isinstance(await disclose(warden, doctor, item), Grant)
        again = await disclose(warden, doctor, item, reason="")
        assert isinstance(again, Grant)
        assert warden.service._ledger.read(again.entry).reason == REASON
        assert isinstance(await disclose(warden, doctor, other, reason=""), Refusal)
        for _ in range(3):
            clock.move(timedelta(minutes=25))
            await disclose(warden, doctor, other)
        assert isinstance(await disclose(warden, doctor, item, reason=""), Refusal)


async def test_the_oldest_of_many_held_reasons_is_forgotten(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wardkeep.warden.sessions.MAX_REASONS_HELD", 2)
    async with warden_of(installation) as warden:
        doctor = await warden.session("doctor")
        items = [await item_for(warden, f"p-many-{number}") for number in range(3)]
        for item in items:
            assert isinstance(await disclose(warden, doctor, item), Grant)
        kept = [await disclose(warden, doctor, item, reason="") for item in items]
        assert [isinstance(one, Grant) for one in kept] == [False, True, True]


# Tokens, new keys and the shared key


async def test_tokens_in_great_number_leave_a_trace(installation: Installation) -> None:
    async with warden_of(installation) as warden:
        doctor = await warden.session("doctor")
        ledger = warden.service._ledger
        values = tuple(b"%d" % number for number in range(400))
        sizes = []
        for _ in range(3):
            answer = await warden.door.ask(ComputeTokens(doctor, values), Tokens)
            assert isinstance(answer, Tokens)
            assert len(answer.tokens) == 400
            sizes.append(ledger.committed_size)
        assert sizes == [sizes[0], sizes[0], sizes[0] + 1]
        entry = ledger.read(sizes[0])
        assert entry.action == "compute-tokens"
        assert entry.reason == "1200 tokens in this session"


async def test_new_patients_are_registered_by_roles_that_do_so_and_not_too_many(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        auditor = await warden.session("privacy_officer")
        asked = NewPatientKeys(auditor, ("p-1",))
        assert await refusal(warden, asked) == "not-your-work"
        doctor = await warden.session("doctor")
        for patients in ((), tuple(f"p-{n}" for n in range(513))):
            asked = NewPatientKeys(doctor, patients)
            assert await refusal(warden, asked) == "nothing-asked"


async def test_the_shared_key_opens_for_its_own_organisation_only(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        doctor = await warden.session("doctor")
        made = await warden.door.ask(OpenSharedKey(doctor, b""), SharedKey)
        assert isinstance(made, SharedKey)
        again = OpenSharedKey(doctor, made.wrapped_key)
        assert await warden.door.ask(again, SharedKey) == made
        stranger = await warden.session("doctor", organisation="larkspur")
        theirs = OpenSharedKey(stranger, made.wrapped_key)
        assert await refusal(warden, theirs) == "not-this-organisation"
        patients = await item_for(warden, "p-shared")
        theirs = OpenSharedKey(doctor, patients.wrapped_key)
        assert await refusal(warden, theirs) == "not-this-organisation"


# Who opened a record


async def test_a_history_shows_who_opened_why_and_that_it_was_looked_at(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        doctor = await warden.session("doctor")
        item = await item_for(warden, "p-history")
        await disclose(warden, doctor, item)
        auditor = await warden.session("privacy_officer")
        await history(warden, auditor, "p-history")
        shown = await history(warden, auditor, "p-history")
        assert isinstance(shown, AccessHistory)
        told = [
            (line.action, line.display_name, line.role_title, line.reason)
            for line in shown.lines
        ]
        assert told == [
            ("history", "Rowan Ash", "Privacy officer", ""),
            ("read", "Rowan Ash", "Doctor", REASON),
            ("create", "Import by the operator", "Importer", ""),
        ]
        assert shown.total == 3


async def test_a_history_is_for_auditors_and_those_who_may_expect_the_patient(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        item = await item_for(warden, "p-expected")
        nurse = await warden.account("ward_nurse")
        token, _ = await warden.enrol(nurse)
        refused = await history(warden, token, "p-expected")
        assert isinstance(refused, Refusal)
        assert refused.needs_reason
        await disclose(warden, token, item)
        assert isinstance(await history(warden, token, "p-expected"), AccessHistory)
        expecting = await warden.account("ward_nurse")
        token, _ = await warden.enrol(expecting)
        await warden.relate(expecting, "p-expected")
        assert isinstance(await history(warden, token, "p-expected"), AccessHistory)


async def test_the_reason_of_a_search_which_nobody_weighed_admits_to_no_history(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        doctor = await warden.session("doctor")
        banner = await item_for(warden, "p-search", Tier.BANNER)
        found = await disclose(warden, doctor, banner, reason="x", action=Action.FIND)
        assert isinstance(found, Grant)
        assert isinstance(await history(warden, doctor, "p-search"), Refusal)


async def test_the_banner_that_a_list_has_shown_opens_without_a_reason_and_no_more(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        doctor, other = [await warden.session("doctor") for _ in range(2)]
        banner = await item_for(warden, "p-found", Tier.BANNER)
        assert isinstance(await disclose(warden, doctor, banner, reason=""), Refusal)
        found = await disclose(warden, doctor, banner, reason="", action=Action.FIND)
        assert isinstance(found, Grant)
        assert isinstance(await disclose(warden, doctor, banner, reason=""), Grant)
        record = await item_for(warden, "p-found", Tier.RECORD)
        assert isinstance(await disclose(warden, doctor, record, reason=""), Refusal)
        written = await disclose(warden, doctor, banner, reason="", action=Action.WRITE)
        assert isinstance(written, Refusal)
        assert isinstance(await disclose(warden, other, banner, reason=""), Refusal)


async def test_another_organisation_neither_shows_in_a_history_nor_hides_it(
    installation: Installation,
) -> None:
    """Whoever may register patients chooses their ids: ours among them."""
    async with warden_of(installation) as warden:
        await item_for(warden, "p-wanted")
        stranger = await warden.session("doctor", organisation="larkspur")
        for _ in range(2):
            many = NewPatientKeys(stranger, ("p-wanted",) * 300)
            assert isinstance(await warden.door.ask(many, NewKeys), NewKeys)
        auditor = await warden.session("privacy_officer")
        shown = await history(warden, auditor, "p-wanted", LONGEST_HISTORY)
        assert isinstance(shown, AccessHistory)
        assert [line.action for line in shown.lines] == ["create"]
        assert shown.total == 1


@pytest.mark.parametrize(("at_most", "lines"), [(-5, 1), (2, 2), (10**9, 500)])
async def test_a_history_is_never_longer_than_its_most(
    installation: Installation, at_most: int, lines: int
) -> None:
    async with warden_of(installation) as warden:
        doctor = await warden.session("doctor")
        for count in (300, 300):
            many = NewPatientKeys(doctor, (f"p-long{at_most}",) * count)
            assert isinstance(await warden.door.ask(many, NewKeys), NewKeys)
        auditor = await warden.session("privacy_officer")
        shown = await history(warden, auditor, f"p-long{at_most}", at_most)
        assert isinstance(shown, AccessHistory)
        assert (len(shown.lines), shown.total) == (lines, 600)


async def test_the_desk_makes_no_difference_to_what_a_session_may(
    installation: Installation,
) -> None:
    async with warden_of(installation) as warden:
        answer = await warden.operator.ask(OpenSharedKey(NOBODY, b""), Done)
        assert isinstance(answer, Refusal)
        assert answer.code == "not-signed-in"
