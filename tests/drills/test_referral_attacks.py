# SPDX-License-Identifier: Apache-2.0
"""Drills on referrals: a stolen session that refers strangers, forged work, races.

The real processes over HTTP. Strangers have words in their records that stand nowhere
else; what the thief got is searched for them.
"""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pytest

from support.authenticator import KEYS, SoftwareAuthenticator
from support.program import Program
from support.referrals import (
    HEART,
    HOME,
    MIND,
    PEOPLE,
    Json,
    employ,
    episode,
    load_teams,
    patient,
    program_of,
    referral,
)
from support.served import Served, Visitor, served
from wardkeep.base.clock import SystemClock
from wardkeep.base.ids import derived_uuid
from wardkeep.disclosure.answers import CeremonyOptions, SignedIn
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.questions import BeginEnrolment, FinishEnrolment, Invite
from wardkeep.disclosure.who_i_am import AskWhomIExpect, WhomIExpect
from wardkeep.identity.roles import Role

ONLY_THERE = "Quixotic disorder of the third kind"
STRANGERS = tuple(f"stranger-{n}" for n in range(30))
TRIAGERS = 8
OWN = Role.COMMUNITY_COORDINATOR.budget.own_work


class Stolen(NamedTuple):
    """A stack, cookies by key of who they were stolen from, and a program."""

    stack: Served
    cookies: dict[str, str]
    program: Program

    def visitor(self, key: str) -> Visitor:
        return Visitor(self.stack.port, self.cookies[key])


@pytest.fixture(scope="module")
def stolen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stolen]:
    with served(tmp_path_factory.mktemp("stolen")) as stack:
        stack.found(HOME)
        keys: Path = tmp_path_factory.mktemp("keys")
        with closing(program_of(stack, keys)) as program:
            load_teams(program)
            for n, id_ in enumerate(STRANGERS):
                program.put(patient(id_, f"Strange{n}"))
                program.put(problem(id_))
            program.put(patient("ann", "Fenwick", "Ann"))
            program.put(referral("for-mind", "ann"))
            program.put(referral("for-twice", "ann"))
            program.put(patient("kit", "Heartley", "Kit"))
            program.put(referral("for-heart", "kit", HEART))
            program.put(patient("ben", "Oakley", "Ben"))
            program.put(referral("for-many", "ben"))
            program.put(patient("dot", "Placed", "Dot"))
            program.put(episode("dots-place", "dot", "nell"))
            program.put(patient("una", "Withdrawn", "Una"))
            program.put(referral("for-una", "una"))
            yield Stolen(stack, asyncio.run(cookies(stack)), program)


def problem(id_: str) -> Json:
    return {
        "resourceType": "Condition",
        "id": f"{id_}-problem",
        "code": {"text": ONLY_THERE},
        "subject": {"reference": f"Patient/{id_}"},
    }


async def cookies(stack: Served) -> dict[str, str]:
    warden, accounts = await employ(stack)
    found = {}
    for key in PEOPLE:
        secret = await warden.tell(Invite(account=accounts[key], valid_hours=1))
        options = await warden.door.ask(BeginEnrolment(secret), CeremonyOptions)
        assert isinstance(options, CeremonyOptions)
        mine = SoftwareAuthenticator(origin=stack.origin)
        enrolled = await warden.door.ask(
            FinishEnrolment(secret, mine.register(options.options), "key", "test"),
            SignedIn,
        )
        assert isinstance(enrolled, SignedIn)
        KEYS[enrolled.token] = mine
        found[key] = enrolled.token
    await warden.door.close()
    await warden.operator.close()
    return found


def post(thief: Visitor, path: str, **fields: str) -> tuple[int, bytes]:
    return thief.ask("POST", path, urlencode(fields).encode())


