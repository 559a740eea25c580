# SPDX-License-Identifier: Apache-2.0
"""Writes docs/fhir-conformance.md from what is implemented.

    python tools/write_conformance.py

A house test holds the page to the code; the deviations and their reasons are below.
"""

from collections.abc import Iterator
from pathlib import Path

from wardkeep.fhir.model.definitions import (
    definitions,
    is_resource_type,
    parameters_of,
)
from wardkeep.fhir.rest import interactions
from wardkeep.fhir.rest.interaction import find_interactions
from wardkeep.fhir.search.parameters import TYPES, search_parameter
from wardkeep.fhir.search.params.special import REFUSED

PAGE = Path(__file__).parents[1] / "docs" / "fhir-conformance.md"

HEAD = """# FHIR R4: what is served, and what deviates

Written by `tools/write_conformance.py` from the code; a test holds it there. Base URL `/fhir`, FHIR 4.0.1, JSON. A program signs in as
SMART Backend Services has it (`/fhir/.well-known/smart-configuration`); [record 9](decisions/0009-fhir-api.md) says how it works.

Tests: every HL7 example goes through the API and comes back equal (`tests/conformance/test_api_examples.py`); HL7's patch cases,
16 and 33 (`tests/conformance/test_patch_cases.py`); exact counts on Synthea (`tests/conformance/test_search_counts.py`); random
searches against a naive look (`tests/conformance/test_search_like_naive.py`) and against another server's, each difference explained
(`tests/conformance/test_search_like_medplum.py`); BaRS's examples (`tests/conformance/test_bars_round_trip.py`); details of the specification one by one
(`tests/conformance/test_rest_details.py`); three client libraries
(`tests/conformance/test_fhir_clients.py`, `tests/conformance/test_smart_javascript_client.py`); attacks and hostile requests
(`tests/drills/test_program_attacks.py`, `tests/drills/test_hostile_requests.py`).
"""

DEVIATIONS = """## Deviations, each with its reason

| what | what happens | why |
| --- | --- | --- |
| XML, Turtle | 406 and 415 | JSON is what clients use; half an XML would be worse than none |
| an unknown search parameter | 400, unless `Prefer: handling=lenient` | an ignored filter widens what is disclosed |
| `_text`, `_content`, `_filter`, `_query`, `near` | 400 by name | full text is encrypted and no index of it is kept |
| `:above`, `:below` of tokens | in R4's own code systems and in complete ones that are stored; 400 by name for others | SNOMED CT and LOINC have licences and come with terminology |
| `:in`, `:not-in` | R4's own value sets that can be listed (1,209 of 1,316) and stored ones, up to 1,000 codes; 400 by name for others | the same |
| quantities of several units | with the system of UCUM: converted to the 815 plain codes of HL7's ucum-common that are alike; otherwise compared as written | a unit that is not in that list is found by its own code only; the mole is a base of its own |
| `:text`, `:contains` outside people's names | candidates are opened and looked at, 1,000 a page | keyed tokens find whole values and beginnings |
| sort by strings, tokens, references | up to 1,000 matches, else `too-costly` | their order is sealed; dates, numbers and quantities have no bound |
| a chain through other references than the patient | up to 5,000 targets, else `too-costly` | the targets become tokens |
| a string of one letter | finds values that are that letter; two letters and more find beginnings (two in Latin scripts) | nobody lists everyone whose name begins with A |
| a number with an exponent | `1e2` is 100 to one digit: from 50 to 150 | as for every other number; the example in the specification takes one digit more |
| a chain or `_has` through a type outside the scopes | 403; where another type would do too, that one alone is asked | a search tells of what it goes through |
| a reference by this server's own address | stored as `Type/id` | whose record something belongs to must not depend on how it is spelt |
| the first version in a history | `POST`, also of an update that created | how it came is not kept |
| a history that is sent, Binary as it is, `_contained`, history's `_at` and `_list` | 400, 415 or 406 | nobody has needed them yet |
| `_has` through other references than the patient | up to 500 resources that refer | they are opened to read the reference |
| composites of three parts in a repeated element | 400 | two are indexed as a pair |
| `Bundle.total` | exact, unless `_total=none`; none where candidates must be opened to count | counting costs what finding costs |
| the pages of a search | links are good for 30 minutes, in one session | they are signed with a key of the session |
| sealed items (confidentiality R and V) | in no search, history or `$everything`; read is refused; written only by a scope that names the type, and not said again in the answer | their tier opens for nobody by program |
| a text that seems to hold a code of a key safe, door or alarm | 422 with its place; no `Prefer` changes that | such a code in a note is a breach; it belongs into an item of its own (`docs/formats/way-in.md`) |
| a Patient with such a label | is found and read as any other | nobody could be found otherwise; what must be hidden of a person belongs into an item of its own |
| AuditEvents | those of the ledger come first, the newest first, an event a patient; then those that programs stored | ids `ledger-<entry>.<part>` are read only; chains, compartments of others and `_sort` do not reach them; 10,000 entries a page are looked at; they claim no BALP profile, because the ledger has no network addresses |
| erasure | on pages, by two people; no program can | a stolen key must not destroy; `DELETE` keeps history |
| `$meta-add`, `$meta-delete` | make a new version | a row is sealed with its version |
| a resource moves to another patient | 422 | its key belongs to the patient |
| `$process-message` | 422 for an event that no app handles | a hook: apps register handlers |
| invariants, profiles, terminology | structure, bindings of R4's own value sets, reference targets, safety of narratives (txt-1) | a later release |
"""

