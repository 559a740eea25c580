# SPDX-License-Identifier: Apache-2.0
"""Tokens above, below and in value sets: R4's own and stored ones, over HTTP."""

import urllib.parse
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from support.program import Program, Reply
from support.served import Served, served

Json = dict[str, Any]

CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
FRUIT, ORCHARD = "http://example.org/fruit", "http://example.org/orchard"


def condition(id_: str, status: str, *codes: tuple[str, str]) -> Json:
    return {
        "resourceType": "Condition",
        "id": id_,
        "subject": {"reference": "Patient/ash"},
        "clinicalStatus": {"coding": [{"system": CLINICAL, "code": status}]},
        "code": {"coding": [{"system": one, "code": code} for one, code in codes]},
    }


STORED: tuple[Json, ...] = (
    {
        "resourceType": "CodeSystem",
        "id": "fruit",
        "url": FRUIT,
        "status": "active",
        "content": "complete",
        "concept": [
            {"code": "Apple", "concept": [{"code": "Cox"}, {"code": "Russet"}]},
            {"code": "Pear, ripe|soft"},
        ],
    },
    {
        "resourceType": "ValueSet",
        "id": "apples",
        "url": f"{FRUIT}/apples",
        "version": "2",
        "status": "active",
        "compose": {
            "include": [
                {
                    "system": FRUIT,
                    "filter": [{"property": "concept", "op": "is-a", "value": "Apple"}],
                }
            ],
            "exclude": [{"system": FRUIT, "concept": [{"code": "Russet"}]}],
        },
    },
    {
        "resourceType": "ValueSet",
        "id": "all",
        "url": f"{FRUIT}/all",
        "status": "active",
        "compose": {
            "include": [
                {"valueSet": [f"{FRUIT}/apples"]},
                {"system": FRUIT, "concept": [{"code": "Pear, ripe|soft"}]},
            ]
        },
    },
    {
        "resourceType": "ValueSet",
        "id": "circle",
        "url": f"{FRUIT}/circle",
        "status": "active",
        "compose": {"include": [{"valueSet": [f"{FRUIT}/circle"]}]},
    },
    {
        "resourceType": "ValueSet",
        "id": "sct",
        "url": f"{FRUIT}/sct",
        "status": "active",
        "compose": {"include": [{"system": "http://snomed.info/sct"}]},
    },
    {"resourceType": "Patient", "id": "ash", "name": [{"family": "Ash"}]},
    condition("active", "active", (FRUIT, "Apple")),
    condition("relapse", "relapse", (FRUIT, "Cox")),
    condition("resolved", "resolved", (FRUIT, "Russet")),
    condition("remission", "remission", (FRUIT, "Pear, ripe|soft")),
    condition("elsewhere", "inactive", (ORCHARD, "Cox")),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("terms")) as running:
        running.found("fernhill")
        running.found("larkspur")
        yield running


