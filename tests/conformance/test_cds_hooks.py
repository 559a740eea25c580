# SPDX-License-Identifier: Apache-2.0
"""CDS Hooks 2.0, from its own examples: discovery, calls, cards, errors, feedback.

https://cds-hooks.hl7.org/2.0/. What comes over the wire is judged by the tables of the
standard; the store behind it is a stand-in that has what is in use.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from support.asgi import Answer, call
from support.scripted_warden import ROWAN
from support.triage import question, rule, written_as
from wardkeep.base.clock import FrozenClock
from wardkeep.disclosure.answers import Refusal, SessionView
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.cds.application import CdsApplication
from wardkeep.fhir.cds.cards import REASONS, named_in, plain
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.rest.store import Store
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import NotFound, OpenedResource
from wardkeep.fhir.triage.held import Held, held_id, marks_library
from wardkeep.fhir.triage.in_use import Approval, library_id, library_of
from wardkeep.fhir.triage.library import NAMES, shipped, shipped_content

Json = dict[str, Any]
NOW = datetime(2026, 11, 29, 22, 0, tzinfo=UTC)
TOKEN = "1.token"  # noqa: S105 - of nobody
INSTANCE = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")
GREETER = {
    "hookInstance": INSTANCE,
    "fhirServer": "http://hooks.smarthealthit.org:9080",
    "hook": "patient-view",
    "fhirAuthorization": {
        "access_token": "some-opaque-fhir-access-token",
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/Patient.read patient/Observation.read",
        "subject": "cds-service4",
    },
    "context": {
        "userId": "Practitioner/example",
        "patientId": "1288992",
        "encounterId": "89284",
    },
    "prefetch": {
        "patientToGreet": {
            "resourceType": "Patient",
            "gender": "male",
            "birthDate": "1925-12-23",
            "id": "1288992",
            "active": True,
        }
    },
}
"""The standard's own example of a call, whole."""
PATIENT = GREETER["prefetch"]["patientToGreet"]  # type: ignore[index]


