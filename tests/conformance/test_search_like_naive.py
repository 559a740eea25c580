# SPDX-License-Identifier: Apache-2.0
"""Searches of the sealed store find what a naive look at every open resource finds.

Random resources are stored, random queries asked, and each answer compared with the
resources for which `holds` says yes: it looks at the resource alone, without tokens,
ranges or SQL.
"""

import json
import urllib.parse
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from support.program import Program
from support.served import served
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.search.query import Query, holds, parse_query

Json = dict[str, Any]
Pair = tuple[str, str]

DATES = (
    "2010",
    "2010-05",
    "2010-05-03",
    "2010-05-31",
    "2010-06-01T00:00:00Z",
    "2010-05-31T23:59:59.999Z",
    "2011-01-01T01:30:00+02:00",
    "2012-02-29",
)
VALUES = ("1", "1.0", "1.00", "0.95", "1.05", "99.5", "100", "1e2", "-3", "0")
CODES = (("http://a.org", "x"), ("http://a.org", "Y"), ("http://b.org", "x"), ("", "x"))
UNITS = (
    ("http://unitsofmeasure.org", "mg"),
    ("http://u.org", "mg"),
    ("", "g"),
    ("", ""),
)
WORDS = ("Reed", "reedman", "Ree", "Müller", "O'Brien", "Ash Tree", "ash", "Zoë")
PREFIXES = ("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")

dates, numbers, words = map(st.sampled_from, (DATES, VALUES, WORDS))


def concept(code: tuple[str, str]) -> Json:
    system, value = code
    coding = {"code": value} | ({"system": system} if system else {})
    return {"coding": [coding], "text": f"text of {value}"}


def quantity(value: str, unit: tuple[str, str]) -> Json:
    system, code = unit
    found: Json = {"value": f"@{value}@"}
    if code:
        found |= {"unit": code, "code": code}
    return found | ({"system": system} if system else {})


concepts = st.sampled_from(CODES).map(concept)
quantities = st.builds(quantity, numbers, st.sampled_from(UNITS))
periods = st.fixed_dictionaries({}, optional={"start": dates, "end": dates}).filter(
    bool
)
names = st.lists(
    st.fixed_dictionaries(
        {}, optional={"family": words, "given": st.lists(words, min_size=1, max_size=2)}
    ).filter(bool),
    min_size=1,
    max_size=2,
)
patients = st.fixed_dictionaries(
    {"resourceType": st.just("Patient")},
    optional={
        "name": names,
        "birthDate": st.sampled_from(("1970", "1970-05", "1970-05-03", "2001-12-31")),
        "gender": st.sampled_from(("male", "female")),
        "active": st.booleans(),
        "deceasedBoolean": st.booleans(),
    },
)
components = st.lists(
    st.fixed_dictionaries({"code": concepts}, optional={"valueQuantity": quantities}),
    min_size=1,
    max_size=2,
)
observations = st.fixed_dictionaries(
    {
        "resourceType": st.just("Observation"),
        "status": st.sampled_from(("final", "amended")),
        "code": concepts,
        "subject": st.sampled_from(
            ({"reference": "Patient/naive-one"}, {"reference": "Patient/naive-two"})
        ),
    },
    optional={
        "component": components,
        "valueQuantity": quantities,
        "issued": st.just("2010-05-03T10:00:00Z"),
        "performer": st.just([{"reference": "Patient/naive-one"}]),
    },
)
times: st.SearchStrategy[Json] = st.one_of(
    dates.map(lambda when: {"effectiveDateTime": when}),
    periods.map(lambda period: {"effectivePeriod": period}),
    st.just({}),
)
timed = st.builds(lambda one, when: {**one, **when}, observations, times)

prefixed_date = st.builds(str.__add__, st.sampled_from(PREFIXES), dates)
prefixed_number = st.builds(str.__add__, st.sampled_from(PREFIXES), numbers)
tokens = st.sampled_from(
    ("x", "y", "http://a.org|x", "http://b.org|", "|x", "http://a.org|Y,http://b.org|x")
)
token = st.sampled_from(("x", "http://a.org|x", "|x", "http://a.org|Y"))
units = st.sampled_from(("", "||mg", "|http://u.org|mg", "||g"))
with_unit = st.builds(str.__add__, prefixed_number, units)
truths = st.sampled_from(("true", "false"))