def refers(thief: Visitor, who: str, which: str, reason: str = "Because") -> int:
    status, page = post(
        thief,
        f"/patients/{who}/referrals/new",
        which=which,
        team=MIND,
        priority="routine",
        asked="Assessment",
        reason=reason,
    )
    assert ONLY_THERE.encode() not in page
    return status


def is_open(thief: Visitor, who: str) -> bool:
    status, page = thief.ask("GET", f"/patients/{who}/problems")
    return status == 200 and ONLY_THERE.encode() in page


def test_a_stranger_is_referred_by_nobody_without_a_reason_of_their_own(
    stolen: Stolen,
) -> None:
    with closing(stolen.visitor("cora")) as thief:
        for n, who in enumerate(STRANGERS[:4]):
            assert refers(thief, who, f"forged-{n}") in (303, 403)
            assert not is_open(thief, who)
            status, _ = thief.ask("GET", f"/patients/{who}/referrals")
            assert status in (303, 403)
        listed = thief.get(f"/referrals/teams/{MIND}").decode()
    assert not re.search(r"strange[0-3]\b", listed, re.IGNORECASE)


def test_letters_that_a_thief_types_in_are_capped_and_widen_no_list(
    stolen: Stolen,
) -> None:
    """Each takes a reason in the ledger and a place in the budget, before it ties.

    A colleague of the team then expects them as of any referral; the thief gains from
    what they wrote for themselves no more than their role's own work a day.
    """
    with closing(stolen.visitor("vera")) as thief:
        for n, who in enumerate(STRANGERS[4:12]):
            post(
                thief,
                f"/referrals/teams/{MIND}/taken",
                **{"which": f"typed-{n}", "patient": who, "from": "Dr Nobody"},
                priority="routine",
                asked="Assessment",
                reason="Because",
            )
    # What she wrote for herself is not today's work of hers.
    with closing(stolen.visitor("vera")) as thief:
        page = thief.get("/caseload").decode()
    assert not any(who in page for who in STRANGERS[4:12])


def test_a_forged_task_or_draft_puts_nobody_on_a_list_and_steps_no_referral(
    stolen: Stolen,
) -> None:
    who = STRANGERS[20]
    forged = {
        "resourceType": "Task",
        "id": "forged-task",
        "status": "accepted",
        "intent": "order",
        "focus": {"reference": "ServiceRequest/for-mind"},
        "for": {"reference": "Patient/ann"},
        "owner": {"reference": f"HealthcareService/{HEART}"},
    }
    stolen.program.put(forged)
    stolen.program.put(referral("only-a-draft", who, status="draft"))
    stolen.program.put(referral("only-a-plan", who, intent="plan"))
    with closing(stolen.visitor("cora")) as cora:
        page = cora.get("/patients/ann/referrals/for-mind").decode()
        assert "New" in page
        assert "Accept" in page
        listed = cora.get(f"/referrals/teams/{MIND}").decode()
    assert who not in listed


def test_another_teams_list_caseload_and_referrals_stay_shut(stolen: Stolen) -> None:
    with closing(stolen.visitor("cora")) as thief:
        for path in (f"/referrals/teams/{HEART}", f"/referrals/teams/{HEART}/take"):
            status, page = thief.ask("GET", path)
            assert status == 403
            assert b"HEARTLEY" not in page
        status, _ = thief.ask("GET", f"/referrals/teams/{HEART}/caseload")
        assert status == 403
        for path in ("/patients/kit/referrals/for-heart", "/patients/kit/referrals"):
            assert thief.ask("GET", path)[0] in (303, 403)
        # A referral is not reached through another patient's address.
        assert thief.ask("GET", "/patients/ann/referrals/for-heart")[0] in (
            *(303, 403),
            404,
        )
        status, _ = post(
            thief, "/patients/kit/referrals/for-heart", do="accept", version="1"
        )
        assert status in (303, 403)
    with closing(stolen.visitor("hedda")) as hedda:
        theirs = hedda.get("/patients/kit/referrals/for-heart").decode()
    assert "New" in theirs