class World:
    """What a token's organisation has, and what was written for it."""

    def __init__(self, scope: str = "system/Library.r system/Basic.c") -> None:
        self.libraries: dict[str, Json] = {}
        self.written: list[Json] = []
        self.asked: list[str] = []
        self.session = msgspec.structs.replace(ROWAN, scope=scope)

    def use(self, name: str, pair: Any = None, *, is_on: bool = True) -> None:
        approval = Approval(
            lead="Dr A", day="2026-11-29", words="All of it", by=Person("", "A")
        )
        made = library_of(name, pair or shipped(name), approval, is_on=is_on)
        self.libraries[library_id(name)] = made

    async def of(self, token: str) -> SessionView | Refusal:
        if token == TOKEN:
            return self.session
        return Refusal(code="not-signed-in", why="No.", mend="Sign in.")

    async def one(
        self, type_: str, id_: str, **_opener: object
    ) -> OpenedResource | NotFound:
        assert type_ == "Library", "nothing else is read from the store"
        self.asked.append(id_)
        found = self.libraries.get(id_)
        if found is None:
            return NotFound(type=type_, id=id_)
        return OpenedResource(
            type=type_,
            id=id_,
            version=1,
            patient="",
            tier=Tier.SHARED,
            clinical_at=None,
            last_updated=NOW,
            text=msgspec.json.encode(found),
        )

    async def write(self, change: Change, **_opener: object) -> None:
        self.written += [one.resource.content for one in change.drafts]
        assert all(one.owner == "" for one in change.drafts)

    @property
    def app(self) -> CdsApplication:
        store = SimpleNamespace(
            sessions=self, reader=self, writer=self, clock=FrozenClock(NOW)
        )
        return CdsApplication(cast("Store", store), origin="https://cds.example.org")

    async def ask(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> Answer:
        sent = {"authorization": f"Bearer {TOKEN}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        raw = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        url = f"https://cds.example.org/cds-services{path}"
        return await call(self.app, method, url, headers=sent, body=raw)

    async def cards(self, service: str, body: Json) -> list[Json]:
        answer = await self.ask("POST", f"/{service}", body)
        assert answer.status == 200, answer.text
        assert answer.headers["content-type"].startswith("application/json")
        found: Json = json.loads(answer.body)
        assert set(found) == {"cards"}
        for one in found["cards"]:
            is_a_card(one)
        cards: list[Json] = found["cards"]
        return cards


@pytest.fixture
def world() -> World:
    found = World()
    for name in NAMES:
        found.use(name)
    return found


def is_a_card(card: Json) -> None:
    """The table "Card Attributes" and those below it."""
    assert {"uuid", "summary", "indicator", "source"} <= set(card)
    assert UUID.fullmatch(card["uuid"])
    assert 0 < len(card["summary"]) < 140
    assert card["indicator"] in ("info", "warning", "critical")
    assert card["source"]["label"]
    assert card["source"].get("url", "https://").startswith("https://")
    assert ("suggestions" in card) is ("selectionBehavior" in card)
    assert card.get("selectionBehavior", "any") in ("any", "at-most-one")
    for one in card.get("suggestions", ()):
        assert one["label"]
        assert UUID.fullmatch(one["uuid"])
        for action in one["actions"]:
            assert action["type"] in ("create", "update", "delete")
            assert action["description"]
            assert action["resource"]["resourceType"]
    for one in card.get("overrideReasons", ()):
        assert one["code"]
        assert one["display"]
    for one in card.get("links", ()):
        assert one["label"]
        assert one["type"] == "absolute"
        assert one["url"].startswith("https://")
    no_null_and_nothing_empty(card)


def no_null_and_nothing_empty(value: object) -> None:
    assert value not in (None, "", [], {})
    inner = value.values() if isinstance(value, Mapping) else ()
    for one in value if isinstance(value, list) else inner:
        no_null_and_nothing_empty(one)


def view(*observations: Json, **unlike: object) -> Json:
    entries = [{"resource": one} for one in observations]
    vitals = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    prefetch = {"patient": PATIENT, "vitals": vitals}
    return {**GREETER, "prefetch": prefetch, **unlike}


def vital(code: str, value: object, at: str = "2026-11-29T21:30:00Z") -> Json:
    return {
        "resourceType": "Observation",
        "status": "final",
        "subject": {"reference": "Patient/1288992"},
        "effectiveDateTime": at,
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "valueQuantity": {"value": value},
    }


def ticked(name: str = "adult-checklist", /, **answers: bool) -> Json:
    sent = {
        "resourceType": "QuestionnaireResponse",
        "status": "in-progress",
        "questionnaire": shipped_content(name).asks,
        "item": [
            {"linkId": link, "answer": [{"valueBoolean": value}]}
            for link, value in answers.items()
        ],
    }
    return {
        "hook": "wardkeep.triage-answer",
        "hookInstance": INSTANCE,
        "context": {
            "userId": "Practitioner/example",
            "patientId": "1288992",
            "answers": sent,
        },
        "prefetch": {"patient": PATIENT},
    }


async def test_discovery_lists_services_with_what_they_want_prefetched(
    world: World,
) -> None:
    answer = await world.ask("GET", "")
    assert answer.status == 200
    services = json.loads(answer.body)["services"]
    assert len(services) == 3
    for one in services:
        assert {"hook", "description", "id", "title", "prefetch"} == set(one)
        assert one["hook"] in ("patient-view", "wardkeep.triage-answer")
        no_null_and_nothing_empty(one)
        for template in one["prefetch"].values():
            assert set(re.findall(r"{{(.*?)}}", template)) == {"context.patientId"}
    assert {one["id"] for one in services if one["hook"] == "patient-view"} == {
        "adult-vital-signs"
    }


async def test_what_no_clinical_lead_took_into_use_is_no_service() -> None:
    world = World()
    answer = await world.ask("GET", "")
    assert (answer.status, json.loads(answer.body)) == (200, {"services": []})
    assert (await world.ask("POST", "/adult-vital-signs", view())).status == 404
    world.use("adult-checklist", is_on=False)
    assert json.loads((await world.ask("GET", "")).body) == {"services": []}
    assert (await world.ask("POST", "/adult-vital-signs", view())).status == 404


async def test_the_example_of_the_standard_without_what_is_needed_is_a_412(
    world: World,
) -> None:
    answer = await world.ask("POST", "/adult-vital-signs", GREETER)
    assert answer.status == 412
    assert b"under the key patient" in answer.body
    for patient in (None, {"resourceType": "Observation"}):
        body = view() | {"prefetch": {"patient": patient}}
        assert (await world.ask("POST", "/adult-vital-signs", body)).status == 412


async def test_a_patient_of_whom_nothing_is_to_be_said_has_no_cards(
    world: World,
) -> None:
    assert await world.cards("adult-vital-signs", view()) == []


async def test_vital_signs_come_to_cards_the_most_pressing_first(world: World) -> None:
    signs = [
        vital("9279-1", 26),
        vital("59408-5", 90),
        vital("8867-4", 135),
        vital("8310-5", 39.4),
        # An older pulse, one of last week, and one of tomorrow do not count
        vital("8867-4", 60, "2026-11-29T20:00:00Z"),
        vital("8480-6", 70, "2026-11-20T20:00:00Z"),
        vital("8480-6", 71, "2026-11-30T20:00:00Z"),
        vital("8480-6", 72) | {"status": "entered-in-error"},
    ]
    cards = await world.cards("adult-vital-signs", view(*signs))
    order = [("critical", "warning", "info").index(one["indicator"]) for one in cards]
    assert len(cards) > 1
    assert order[0] == min(order)
    first = cards[0]
    [suggestion] = first["suggestions"]
    made = suggestion["actions"][0]["resource"]
    assert made["subject"] == {"reference": "Patient/1288992"}
    assert made["encounter"] == {"reference": "Encounter/89284"}
    assert (made["intent"], made["status"]) == ("proposal", "draft")
    assert [one["code"] for one in first["overrideReasons"]] == list(REASONS)
    assert "Its authors held it against" in first["detail"]
    assert "2026\\-11\\-29T21:30:00" in first["detail"]
    assert any("NEWS2" in one["summary"] for one in cards)
    again = await world.cards("adult-vital-signs", view(*signs))
    assert again == cards, "the same call has the same cards"
    # Nothing was read but what is in use, and nothing was called
    assert set(world.asked) == {
        library_id("adult-checklist"),
        held_id("adult-checklist"),
    }


async def test_who_held_a_rule_stands_on_its_card(world: World) -> None:
    content = shipped_content("adult-checklist")
    found = content.rule("stridor")
    assert found is not None
    mark = Held(
        rule=found.digest,
        name="Dr B",
        day="2026-11-28",
        clause="Table 1",
        account="a-2",
    )
    made = marks_library("adult-checklist", {mark.rule: mark})
    world.libraries[held_id("adult-checklist")] = made
    [card, *_] = await world.cards("adult-checklist", ticked(stridor=True))
    assert "Held against the original by Dr B on 2026-11-28: Table 1" in card["detail"]
    assert "Not checked" not in card["detail"]


async def test_ticks_come_to_what_the_checklist_says(world: World) -> None:
    cards = await world.cards("adult-checklist", ticked(stridor=True, wheeze=True))
    assert cards[0]["summary"].startswith("Red flag: ")
    assert cards[0]["indicator"] == "critical"
    assert len(cards) >= 2
    assert await world.cards("adult-checklist", ticked(stridor=False)) == []
    child = ticked(stridor=True)
    child["prefetch"] = {"patient": {**PATIENT, "birthDate": "2022-01-01"}}
    [card] = await world.cards("adult-checklist", child)
    assert "not meant for this patient" in card["summary"]


async def test_a_strict_order_asks_the_next_question_until_it_ends(
    world: World,
) -> None:
    items = list(shipped_content("adult-danger-signs").items.values())
    body = ticked("adult-danger-signs")
    [card] = await world.cards("adult-danger-signs", body)
    assert card["summary"].startswith(f"Ask next: {items[0].words()[:40]}")
    flag = ticked("adult-danger-signs", **{items[0].link_id: True})
    cards = await world.cards("adult-danger-signs", flag)
    no = ticked("adult-danger-signs", **{items[0].link_id: False})
    following = await world.cards("adult-danger-signs", no)
    assert cards != following
    assert any("Ask next" in one["summary"] for one in [*cards, *following])


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({**view(), "hook": "order-sign"}, "hook"),
        ({**view(), "hookInstance": "one"}, "hookInstance"),
        ({**view(), "context": None}, "context"),
        ({**view(), "context": {"userId": "Practitioner/x"}}, "context.patientId"),
        ({**view(), "context": {"patientId": "1288992"}}, "context.userId"),
        ({**view(), "prefetch": []}, "prefetch"),
        (view(context={"userId": "x", "patientId": "2"}), "context.patientId"),
        (
            view({**vital("8867-4", 60), "subject": {"reference": "Patient/2"}}),
            "prefetch.vitals",
        ),
        (b"{", ""),
        (b"[" * 100_000, ""),
        (b'{"hook":"patient-view","hook":"patient-view"}', ""),
    ],
)
async def test_what_the_standard_does_not_say_is_a_400_at_its_place(
    world: World, body: object, place: str
) -> None:
    answer = await world.ask("POST", "/adult-vital-signs", body)
    assert answer.status == 400, answer.text
    [issue, *_] = json.loads(answer.body)["issue"]
    assert not place or issue["expression"] == [place]


