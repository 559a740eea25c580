# SPDX-License-Identifier: Apache-2.0
"""Requests made to hurt: each is answered in words, soon, and the server goes on."""

import gzip
import http.client
import json
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import zstandard

from support.program import Program, Reply
from support.served import Served, children_of, served

PATIENCE_SECONDS = 20.0
"""Far more than any of these takes, far less than one that has no bound."""
MOST_GROWTH = 700 * 1024 * 1024
"""Bytes by which the server's processes may have grown when all is over."""
Json = dict[str, Any]
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("hostile")
    with served(folder) as running:
        running.found("fernhill")
        yield running


@pytest.fixture(scope="module")
def client(
    server: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("client")
    with closing(Program(server, folder, organisation="fernhill")) as made:
        made.put(PATIENT)
        yield made


PATIENT: Json = {
    "resourceType": "Patient",
    "id": "p",
    "name": [{"family": "Reed", "given": ["Ann"]}],
    "birthDate": "1931-04-05",
}


def nested(levels: int) -> bytes:
    start = b'{"url":"http://example.org/a","extension":['
    inner = b'{"url":"http://example.org/b","valueString":"x"}'
    deep = start * levels + inner + b"]}" * levels
    return b'{"resourceType":"Patient","extension":[' + deep + b"]}"


def basic(**members: object) -> bytes:
    return json.dumps(
        {"resourceType": "Basic", "code": {"text": "x"}, **members}
    ).encode()


def bundle(kind: str, entries: list[Any]) -> bytes:
    return json.dumps(
        {"resourceType": "Bundle", "type": kind, "entry": entries}
    ).encode()


def entry(method: str, url: str, **more: object) -> Json:
    return {"request": {"method": method, "url": url}, **more}


def many(count: int) -> list[Json]:
    return [entry("GET", "Patient/p")] * count


BODIES: dict[str, tuple[str, bytes, set[int]]] = {
    "brackets without end": ("Patient", b"[" * 5_000_000, {400}),
    "objects without end": ("Patient", b'{"a":' * 1_000_000, {400}),
    "65 levels": ("Patient", nested(40), {400}),
    "keys that come twice": (
        "Patient",
        b'{"resourceType":"Patient","a":1,"a":2}',
        {400},
    ),
    "17 megabytes": ("Basic", basic(language="x" * 17 * MEGABYTE), {400, 413}),
    "a long text where a code belongs": (
        "Basic",
        basic(language="x" * 9_000_000),
        {201, 422},
    ),
    "a number of a million digits": (
        "Observation",
        b'{"resourceType":"Observation","valueInteger":' + b"9" * 1_000_000 + b"}",
        {400, 422},
    ),
    "a number too large for any": (
        "Observation",
        (
            b'{"resourceType":"Observation","status":"final","code":{"text":"x"},'
            b'"valueQuantity":{"value":1e999999999}}'
        ),
        {201, 400, 422},
    ),
    "NUL": ("Basic", basic(code={"text": "a\x00b"}), {400, 422}),
    "half a surrogate pair": (
        "Basic",
        b'{"resourceType":"Basic","code":{"text":"\\ud800"}}',
        {400, 422},
    ),
    "no UTF-8": (
        "Basic",
        b'{"resourceType":"Basic","code":{"text":"\xff\xfe"}}',
        {400},
    ),
    "nothing": ("Basic", b"", {400}),
    "null": ("Basic", b"null", {400}),
    "a million problems": (
        "Patient",
        b'{"resourceType":"Patient","name":[' + b"{}," * 1_000_000 + b"{}]}",
        {422},
    ),
    "a million unknown elements": (
        "Patient",
        json.dumps(
            {"resourceType": "Patient", **{f"x{n}": 1 for n in range(500_000)}}
        ).encode(),
        {422},
    ),
    "a hundred thousand identifiers": (
        "Patient",
        json.dumps(
            {
                "resourceType": "Patient",
                "identifier": [
                    {"system": "urn:x", "value": str(n)} for n in range(100_000)
                ],
            }
        ).encode(),
        {201, 413, 422},
    ),
    "a hundred thousand references": (
        "List",
        json.dumps(
            {
                "resourceType": "List",
                "status": "current",
                "mode": "working",
                "entry": [
                    {"item": {"reference": f"Patient/x{n}"}} for n in range(100_000)
                ],
            }
        ).encode(),
        {201, 413, 422},
    ),
    "a date that is a pattern's nightmare": (
        "Patient",
        b'{"resourceType":"Patient","birthDate":"' + b"1" * 1_000_000 + b'!"}',
        {422},
    ),
    "base64 that is nearly right": (
        "Binary",
        json.dumps(
            {
                "resourceType": "Binary",
                "contentType": "text/plain",
                "data": "AAAA " * 1_000_000 + "!",
            }
        ).encode(),
        {422},
    ),
    "a narrative of open brackets": (
        "Basic",
        basic(
            text={
                "status": "generated",
                "div": '<div xmlns="http://www.w3.org/1999/xhtml">'
                + "<b>" * 300_000
                + "</div>",
            }
        ),
        {422},
    ),
    "a narrative that names entities within entities": (
        "Basic",
        basic(
            text={
                "status": "generated",
                "div": '<!DOCTYPE d [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;">]>'
                '<div xmlns="http://www.w3.org/1999/xhtml">&b;</div>',
            }
        ),
        {422},
    ),
    "20,001 entries": ("", bundle("batch", many(20_001)), {400, 413}),
    "entries that are no objects": (
        "",
        bundle("transaction", [1, "x", None]),
        {400, 422},
    ),
    "a batch within a batch": (
        "",
        bundle(
            "batch", [entry("POST", "/", resource=json.loads(bundle("batch", many(2))))]
        ),
        {200},
    ),
    "a transaction that names one address twice": (
        "",
        bundle("transaction", [entry("PUT", "Patient/p", resource=PATIENT)] * 2),
        {400, 422},
    ),
    "urn:uuid references in a circle": (
        "",
        bundle(
            "transaction",
            [
                {
                    "fullUrl": f"urn:uuid:00000000-0000-4000-8000-00000000000{n}",
                    **entry(
                        "POST",
                        "List",
                        resource={
                            "resourceType": "List",
                            "status": "current",
                            "mode": "working",
                            "entry": [
                                {
                                    "item": {
                                        "reference": "urn:uuid:00000000-0000-4000-8000-"
                                        f"00000000000{1 - n}"
                                    }
                                }
                            ],
                        },
                    ),
                }
                for n in range(2)
            ],
        ),
        {200},
    ),
    "a history bundle": ("", bundle("history", many(2)), {400, 422}),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_is_answered_in_words(client: Program, name: str) -> None:
    path, body, expected = BODIES[name]
    answered(soon(client, "POST", path, body), expected)


def soon(
    client: Program, method: str, path: str, body: bytes = b"", **headers: str
) -> Reply:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    start = time.monotonic()
    reply = client.ask(method, path, body or None, sent)
    assert time.monotonic() - start < PATIENCE_SECONDS, reply
    return reply


def answered(reply: Reply, expected: set[int]) -> None:
    assert reply.status in expected, reply
    if reply.status >= 400:
        outcome = reply.json
        assert outcome["resourceType"] == "OperationOutcome"
        assert outcome["issue"][0]["diagnostics"]
        assert len(reply.raw) < MEGABYTE


@pytest.mark.parametrize(
    "pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"]
)
def test_a_body_that_unpacks_without_end_is_refused(client: Program, pack: Any) -> None:
    packed = pack(b" " * (200 * MEGABYTE))
    encoding = "gzip" if pack is gzip.compress else "zstd"
    reply = soon(client, "POST", "Basic", packed, Content_Encoding=encoding)
    answered(reply, {400, 413})


def test_a_body_that_is_said_to_be_packed_and_is_not_is_refused(
    client: Program,
) -> None:
    for encoding in ("gzip", "zstd", "br", "gzip, gzip"):
        reply = soon(client, "POST", "Basic", b"{}", Content_Encoding=encoding)
        answered(reply, {400, 415})


LONG = "x" * 6_000
QUERIES: dict[str, tuple[str, set[int]]] = {
    "a chain of seven": ("Encounter?" + "part-of:Encounter." * 7 + "status=x", {400}),
    "_has within _has": (
        "Patient?" + "_has:Observation:patient:" * 8 + "code=x",
        {400},
    ),
    "a hundred parameters": ("Patient?" + "&".join(["name=x"] * 100), {400}),
    "a thousand parameters": ("Patient?" + "&".join(["name=x"] * 1_000), {400}),
    "two thousand values": ("Patient?name=" + ",".join(map(str, range(2_000))), {400}),
    "a very long value": (f"Patient?name={LONG}", {200}),
    "very long values contained": (f"Patient?name:contains={LONG}", {200}),
    "only wildcards": ("Patient?name:contains=%25%25%25", {400}),
    "a pattern": ("Patient?name:contains=(a%2B)%2B%24", {200}),
    "escapes without end": ("Patient?name=" + "%5C" * 2_000, {200, 400}),
    "a quotation mark": ("Patient?name=%27%3B%20drop%20table%20record.row%3B--", {200}),
    "NUL": ("Patient?name=a%00b", {200, 400}),
    "no UTF-8": ("Patient?name=%FF%FE", {400}),
    "half a percent sign": ("Patient?name=%", {200, 400}),
    "a date of the year 99999": ("Patient?birthdate=99999-01-01", {400}),
    "a date that is none": ("Patient?birthdate=2021-02-30", {400}),
    "a number too large": ("Observation?value-quantity=1e99999", {400}),
    "a number of 9,000 digits": ("Observation?value-quantity=" + "9" * 6_000, {400}),
    "a negative count": ("Patient?_count=-1", {400}),
    "a huge count": ("Patient?_count=" + "9" * 400, {200, 400}),
    "a count of words": ("Patient?_count=many", {400}),
    "a cursor of another's making": ("Patient?_cursor=AAAA.BBBB", {400, 403, 410}),
    "an offset nobody has": ("Patient?_getpagesoffset=5", {400}),
    "a sort by nothing": ("Patient?_sort=--name", {400}),
    "a sort by fifty": ("Patient?_sort=" + ",".join(["name"] * 50), {400}),
    "an include of everything": ("Patient?_include=*", {200, 400}),
    "thirty includes": (
        "Patient?" + "&".join(["_include=Patient:organization"] * 30),
        {200, 400},
    ),
    "an include that goes round": (
        (
            "Encounter?_include:iterate=Encounter:part-of"
            "&_revinclude:iterate=Encounter:part-of"
        ),
        {200},
    ),
    "a type that is none": ("Pationt?name=x", {404}),
    "a path that climbs": ("../../etc/passwd", {400, 404}),
    "a path that climbs in disguise": ("%2e%2e/%2e%2e/etc/passwd", {400, 404}),
    "a very long id": ("Patient/" + "a" * 6_000, {404}),
    "an id of odd characters": ("Patient/%00%0d%0aSet-Cookie:x", {400, 404}),
    "a version of words": ("Patient/p/_history/first", {404}),
    "a version of many digits": ("Patient/p/_history/" + "9" * 400, {404}),
    "a long list of elements": ("Patient?_elements=" + "a," * 3_000, {200, 400}),
    "_type of everything": ("?_type=" + "Patient," * 300 + "Patient&_id=p", {200, 400}),
    "_lastUpdated of nonsense": ("Patient?_lastUpdated=gtlast", {400}),
    "a filter": ("Patient?_filter=name eq x".replace(" ", "%20"), {400}),
    "a query by name": ("Patient?_query=x", {400}),
    "near": ("Location?near=1%7C2%7C3", {400}),
    "$everything from never": ("Patient/p/$everything?start=never", {400}),
    "$lastn of millions": (
        "Observation/$lastn?patient=Patient/p&max=99999999999999999999",
        {200, 400},
    ),
    "_list of all": ("Patient?_list=$all", {200, 400, 404}),
    "_format of XML": ("Patient/p?_format=xml", {406}),
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_is_answered_in_words(client: Program, name: str) -> None:
    path, expected = QUERIES[name]
    answered(soon(client, "GET", path), expected)


def test_the_same_queries_in_a_form_are_answered(client: Program) -> None:
    for path, expected in QUERIES.values():
        type_, mark, query = path.partition("?")
        if mark and type_.isalpha() and "_format" not in query:
            reply = soon(
                client,
                "POST",
                f"{type_}/_search",
                query.encode(),
                Content_Type="application/x-www-form-urlencoded",
            )
            answered(reply, expected)


def test_a_form_of_many_megabytes_is_answered(client: Program) -> None:
    form = urllib.parse.urlencode({"name": "x" * (10 * MEGABYTE)}).encode()
    kind = "application/x-www-form-urlencoded"
    reply = soon(client, "POST", "Patient/_search", form, Content_Type=kind)
    answered(reply, {400})


HEADERS: dict[str, tuple[dict[str, str], set[int]]] = {
    "If-Match of nonsense": ({"If-Match": "x" * 5_000}, {400, 412}),
    "If-Match of many digits": ({"If-Match": 'W/"' + "9" * 4_000 + '"'}, {400, 412}),
    "If-None-Exist of nonsense": ({"If-None-Exist": "?&&&=%%%"}, {200, 400}),
    "Prefer of nonsense": ({"Prefer": "return=" + "x" * 5_000}, {200}),
    "XML": ({"Content-Type": "application/fhir+xml"}, {415}),
    "XML wanted": ({"Accept": "application/fhir+xml"}, {406}),
    "no such charset": (
        {"Content-Type": "application/fhir+json; charset=utf-7"},
        {200, 415},
    ),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_is_answered_in_words(client: Program, name: str) -> None:
    headers, expected = HEADERS[name]
    body = json.dumps(PATIENT).encode()
    reply = client.ask("PUT", "Patient/p", body, headers)
    answered(reply, expected)


TOKENS = [
    "",
    "x",
    "1.",
    ".",
    "1." + "x" * 4_000,
    "99999999999999999999.x",
    "1.é",
    "0.a",
]


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_of_nobody_is_refused_in_words(client: Program, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    for method, path in (
        ("GET", "Patient/p"),
        ("GET", "Patient"),
        ("DELETE", "Patient/p"),
    ):
        answered(client.ask(method, path, None, headers), {401})
    answered(client.ask("POST", "Patient", PATIENT, headers), {401})


PATCHES: dict[str, tuple[Any, set[int]]] = {
    "copies that double": (
        [{"op": "copy", "from": "/name", "path": "/name/-"}] * 60,
        {422},
    ),
    "a pointer of a megabyte": (
        [{"op": "test", "path": "/a" * 500_000, "value": 1}],
        {422},
    ),
    "another id": ([{"op": "replace", "path": "/id", "value": "q"}], {422}),
    "another type": ([{"op": "replace", "path": "/resourceType", "value": "x"}], {422}),
    "nothing left": ([{"op": "remove", "path": ""}], {422}),
    "an array in its place": ([{"op": "replace", "path": "", "value": []}], {422}),
    "two thousand operations": (
        [{"op": "test", "path": "", "value": 1}] * 2_000,
        {422},
    ),
    "no operations": (["add", 1, None], {422}),
    "Parameters of nonsense": (
        {"resourceType": "Parameters", "parameter": [1, {"part": 1}, {"name": []}]},
        {422},
    ),
}


@pytest.mark.parametrize("name", PATCHES)
def test_a_patch_is_answered_in_words(client: Program, name: str) -> None:
    patch, expected = PATCHES[name]
    is_list = isinstance(patch, list)
    kind = "application/json-patch+json" if is_list else "application/fhir+json"
    body = json.dumps(patch).encode()
    reply = soon(client, "PATCH", "Patient/p", body, Content_Type=kind)
    answered(reply, expected)


def test_a_client_that_never_ends_its_request_holds_nobody_up(
    server: Served, client: Program
) -> None:
    slow = [http.client.HTTPConnection("localhost", server.port) for _ in range(40)]
    for one in slow:
        one.putrequest("POST", "/fhir/Patient")
        one.putheader("Authorization", f"Bearer {client.token}")
        one.putheader("Content-Length", "1000000")
        one.endheaders()
        one.send(b'{"resourceType":')
    assert soon(client, "GET", "Patient/p").status == 200
    for one in slow:
        one.close()


def resident_bytes(process_id: int) -> int:
    status = Path(f"/proc/{process_id}/status").read_text(encoding="ascii")
    line = next(one for one in status.splitlines() if one.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def test_after_all_of_it_the_server_is_what_it_was(
    server: Served, client: Program
) -> None:
    assert soon(client, "GET", "Patient/p").json["name"] == PATIENT["name"]
    written = server.log.read_text(encoding="utf-8", errors="replace")
    assert "Traceback" not in written, written[written.index("Traceback") :][:3_000]
    assert server.process.poll() is None
    size = sum(
        resident_bytes(number)
        for number, command in children_of(server.process.pid)
        if "web" in command
    )
    assert size < MOST_GROWTH


def test_a_head_tells_the_length_of_what_get_would_answer(client: Program) -> None:
    whole = client.get("Patient/p")
    head = client.ask("HEAD", "Patient/p")
    assert head.status == 200
    assert head.raw == b""
    assert int(head.headers["content-length"]) == len(whole.raw)
    assert client.get("Patient/p").raw == whole.raw