def test_whoever_is_not_of_the_team_takes_no_step_of_it(stolen: Stolen) -> None:
    """Rowan refers; the team decides."""
    path = "/patients/ann/referrals/for-mind"
    token = stolen.stack.sign_in(HOME, ["ann"], role="doctor")
    with closing(Visitor(stolen.stack.port, token)) as thief:
        for step in ("accept", "decline", "discharge", "triage", "withdraw", "undo"):
            status, _ = post(thief, path, do=step, version="1", words="x")
            assert status == 403, step
        assert post(thief, path, do="nothing", version="1")[0] == 404


def test_a_desk_has_no_referrals_and_another_sites_form_steps_none(
    stolen: Stolen,
) -> None:
    token = stolen.stack.sign_in(HOME, ["ann"], role="receptionist")
    with closing(Visitor(stolen.stack.port, token)) as desk:
        for path in ("/referrals", "/patients/ann/referrals/for-mind"):
            assert desk.ask("GET", path)[0] == 403
    with closing(stolen.visitor("cora")) as cora:
        status, _ = cora.ask(
            "POST",
            "/patients/ann/referrals/for-mind",
            b"do=accept&version=1",
            {"Origin": "http://elsewhere.example"},
        )
        assert status == 403
        assert "New" in cora.get("/patients/ann/referrals/for-mind").decode()


def test_of_many_who_decide_at_once_exactly_one_does(stolen: Stolen) -> None:
    path = "/patients/ben/referrals/for-many"

    def decides(n: int) -> int:
        with closing(stolen.visitor(("cora", "nell", "vera")[n % 3])) as one:
            step = ("accept", "decline")[n % 2]
            fields = {"do": step, "version": "1", "words": f"words of {n}"}
            return post(one, path, **fields)[0]

    with ThreadPoolExecutor(TRIAGERS) as pool:
        answers = list(pool.map(decides, range(TRIAGERS)))
    assert answers.count(303) == 1, answers
    assert set(answers) == {303, 409}
    found = stolen.program.get("ServiceRequest/for-many").json
    assert len(found["relevantHistory"]) == 1
    assert found["meta"]["versionId"] == "2"


def test_one_form_sent_twice_is_one_step_and_one_referral(stolen: Stolen) -> None:
    with closing(stolen.visitor("cora")) as cora:
        path = "/patients/ann/referrals/for-twice"
        version = stolen.program.get("ServiceRequest/for-twice").json["meta"]
        fields = {"do": "ask", "version": version["versionId"], "words": "Since when?"}
        assert post(cora, path, **fields)[0] == 303
        assert post(cora, path, **fields)[0] == 303
        assert refers(cora, "ann", "sent-twice") == 303
        assert refers(cora, "ann", "sent-twice") == 303
        assert refers(cora, "ann", "sent-twice", "Something else") == 409
        assert refers(cora, "ben", "sent-twice") == 409
    found = stolen.program.get("ServiceRequest/for-twice").json
    assert len(found["relevantHistory"]) == 1
    sent = stolen.program.get("ServiceRequest/sent-twice").json
    assert sent["meta"]["versionId"] == "1"


def test_a_place_on_a_caseload_ends_with_its_referral_and_only_its_own_comes_back(
    stolen: Stolen,
) -> None:
    path, place = (
        "/patients/una/referrals/for-una",
        derived_uuid("referral-episode", "for-una"),
    )
    worker = {"to": "Practitioner/nell"}
    with closing(stolen.visitor("cora")) as cora:

        def takes(step: str, **fields: str) -> str:
            now = stolen.program.get("ServiceRequest/for-una").json["meta"]
            said = {"do": step, "version": now["versionId"], **fields}
            assert post(cora, path, **said)[0] == 303, step
            found = stolen.program.get(f"EpisodeOfCare/{place}")
            return str(found.json.get("status", ""))

        takes("accept")
        assert takes("allocate", **worker) == "active"
        assert takes("withdraw", words="Moved away") == "finished"
        assert takes("undo") == "active"
        assert takes("undo") == "entered-in-error"
        assert takes("discharge") == "entered-in-error"
        assert takes("undo") == "entered-in-error"
        assert takes("allocate", **worker) == "active"