async def test_answers_to_another_questionnaire_are_refused(world: World) -> None:
    body = ticked(stridor=True)
    body["context"]["answers"]["questionnaire"] = "urn:else|1"
    answer = await world.ask("POST", "/adult-checklist", body)
    assert answer.status == 400
    assert shipped_content("adult-checklist").asks in answer.text
    del body["context"]["answers"]
    assert (await world.ask("POST", "/adult-checklist", body)).status == 400


async def test_who_asks_is_known_and_may_read_what_is_in_use(world: World) -> None:
    for headers in ({"authorization": ""}, {"authorization": "Bearer 1.other"}):
        answer = await world.ask("GET", "", **headers)
        assert answer.status == 401
        assert "Bearer" in answer.headers["www-authenticate"]
    other = World(scope="system/Patient.r")
    assert (await other.ask("GET", "")).status == 403
    assert (await World(scope="").ask("GET", "")).status == 403
    apps = World(scope="user/Library.r")
    apps.session = msgspec.structs.replace(apps.session, app="an-app")
    assert (await apps.ask("GET", "")).status == 403
    assert other.asked == []


async def test_addresses_and_methods_that_are_not_there(world: World) -> None:
    assert (await world.ask("GET", "/adult-checklist")).status == 405
    assert (await world.ask("POST", "")).status == 405
    assert (await world.ask("POST", "/nothing", {})).status == 404
    assert (await world.ask("POST", "/adult-checklist/else", {})).status == 404
    packed = await world.ask(
        "POST", "/adult-checklist", ticked(), content_encoding="gzip"
    )
    assert packed.status == 415