LIMITS = """## Limits

| what | limit |
| --- | --- |
| a body, also unpacked | 64 MiB; one resource 16 MiB |
| depth of JSON | 64 levels |
| entries of a bundle | 20,000 |
| resources a page | 500; 20 where `_count` is left out; `$everything` 5,000 |
| included resources | 1,000 |
| a search as a form; keys to sort by | 1 MiB; 8 |
| parameters of a search, alternatives of one, steps of a chain | 50, 1,000, 6 |
| operations of a patch | 1,000 |
"""


def page() -> str:
    """The whole text."""
    parts = [HEAD, *_interactions(), *_types(), *_refused(), DEVIATIONS, LIMITS]
    return "\n".join(parts)


def _interactions() -> Iterator[str]:
    yield "## Interactions and operations\n"
    yield "| name | method | path | scope |"
    yield "| --- | --- | --- | --- |"
    for one in find_interactions(interactions):
        path = "/".join(one.path) or "(base)"
        yield f"| {one.name} | {one.method} | `{path}` | {one.scope} |"
    yield ""


def _types() -> Iterator[str]:
    yield "## Search parameters\n"
    served, all_of = _counted()
    names = sum(map(is_resource_type, definitions().types))
    yield f"{served:,} of R4's {all_of:,} parameters of {names} types are served.\n"
    yield "| type | modifiers |"
    yield "| --- | --- |"
    for kind in TYPES.values():
        listed = sorted(name for name in kind.modifiers if not is_resource_type(name))
        modifiers = [f"`:{name}`" for name in listed]
        if any(map(is_resource_type, kind.modifiers)):
            modifiers.append("`:[type]`")
        yield f"| {kind.name} | {', '.join(modifiers)} |"
    yield "| composite | |"
    yield ""


def _counted() -> tuple[int, int]:
    served = all_of = 0
    for type_ in filter(is_resource_type, definitions().types):
        for code in parameters_of(type_):
            found = search_parameter(type_, code)
            all_of += 1
            is_served = found is not None and bool(found.paths or found.components)
            served += is_served and code not in REFUSED
    return served, all_of


def _refused() -> Iterator[str]:
    yield "Refused by name, wherever they are defined:\n"
    for code, why in sorted(REFUSED.items()):
        yield f"- `{code}`: {why}"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
