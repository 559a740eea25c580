# SPDX-License-Identifier: Apache-2.0
"""Somebody looked again at what a call came to: what they say is done, no more.

Two organisations over HTTP. A nurse presses; the call centre's ambulance goes, or does
not. Then answers that are forged, sent again, too late, or cannot be read.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from support.partners import (
    NORTH,
    headers,
    now,
    partner,
    put_in_the_team,
)
from support.program import Program, Reply
from support.served import Served, Visitor, eventually
from support.two_sites import TwoSites
from support.urgent import put_in_a_queue, queue_places, whole_call
from support.wards import Worker, practitioner
from wardkeep.fhir.bars.outgoing import Standing
from wardkeep.fhir.bars.validation import OUTCOMES
from wardkeep.fhir.store.outcomes import Written

Json = dict[str, Any]
ANN = Worker("urgent_care_clinician", "Ann Advice", "ann")


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoSites]:
    folder = tmp_path_factory.mktemp("validated")
    running = Served(folder, WARDKEEP_WEB_WORKERS="1")
    try:
        running.await_ready()
        made = TwoSites(running, folder)
        for one in (*queue_places(), practitioner(ANN)):
            made.north.put(one)
        yield made
        made.close()
    finally:
        running.stop()


@pytest.fixture(scope="module")
def nurse(sites: TwoSites) -> str:
    """Somebody at Fernhill's front door."""
    token = sites.stack.sign_in("fernhill", [], "care_coordinator")
    asyncio.run(put_in_the_team(sites.stack, token, "fernhill"))
    return token


def asked(
    sites: TwoSites,
    id_: str,
    *,
    by: datetime | None = None,
    code: str = "ambulance-3-validate",
) -> Standing:
    """Somebody waits, and Fernhill was asked to look again."""
    for one in whole_call(id_, code, given=now()):
        sites.north.put(one)
    about = f"{id_}-outcome"
    answer_by = by or now() + timedelta(minutes=20)
    assert isinstance(sites.refers(about, answer_by=answer_by), Written)
    eventually(lambda: sites.states(about) == ["sent"], sites.stack.log)
    return sites.standing(about)[0]


def answers(
    sites: TwoSites,
    standing: Standing,
    *,
    status: str = "finished",
    means: str = "",
    category: str = "",
    by: Program | None = None,
) -> Json:
    """Fernhill's program says it; the reply, and the message in it."""
    interim = status in ("in-progress", "cancelled")
    request = sites.fernhill.get(f"ServiceRequest/{standing.there}").json
    bundle = sites.answer_of(standing.message, request, is_interim=interim)
    own = [
        one["resource"]
        for one in bundle["entry"]
        if one["resource"]["resourceType"] == "Encounter"
    ][1]
    own["status"] = status
    if means:
        own["reasonCode"] = [{"coding": [{"system": OUTCOMES, "code": means}]}]
    for one in bundle["entry"]:
        plan = one["resource"]
        if plan["resourceType"] == "CarePlan":
            said = [{"coding": [{"system": "urn:example:arp", "code": category}]}]
            outcomes = plan["activity"][0]["outcomeCodeableConcept"]
            outcomes[:0] = said if category else []
    return {"bundle": bundle, "reply": told(sites, bundle, by)}


def told(sites: TwoSites, bundle: Json, by: Program | None = None) -> Reply:
    """A message that comes to North; by Fernhill, or by somebody else."""
    with closing(by or sites.answering()) as program:
        return program.ask(
            "POST", "$process-message", bundle, headers(service=NORTH.service)
        )


def test_a_nurse_who_says_more_urgent_has_an_ambulance_sent(
    sites: TwoSites, nurse: str
) -> None:
    standing = asked(sites, "worse")
    request = sites.fernhill.get(f"ServiceRequest/{standing.there}").json
    patient = request["subject"]["reference"].partition("/")[2]
    path = f"/patients/{patient}/referrals/{standing.there}"
    with closing(Visitor(sites.stack.port, nurse)) as visitor:
        for step, more in (
            ("accept", {"words": "Ringing now"}),
            ("discharge", {}),
            ("discharge", {"outcome": "up C2", "words": "Grey, and sweating"}),
        ):
            page = visitor.get(path).decode()
            version = page.partition('name="version" value="')[2].partition('"')[0]
            form = {"do": step, "version": version, "words": "", **more}
            status, answer = visitor.ask("POST", path, urlencode(form).encode())
            is_chosen = step == "accept" or "outcome" in more
            assert status == (303 if is_chosen else 422)
            assert (b"Choose what came of it" in answer) is not is_chosen
    eventually(lambda: sites.ambulance("worse-entry") == "C2", sites.stack.log)
    (found,) = sites.standing("worse-outcome")
    assert (found.state, found.outcome, found.category) == ("answered", "up", "C2")