def said(card: str, outcome: str, **more: object) -> Json:
    at = "2020-12-11T00:00:00Z"
    return {"card": card, "outcome": outcome, "outcomeTimestamp": at, **more}


async def test_feedback_as_the_standard_shows_it_is_kept_without_comments(
    world: World,
) -> None:
    [card, *_] = await world.cards("adult-checklist", ticked(stridor=True))
    reason = {
        "reason": {"code": "judged", "system": card["overrideReasons"][0]["system"]},
        "userComment": "A comment entered by the clinician.",
    }
    accepted = [{"id": card["suggestions"][0]["uuid"]}]
    feedback = [
        said(card["uuid"], "accepted", acceptedSuggestions=accepted),
        said(card["uuid"], "overridden"),
        said(card["uuid"], "overridden", overrideReason=reason)
        | {"outcomeTimestamp": "2020-12-11T00:00:01Z"},
    ]
    path = "/adult-checklist/feedback"
    assert (await world.ask("POST", path, {"feedback": feedback})).status == 200
    assert len(world.written) == 3
    kept = [
        {one["url"].rpartition(":")[2]: one["valueString"] for one in it["extension"]}
        for it in world.written
    ]
    assert {one["rule"] for one in kept} == {"stridor"}
    assert [one["outcome"] for one in kept] == ["accepted", "overridden", "overridden"]
    assert kept[0]["suggestion"] == accepted[0]["id"]
    assert [one.get("reason") for one in kept] == [None, None, "judged"]
    assert "comment" not in str(world.written)
    ids = [one["id"] for one in world.written]
    assert (await world.ask("POST", path, {"feedback": feedback})).status == 200
    assert [one["id"] for one in world.written] == [*ids, *ids], "told twice: one id"


async def test_feedback_on_no_card_of_ours_is_refused_whole(world: World) -> None:
    [card, *_] = await world.cards("adult-checklist", ticked(stridor=True))
    good = said(card["uuid"], "overridden")
    path = "/adult-checklist/feedback"
    for wrong in (
        said("4e0a3a1e-3283-4575-ab82-028d55fe2719", "overridden"),
        said(card["suggestions"][0]["uuid"], "overridden"),
        said(card["uuid"], "ignored"),
        said(card["uuid"], "accepted"),
        {**good, "outcomeTimestamp": "yesterday"},
        "overridden",
    ):
        answer = await world.ask("POST", path, {"feedback": [good, wrong]})
        assert answer.status == 400, wrong
    wholes: list[Json] = [{}, {"feedback": []}, {"feedback": [good] * 51}]
    for whole in wholes:
        assert (await world.ask("POST", path, whole)).status == 400
    assert world.written == []


async def test_words_of_content_are_no_markup_on_a_card() -> None:
    evil = "</script><img src=x onerror=alert(1)> [a](javascript:alert(1)) **b**"
    world = World()
    made = rule("a", "%a", "ambulance-1", red=True, title=evil)
    made["documentation"][0]["url"] = "javascript:alert(1)"  # type: ignore[index]
    world.use("adult-checklist", written_as([question("a")], [made]))
    body = ticked(a=True)
    body["context"]["answers"]["questionnaire"] = "urn:example:questions|1"
    [card, *_] = await world.cards("adult-checklist", body)
    assert "links" not in card
    assert "url" not in card["source"]
    assert "<" not in re.sub(r"\\.", "", card["detail"])
    assert "](" not in re.sub(r"\\.", "", card["detail"])
    assert plain("a*b\n<c>") == r"a\*b \<c\>"


def test_a_cards_name_is_read_back_and_nothing_else_is() -> None:
    assert named_in("4e0a3a1e-3283-4575-ab82-028d55fe2719") is None
    found = named_in("0123abcd-8005-8abc-adef-0123456789ab")
    assert found is not None
    assert (found.content, found.number, found.is_suggestion) == ("0123abcd", 5, True)