def asked(name: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[Pair]:
    return st.tuples(st.just(name), values)


of_observations = st.one_of(
    asked("code", tokens),
    asked("code:not", tokens),
    asked("code:text", st.sampled_from(("text of x", "TEXT", "nothing"))),
    asked("date", prefixed_date),
    asked("date:missing", truths),
    asked("value-quantity", with_unit),
    asked("value-quantity:missing", truths),
    asked("component-value-quantity", with_unit),
    asked("combo-value-quantity", prefixed_number),
    asked("code-value-quantity", st.builds("{}${}".format, token, with_unit)),
    asked(
        "component-code-value-quantity",
        st.builds("{}${}".format, st.sampled_from(("x", "|x")), with_unit),
    ),
    asked("subject", st.sampled_from(("Patient/naive-one", "naive-two", "nobody"))),
    asked("patient", st.sampled_from(("naive-one", "naive-two,naive-one"))),
    asked("performer", st.just("Patient/naive-one")),
    asked("performer:missing", truths),
    asked("status", st.sampled_from(("final", "final,amended"))),
)
of_patients = st.one_of(
    asked("name", words),
    asked("name:exact", words),
    asked("name:contains", st.sampled_from(("ee", "ree", "eedm", "rie", "tree", "zo"))),
    asked("family", words),
    asked("given:missing", truths),
    asked(
        "birthdate",
        st.builds(
            str.__add__,
            st.sampled_from(PREFIXES),
            st.sampled_from(
                ("1970", "1970-05", "1970-05-03", "1970-05-02", "2001-12-31", "2002")
            ),
        ),
    ),
    asked("birthdate:missing", truths),
    asked("gender", st.sampled_from(("male", "female"))),
    asked("gender:not", st.just("male")),
    asked("active", truths),
    asked("deceased", truths),
)


def raw(content: Json) -> bytes:
    """JSON in which a number has the digits that it was given."""
    return json.dumps(content).replace('"@', "").replace('@"', "").encode()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("naive")
    with served(folder) as server:
        server.found("fernhill")
        with closing(Program(server, folder, organisation="fernhill")) as made:
            for id_ in ("naive-one", "naive-two"):
                made.put({"resourceType": "Patient", "id": id_, "active": True})
            yield made


def stored(program: Program, contents: list[Json]) -> list[Resource]:
    found = []
    for content in contents:
        reply = program.ask("POST", content["resourceType"], raw(content))
        assert reply.status == 201, reply
        resource = parse(reply.raw)
        assert isinstance(resource, Resource)
        found.append(resource)
    return found


def compare(program: Program, resources: list[Resource], pairs: list[Pair]) -> None:
    type_ = resources[0].type
    query = parse_query(type_, pairs)
    assert isinstance(query, Query), query
    expected = {one.id for one in resources if holds(query, one)}
    ids = ("_id", ",".join(str(one.id) for one in resources))
    reply = program.get(f"{type_}?{urllib.parse.urlencode([*pairs, ids])}&_count=100")
    assert reply.status == 200, reply
    assert set(reply.ids) == expected, (pairs, [one.content for one in resources])


RUNS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@RUNS
@given(
    st.lists(timed, min_size=1, max_size=4),
    st.lists(
        st.lists(of_observations, min_size=1, max_size=3), min_size=8, max_size=12
    ),
)
def test_observations_are_found_as_a_naive_look_finds_them(
    program: Program, contents: list[Json], queries: list[list[Pair]]
) -> None:
    resources = stored(program, contents)
    for pairs in queries:
        compare(program, resources, pairs)


@RUNS
@given(
    st.lists(patients, min_size=1, max_size=4),
    st.lists(st.lists(of_patients, min_size=1, max_size=3), min_size=8, max_size=12),
)
def test_patients_are_found_as_a_naive_look_finds_them(
    program: Program, contents: list[Json], queries: list[list[Pair]]
) -> None:
    resources = stored(program, contents)
    for pairs in queries:
        compare(program, resources, pairs)