def test_one_that_is_declined_is_done_as_if_nobody_had_been_asked(
    sites: TwoSites,
) -> None:
    standing = asked(sites, "declined")
    said = answers(sites, standing, status="cancelled", means="rejected")
    assert said["reply"].status == 200, said["reply"]
    eventually(lambda: sites.ambulance("declined-entry") == "C3", sites.stack.log)
    assert sites.states("declined-outcome") == ["unanswered"]


@pytest.mark.parametrize("means", ["hear-and-treat", "referred-on", "lifted", "down"])
def test_who_needs_no_ambulance_gets_none_and_the_clock_stops(
    sites: TwoSites, means: str
) -> None:
    soon = now() + timedelta(seconds=4)
    standing = asked(sites, f"by-{means}", by=soon)
    assert answers(sites, standing, means=means)["reply"].status == 200
    (found,) = sites.standing(f"by-{means}-outcome")
    assert (found.state, found.outcome) == ("answered", means)
    eventually(lambda: now() > soon + timedelta(seconds=3), sites.stack.log)
    assert sites.ambulance(f"by-{means}-entry") is None
    assert sites.states(f"by-{means}-outcome") == ["answered"]


def test_as_urgent_as_it_was_the_ambulance_goes_now(sites: TwoSites) -> None:
    standing = asked(sites, "same")
    answers(sites, standing, means="unchanged")
    eventually(lambda: sites.ambulance("same-entry") == "C3", sites.stack.log)


def test_what_is_said_so_far_stops_no_clock(sites: TwoSites) -> None:
    standing = asked(sites, "so-far", by=now() + timedelta(seconds=4))
    answers(sites, standing, status="in-progress")
    assert sites.standing("so-far-outcome")[0].outcome == "in-progress"
    eventually(lambda: sites.ambulance("so-far-entry") == "C3", sites.stack.log)


def test_words_that_no_code_can_read_stop_no_clock(sites: TwoSites) -> None:
    standing = asked(sites, "words", by=now() + timedelta(seconds=4))
    assert answers(sites, standing, category="fine")["reply"].status == 200
    (found,) = sites.standing("words-outcome")
    assert (found.state, found.answer, found.outcome) == ("sent", "full", "")
    eventually(lambda: sites.ambulance("words-entry") == "C3", sites.stack.log)


def test_a_later_word_that_is_worse_raises_what_was_asked_for(sites: TwoSites) -> None:
    """And one that is interim takes nothing back that was said in full."""
    standing = asked(sites, "later")
    answers(sites, standing, means="hear-and-treat")
    answers(sites, standing, status="in-progress")
    assert sites.standing("later-outcome")[0].outcome == "hear-and-treat"
    answers(sites, standing, category="Cat1")
    eventually(lambda: sites.ambulance("later-entry") == "C1", sites.stack.log)


def test_a_clinician_reads_what_it_means_and_ends_what_they_dealt_with(
    sites: TwoSites,
) -> None:
    standing = asked(sites, "shown")
    # The support lays every message into one record: she may open that too.
    token = sites.stack.sign_in("north", ["caller"], "urgent_care_clinician")
    asyncio.run(put_in_a_queue(sites.stack, token, "north", "ann", "clinician"))
    with closing(Visitor(sites.stack.port, token)) as ann:
        taken = ann.get("/urgent-queue/cases/shown-entry").decode()
        version = taken.partition('name="version" value="')[2].partition('"')[0]
        take = "/urgent-queue/cases/shown-entry/do/take"
        took = ann.send(take, urlencode({"version": version}).encode())
        assert took[0] == 303, took
        sent = "/patients/shown/refer/shown-entry/sent"
        assert "end the case" not in ann.get(sent).decode()
        answers(sites, standing, means="lifted")
        board = ann.get("/urgent-queue/messages").decode()
        assert "Helped up, and not hurt" in board
        page = ann.get(sent).decode()
        assert "Helped up, and not hurt" in page
        assert "They have dealt with it: end the case" in page
        version = page.partition('name="version" value="')[2].partition('"')[0]
        close = "/patients/shown/refer/shown-entry/close"
        _, _, to = ann.send(close, urlencode({"version": version}).encode())
        assert "The case is ended" in ann.get(to).decode()