def test_steps_make_a_referral_nobodys_own_work_and_explain_it_no_longer(
    stolen: Stolen,
) -> None:
    """Reckoned from each writing, whoever accepts had made the team's tie their own."""
    asked = (SystemClock().now() - timedelta(days=30)).isoformat(timespec="seconds")
    stolen.program.put(patient("ivy", "Lasting", "Ivy"))
    stolen.program.put(referral("for-ivy", "ivy", authoredOn=asked))
    before = ties_of(stolen, "ivy")
    assert set(before) == {"cora", "nell"}
    with closing(stolen.visitor("cora")) as cora:
        for step in ("accept", "undo", "accept"):
            now = stolen.program.get("ServiceRequest/for-ivy").json["meta"]
            fields = {"do": step, "version": now["versionId"]}
            path = "/patients/ivy/referrals/for-ivy"
            assert post(cora, path, **fields)[0] == 303, step
            assert ties_of(stolen, "ivy") == before


def ties_of(stolen: Stolen, who: str) -> dict[str, tuple[int, int, bool]]:
    """By person of the team: since when, until when, and whether it is their own."""
    return asyncio.run(_ties_of(stolen, who))


async def _ties_of(stolen: Stolen, who: str) -> dict[str, tuple[int, int, bool]]:
    door, found = WardenClient(stolen.stack.layout.door_socket, asker="web"), {}
    try:
        for key in ("cora", "nell"):
            said = await door.ask(AskWhomIExpect(stolen.cookies[key]), WhomIExpect)
            assert isinstance(said, WhomIExpect)
            for one in said.lines:
                if (one.patient, one.kind) == (who, "referral"):
                    found[key] = (one.since, one.until, one.is_self_made)
    finally:
        await door.close()
    return found


def test_a_cookie_alone_hands_nobody_over(stolen: Stolen) -> None:
    which = "11111111-2222-4333-8444-555555555555"
    plan = derived_uuid("hand-over", which, MIND, f"dots-place|{MIND}|cora")
    with closing(stolen.visitor("nell")) as thief:
        status, _ = post(
            thief,
            f"/referrals/teams/{MIND}/caseload",
            **{"which": which, "episode-dots-place": "1"},
            to=f"{MIND}|cora",
        )
        assert status == 303
        # Whoever goes back and chooses another worker reads a plan with that one
        plan_of_vera = derived_uuid("hand-over", which, MIND, f"dots-place|{MIND}|vera")
        assert plan_of_vera != plan
        status, _ = post(
            thief,
            f"/referrals/teams/{MIND}/caseload",
            **{"which": which, "episode-dots-place": "1"},
            to=f"{MIND}|vera",
        )
        assert status == 303
        assert thief.ask("GET", f"/referrals/hand-overs/{plan_of_vera}")[0] == 200
        status, page = post(thief, f"/referrals/hand-overs/{plan}/go", x="1")
        assert status in (403, 409)
        assert b"Nobody signed for this hand-over" in page
    with closing(stolen.visitor("hedda")) as other:
        assert other.ask("GET", f"/referrals/hand-overs/{plan}")[0] == 403
        # Nor is somebody put into a plan who is not on that team's caseload.
        status, _ = post(
            other,
            f"/referrals/teams/{HEART}/caseload",
            **{"which": which.replace("1", "9"), "episode-dots-place": "1"},
            to=f"{HEART}|hedda",
        )
        assert status in (200, 422)
    found = stolen.program.get("EpisodeOfCare/dots-place").json
    assert found["careManager"]["reference"] == "Practitioner/nell"
