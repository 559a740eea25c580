# SPDX-License-Identifier: Apache-2.0
"""The privacy officer's questions of the ledger, and who else may not ask them."""

import asyncio
import os
import secrets
import sys
from collections.abc import Sequence

import pytest

from support.acts import Colleague, colleague, options_for
from support.ledgers import ORIGIN as LOG, chained_anew, entry_about, open_ledger
from support.openings import REASON, records
from support.warden import RunningWarden
from wardkeep.disclosure.answers import (
    AccessHistory,
    AccessLine,
    CeremonyOptions,
    Grant,
    LedgerPage,
    Refusal,
    SignedIn,
)
from wardkeep.disclosure.confirming import FinishConfirm
from wardkeep.disclosure.containment import (
    AccountRead,
    BreakGlass,
    OpeningView,
    ReadAccount,
    ReadRefusals,
    RefusalsRead,
)
from wardkeep.disclosure.purpose import Action, Purpose
from wardkeep.disclosure.questions import (
    BeginSignIn,
    Disclose,
    FinishSignIn,
    Item,
    ReadAccessHistory,
    ReadLedger,
)
from wardkeep.ledger.scope import scope_of
from wardkeep.ledger.segment import segments_in
from wardkeep.ledger.wanted import Wanted
from wardkeep.warden.rules import EXPLAINED
from wardkeep.warden.service.compacting import Compaction


async def ask_for(
    warden: RunningWarden, token: str, items: Sequence[Item], reason: str = ""
) -> Grant | Refusal:
    asked = Disclose(token, Purpose.DIRECT_CARE, reason, Action.READ, tuple(items))
    return await warden.door.ask(asked, Grant)


async def refusals(
    warden: RunningWarden, officer: Colleague, before: int = -1
) -> RefusalsRead:
    found = await warden.door.ask(ReadRefusals(officer.token, before), RefusalsRead)
    assert isinstance(found, RefusalsRead), found
    return found