def test_who_did_not_come_is_told_to_whoever_referred(
    sites: TwoSites, nurse: str
) -> None:
    for one in whole_call("absent", "emergency-department-1h", given=now()):
        sites.north.put(one)
    assert isinstance(sites.refers("absent-outcome"), Written)
    eventually(lambda: sites.states("absent-outcome") == ["sent"], sites.stack.log)
    (standing,) = sites.standing("absent-outcome")
    request = sites.fernhill.get(f"ServiceRequest/{standing.there}").json
    patient = request["subject"]["reference"].partition("/")[2]
    # Somebody's of whom Fernhill's record says that they are a child
    person = sites.fernhill.get(f"Patient/{patient}").json
    born = person["birthDate"]
    sites.fernhill.put({**person, "birthDate": "2019-05-04"})
    path = f"/patients/{patient}/referrals/{standing.there}"
    with closing(Visitor(sites.stack.port, nurse)) as visitor:
        for step, words in (
            ("accept", "Come"),
            ("discharge", ""),
            ("discharge", "Rang their mother twice: nobody answered"),
        ):
            page = visitor.get(path).decode()
            version = page.partition('name="version" value="')[2].partition('"')[0]
            form = {"do": step, "version": version, "words": words}
            form["outcome"] = "did-not-attend"
            status, _ = visitor.ask("POST", path, urlencode(form).encode())
            assert status == (303 if words else 422)
    sites.fernhill.put({**person, "birthDate": born})
    eventually(lambda: sites.states("absent-outcome") == ["answered"], sites.stack.log)
    assert sites.standing("absent-outcome")[0].outcome == "was-not-brought"
    flags = sites.north.search("Flag", ("patient", "caller")).resources
    assert [one["category"][0]["coding"][0]["code"] for one in flags] == ["SG"]
    token = sites.stack.sign_in("north", [], "urgent_care_clinician")
    with closing(Visitor(sites.stack.port, token)) as ann:
        board = ann.get("/urgent-queue/messages").decode()
    assert "A child was not brought: safeguarding" in board


# With a partner's token that was stolen, or another partner's


def test_an_answer_of_another_partner_is_none(sites: TwoSites, tmp_path: Path) -> None:
    standing = asked(sites, "forged", by=now() + timedelta(seconds=5))
    thief = partner(sites.stack, tmp_path, organisation="north")
    said = answers(sites, standing, means="hear-and-treat", by=thief)
    assert said["reply"].status == 404
    (found,) = sites.standing("forged-outcome")
    assert (found.answer, found.outcome) == ("", "")
    # The fail-safe stays: nobody talks an ambulance away.
    eventually(lambda: sites.ambulance("forged-entry") == "C3", sites.stack.log)


def test_the_same_answer_again_is_taken_once(sites: TwoSites) -> None:
    standing = asked(sites, "replayed")
    said = answers(sites, standing, means="down")
    again = told(sites, said["bundle"])
    assert again.status == 409
    assert json.loads(again.raw)["issue"][0]["code"] == "duplicate"


def test_what_was_taken_back_is_answered_to_nobody(sites: TwoSites) -> None:
    standing = asked(sites, "gone")
    sites.refers("gone-outcome", update=standing)
    eventually(lambda: len(sites.states("gone-outcome")) == 2, sites.stack.log)
    answers(sites, standing, means="unchanged")
    known = asked(sites, "known")
    answers(sites, known, means="unchanged")
    eventually(lambda: sites.ambulance("known-entry") == "C3", sites.stack.log)
    assert sites.ambulance("gone-entry") is None