@pytest.fixture(scope="module")
def program(
    server: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("program")
    with closing(Program(server, folder, organisation="fernhill")) as made:
        for one in STORED:
            assert made.put(one).status == 201
        yield made


def ask(program: Program, type_: str, *pairs: tuple[str, str]) -> Reply:
    return program.get(f"{type_}?{urllib.parse.urlencode(pairs)}")


def found(program: Program, *pairs: tuple[str, str]) -> set[str]:
    reply = program.search("Condition", *pairs)
    assert reply.status == 200, reply
    return set(reply.ids)


@pytest.mark.parametrize(
    ("name", "value", "ids"),
    [
        ("clinical-status:below", f"{CLINICAL}|active", {"active", "relapse"}),
        ("clinical-status:below", "ACTIVE", {"active", "relapse"}),
        (
            "clinical-status:below",
            f"{CLINICAL}|inactive",
            {"resolved", "remission", "elsewhere"},
        ),
        ("clinical-status:above", f"{CLINICAL}|relapse", {"active", "relapse"}),
        ("clinical-status:above", f"{CLINICAL}|active", {"active"}),
        ("code:below", f"{FRUIT}|Apple", {"active", "relapse", "resolved"}),
        ("code:below", f"{FRUIT}|apple", {"active", "relapse", "resolved"}),
        ("code:above", f"{FRUIT}|Cox", {"active", "relapse"}),
        ("code:in", f"{FRUIT}/apples", {"active", "relapse"}),
        ("code:in", f"{FRUIT}/apples|2", {"active", "relapse"}),
        ("code:in", "ValueSet/apples", {"active", "relapse"}),
        ("code:in", f"{FRUIT}/all", {"active", "relapse", "remission"}),
        ("code:not-in", f"{FRUIT}/apples", {"resolved", "remission", "elsewhere"}),
        (
            "clinical-status:in",
            "http://hl7.org/fhir/ValueSet/condition-clinical",
            {"active", "relapse", "resolved", "remission", "elsewhere"},
        ),
    ],
)
def test_tokens_are_found_by_what_they_are_kinds_of(
    program: Program, name: str, value: str, ids: set[str]
) -> None:
    assert found(program, (name, value)) == ids


def test_a_stored_set_is_followed_through_chains_and_in_compartments(
    program: Program,
) -> None:
    reply = program.search(
        "Patient", ("_has:Condition:patient:code:in", f"{FRUIT}/apples")
    )
    assert reply.ids == ["ash"]
    nobody = ask(
        program, "Patient", ("_has:Condition:patient:code:below", f"{ORCHARD}|Cox")
    )
    assert nobody.status == 400
    inside = program.get(f"Patient/ash/Condition?code:in={FRUIT}/apples")
    assert set(inside.ids) == {"active", "relapse"}


def test_pages_of_such_a_search_link_to_what_was_asked(program: Program) -> None:
    reply = program.search("Condition", ("code:in", f"{FRUIT}/apples"), ("_count", "1"))
    assert "code%3Ain" in reply.link("self") or "code:in" in reply.link("self")
    rest = program.get(reply.link("next").partition("/fhir/")[2])
    assert rest.status == 200, rest
    assert {*reply.ids, *rest.ids} == {"active", "relapse"}


def test_conditions_of_writes_may_name_stored_sets(program: Program) -> None:
    reply = program.ask(
        "PUT",
        f"Condition?code:below={FRUIT}|Pear\\, ripe\\|soft".replace(" ", "%20"),
        {**condition("x", "remission", (FRUIT, "Pear, ripe|soft")), "id": "remission"},
    )
    assert reply.status == 200, reply


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("code:in", "http://example.org/nothing", "no such ValueSet"),
        ("code:in", "ValueSet/nothing", "no such ValueSet"),
        ("code:in", f"{FRUIT}/circle", "cannot be listed"),
        ("code:in", f"{FRUIT}/apples|7", "no such ValueSet"),
        ("code:in", f"{FRUIT}/sct", "no such CodeSystem"),
        ("code:below", "http://snomed.info/sct|1", "no such CodeSystem"),
        ("code:below", "no-code-of-any-system", "No hierarchy"),
    ],
)
def test_what_is_not_known_is_told_by_name(
    program: Program, name: str, value: str, word: str
) -> None:
    reply = ask(program, "Condition", (name, value))
    assert reply.status == 400, reply
    assert word in reply.words
    assert reply.json["issue"][0]["expression"] == ["code"]


def test_a_program_without_value_sets_learns_nothing_of_them(
    server: Served, tmp_path: Any, program: Program
) -> None:
    del program
    scope = "system/Condition.rs"
    with closing(
        Program(server, tmp_path, organisation="fernhill", scope=scope)
    ) as narrow:
        for value in (f"{FRUIT}/apples", "ValueSet/apples", "ValueSet/nothing"):
            reply = ask(narrow, "Condition", ("code:in", value))
            assert reply.status == 403, reply
        own = "http://hl7.org/fhir/ValueSet/condition-clinical"
        assert narrow.search("Condition", ("clinical-status:in", own)).status == 200


def test_another_organisations_sets_are_not_known(
    server: Served, tmp_path: Any, program: Program
) -> None:
    del program
    with closing(Program(server, tmp_path, organisation="larkspur")) as stranger:
        reply = ask(stranger, "Condition", ("code:in", f"{FRUIT}/apples"))
        assert reply.status == 400, reply
        assert "no such ValueSet" in reply.words