async def test_every_refusal_is_told_with_its_rule_and_what_would_have_allowed_it(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse", name="Nell Rook")
    officer = await colleague(warden, "privacy_officer")
    first, second = await records(warden, 2)
    for items, reason in (([first], ""), ([first], "abc"), ([first, second], REASON)):
        assert isinstance(await ask_for(warden, nurse.token, items, reason), Refusal)
    found = await refusals(warden, officer)
    codes = [one.outcome.removeprefix("refusal:") for one in found.lines]
    assert codes == ["one-patient-at-a-time", "reason-too-thin", "reason-needed"]
    assert found.total == 3
    for one, code in zip(found.lines, codes, strict=True):
        rule, explained = EXPLAINED[code]
        assert (one.rule, one.because) == (rule, explained.because)
        assert one.would_allow == explained.would_allow
        assert (one.who, one.account) == ("Nell Rook", nurse.account)
    last = warden.entries()[-1]
    assert (last.action, last.request, len(last.patients)) == ("history", "refusals", 1)


async def test_a_refused_signed_act_is_told_too_though_no_rule_of_the_door_was_asked(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse", name="Nell Rook")
    other = await colleague(warden, "ward_nurse")
    officer = await colleague(warden, "privacy_officer")
    [item] = await records(warden, 1)
    options = await options_for(warden, nurse, BreakGlass(item.patient, "life"))
    assert isinstance(options, CeremonyOptions)
    theirs = other.key.sign_in(options.options)
    asked = FinishConfirm(nurse.token, BreakGlass(item.patient, "life"), theirs)
    assert isinstance(await warden.door.ask_any(asked), Refusal)
    [one] = (await refusals(warden, officer)).lines
    assert (one.who, one.patient, one.rule) == ("Nell Rook", "", "none of the door's")
    assert one.because.startswith("It ended with")


@pytest.mark.parametrize("role", ["ward_nurse", "administrator", "shift_lead"])
async def test_nobody_but_the_privacy_officer_reads_what_was_refused(
    warden: RunningWarden, role: str
) -> None:
    other = await colleague(warden, role)
    answer = await warden.door.ask_any(ReadRefusals(other.token))
    assert isinstance(answer, Refusal)
    assert answer.code == "not-your-work"
    nobody = await warden.door.ask_any(ReadRefusals("no session"))
    assert isinstance(nobody, Refusal)


async def test_another_organisations_refusals_are_not_there(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    assert isinstance(
        await ask_for(warden, nurse.token, await records(warden, 1)), Refusal
    )
    warden.home = f"org-{secrets.token_hex(4)}"
    await warden.organisation(warden.home)
    theirs = await colleague(warden, "privacy_officer")
    found = await refusals(warden, theirs)
    assert (found.total, found.lines) == (0, ())


async def test_pages_go_on_where_they_ended_whatever_is_added_meanwhile(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    officer = await colleague(warden, "privacy_officer")
    [item] = await records(warden, 1)
    for _ in range(230):
        await ask_for(warden, nurse.token, [item])
    page = await refusals(warden, officer)
    seen: list[OpeningView] = list(page.lines)
    while page.next >= 0:
        await ask_for(warden, nurse.token, [item])
        page = await refusals(warden, officer, page.next)
        seen += page.lines
    entries = [one.entry for one in seen]
    assert len(entries) == len(set(entries)) == 230
    assert entries == sorted(entries, reverse=True)


async def test_a_patients_history_is_paged_to_its_first_entry(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    officer = await colleague(warden, "privacy_officer")
    [item] = await records(warden, 1)
    for _ in range(25):
        assert isinstance(await ask_for(warden, nurse.token, [item], REASON), Grant)
    before = -1
    seen: list[AccessLine] = []
    while True:
        asked = ReadAccessHistory(officer.token, item.patient, 10, before)
        page = await warden.door.ask(asked, AccessHistory)
        assert isinstance(page, AccessHistory), page
        seen += page.lines
        before = page.next
        if before < 0:
            break
    opened = [one for one in seen if one.action == "read"]
    assert len(opened) == 25
    assert {one.types for one in opened} == {"1 Patient"}
    assert {one.account for one in opened} == {nurse.account}


async def test_a_program_of_the_officer_asks_by_account(warden: RunningWarden) -> None:
    nurse = await colleague(warden, "ward_nurse")
    other = await colleague(warden, "ward_nurse")
    officer = await colleague(warden, "privacy_officer")
    [item] = await records(warden, 1)
    for one in (nurse, other, nurse):
        assert isinstance(await ask_for(warden, one.token, [item], REASON), Grant)
    for patient in ("", item.patient):
        asked = ReadLedger(officer.token, patient, account=nurse.account)
        page = await warden.door.ask(asked, LedgerPage)
        assert isinstance(page, LedgerPage), page
        assert {one.account for one in page.lines} == {nurse.account}
        assert sum(one.action == "read" for one in page.lines) == 2


async def test_a_stolen_passkey_is_followed_by_the_ledgers_files_alone(
    warden: RunningWarden,
) -> None:
    """The sign-in's entry names passkey and address; no database is asked."""
    nurse = await colleague(warden, "ward_nurse")
    first, second = await records(warden, 2)
    options = await warden.door.ask(BeginSignIn(), CeremonyOptions)
    assert isinstance(options, CeremonyOptions)
    response = nurse.key.sign_in(options.options)
    device = "Chrome on Windows, at 203.0.113.7"
    stolen = await warden.door.ask(FinishSignIn(response, device), SignedIn)
    assert isinstance(stolen, SignedIn), stolen
    assert isinstance(await ask_for(warden, nurse.token, [first], REASON), Grant)
    assert isinstance(await ask_for(warden, stolen.token, [second], REASON), Grant)
    passkey = [
        one.request.removeprefix("passkey ").partition(";")[0]
        for one in warden.entries()
        if one.action == "sign-in" and one.account == nurse.account
    ]
    assert len(set(passkey)) == 1
    ledger = warden.service.ledger
    ledger.publish()
    found = {}
    for name, wanted in (
        ("address", Wanted(address="203.0.113.7")),
        ("device", Wanted(device=passkey[0])),
    ):
        scope = scope_of(
            ledger.folder,
            ledger.verify_key,
            wanted,
            origin=warden.service._origin,
            with_proofs=True,
        )
        assert scope.is_whole
        assert len(scope.proofs) == scope.entries_matching
        found[name] = {one.patient for one in scope.people}
    assert found == {
        "address": {second.patient},
        "device": {first.patient, second.patient},
    }


async def test_what_an_account_was_refused_is_explained_on_its_page(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    officer = await colleague(warden, "privacy_officer")
    [item] = await records(warden, 1)
    await ask_for(warden, nurse.token, [item])
    await ask_for(warden, nurse.token, [item], REASON)
    asked = ReadAccount(officer.token, nurse.account)
    found = await warden.door.ask(asked, AccountRead)
    assert isinstance(found, AccountRead), found
    granted, refused = found.lines
    assert (granted.because, granted.types) == ("", "1 Patient")
    assert refused.rule == "reason is given"
    assert refused.would_allow


async def test_a_change_in_a_closed_segment_is_told_to_everybody_once(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """By the process beside: it reads every closed segment and holds no secret."""
    folder = tmp_path_factory.mktemp("ledger")
    ledger = open_ledger(folder, segment_bytes=2_000)
    for number in range(60):
        ledger.append(entry_about("p", number=number))
        ledger.commit()
    ledger.publish()
    told: list[str] = []
    compaction = Compaction(ledger, origin=LOG, tell=told.append)
    done = await compaction.turn(check_all=False)
    assert done is not None
    assert done.indexed == done.written == done.segments > 3
    assert not ledger.has_unindexed
    assert len(ledger.entries_about("p", organisation=1)) == 60
    _, path = segments_in(folder)[1]
    chained_anew(path, lambda raw: raw.replace(b"direct-care", b"direct-carf"))
    for _ in range(2):
        done = await compaction.turn(check_all=True)
        assert done is not None
    [words] = told
    assert path.name in words
    ledger.close()


async def test_a_check_that_cannot_run_now_runs_at_the_next_look(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = open_ledger(tmp_path_factory.mktemp("ledger"), segment_bytes=2_000)
    for number in range(60):
        ledger.append(entry_about("p", number=number))
        ledger.commit()
    ledger.publish()
    for name in ("FIRST_SECONDS", "LOOK_SECONDS"):
        monkeypatch.setattr(f"wardkeep.warden.service.compacting.{name}", 0.05)
    python = sys.executable
    monkeypatch.setattr(sys, "executable", "/nothing/there")
    compaction = Compaction(ledger, origin=LOG, tell=lambda _words: None)
    task = asyncio.create_task(compaction.keep_compacted())
    await asyncio.sleep(0.3)
    assert ledger.has_unindexed
    monkeypatch.setattr(sys, "executable", python)
    async with asyncio.timeout(60):
        while ledger.has_unindexed:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    ledger.close()


async def test_a_turn_that_says_nothing_or_is_given_up_is_no_turn(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    ledger = open_ledger(folder / "ledger")
    told: list[str] = []
    compaction = Compaction(ledger, origin=LOG, tell=told.append)
    silent, endless = folder / "silent", folder / "endless"
    silent.write_text("#!/bin/sh\necho no answer\n")
    written = f"echo $$ > {folder}/new; mv {folder}/new {folder}/pid"
    endless.write_text(f"#!/bin/sh\n{written}\nexec sleep 60\n")
    for one in (silent, endless):
        one.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(silent))
    assert await compaction.turn(check_all=False) is None
    monkeypatch.setattr(sys, "executable", str(endless))
    turn = asyncio.create_task(compaction.turn(check_all=False))
    async with asyncio.timeout(60):
        while not endless.with_name("pid").exists():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    turn.cancel()
    await asyncio.gather(turn, return_exceptions=True)
    # The process ended with the turn: nobody has its number any more.
    with pytest.raises(ProcessLookupError):
        os.kill(int(endless.with_name("pid").read_text()), 0)
    assert told == []
    ledger.close()
