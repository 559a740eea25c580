# SPDX-License-Identifier: Apache-2.0
"""Pages of protocols without a server: the store is a dictionary, two leads are in."""

import json
import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import msgspec
import pytest

from support.asgi import FROM_OUR_PAGE, ORIGIN, Answer, call
from support.scripted_warden import ROWAN, scripted_warden
from wardkeep.apps import protocols, triage
from wardkeep.base.clock import FrozenClock
from wardkeep.disclosure.purpose import Tier
from wardkeep.disclosure.who_i_am import AskWhoIAm, WhoIAm
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import (
    Conflict,
    Opened,
    OpenedResource,
    Reference,
    Written,
)
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.shared_listing import SharedLister
from wardkeep.fhir.store.writing import Writer
from wardkeep.web.application import application
from wardkeep.web.apps import App, FoundApp
from wardkeep.web.metrics import Metrics
from wardkeep.web.services import Services
from wardkeep.web.site import Site

NOW = datetime(2026, 11, 29, 22, 0, tzinfo=UTC)
LEAD = "Dr Ada Example, GMC 0000000"
OTHER = msgspec.structs.replace(
    ROWAN, session="s-9", account="a-9", display_name="Ash Vale", role="shift_lead"
)
NURSE = msgspec.structs.replace(
    ROWAN, session="s-8", account="a-8", role="urgent_care_clinician"
)
Kept = dict[str, OpenedResource]


class KeptReader(Reader):
    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    async def shared(
        self, references: Sequence[tuple[str, str]], **_opener: object
    ) -> Opened:
        found = [self.kept[id_] for _, id_ in references if id_ in self.kept]
        return Opened(resources=tuple(found))


class KeptLister(SharedLister):
    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    async def all_of(self, type_: str, **_opener: object) -> list[OpenedResource]:
        return [one for one in self.kept.values() if one.type == type_]


class KeptWriter(Writer):
    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    async def write(self, change: Change, **_opener: object) -> Written | Conflict:
        [draft], [expected] = change.drafts, change.expected
        before = self.kept.get(draft.id)
        version = before.version if before else 0
        if version != expected:
            return Conflict(type=draft.type, id=draft.id, version=version)
        for one in change.removals:
            del self.kept[one.id]
        self.kept[draft.id] = OpenedResource(
            type=draft.type,
            id=draft.id,
            version=version + 1,
            patient="",
            tier=Tier.SHARED,
            clinical_at=None,
            last_updated=NOW,
            text=draft.resource.compact,
        )
        reference = Reference(draft.type, draft.id, version + 1)
        return Written(references=(reference,), last_updated=NOW)


class Desk:
    """The application, as two people use it."""

    def __init__(self, app: object) -> None:
        self.app = app

    async def get(self, path: str, who: str = "rowan-token") -> str:
        page = await self.ask("GET", path, who)
        assert page.status == 200, (path, page.status, page.text)
        return unescape(page.text)

    async def ask(
        self, method: str, path: str, who: str = "rowan-token", **said: str
    ) -> Answer:
        headers = {
            **FROM_OUR_PAGE,
            "cookie": f"wardkeep={who}",
            "content-type": "application/x-www-form-urlencoded",
        }
        body = urlencode(said).encode() if method == "POST" else b""
        return await call(self.app, method, path, headers=headers, body=body)  # type: ignore[arg-type]

    async def post(self, path: str, who: str = "rowan-token", **said: str) -> Answer:
        return await self.ask("POST", path, who, **said)

    async def begun(
        self, title: str = "Chest", nearest: str = "adult-checklist"
    ) -> str:
        answer = await self.post("/protocols/begin", title=title, nearest=nearest)
        assert answer.status == 303, answer.text
        return answer.headers["location"]

    async def sent(self, whole: str) -> str:
        at = version(await self.get(whole))
        answer = await self.post(f"{whole}/send", version=at)
        assert answer.status == 303, answer.text
        return answer.headers["location"].partition("?")[0]


def version(page: str) -> str:
    return str(re.findall(r'name="version" value="(\d+)"', page)[0])


def which(page: str) -> str:
    return str(re.findall(r'name="which" value="([0-9a-f]{64})"', page)[-1])


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Desk]:
    kept: Kept = {}
    async with scripted_warden(tmp_path) as (warden, client):
        warden.sessions |= {"other-token": OTHER, "nurse-token": NURSE}
        warden.when(AskWhoIAm, WhoIAm((), ()))
        yield Desk(
            application(
                [_found(one.app, one.__file__ or "") for one in (protocols, triage)],
                Services(client, KeptReader(kept), KeptWriter(kept), KeptLister(kept)),
                Site(origin=ORIGIN),
                clock=FrozenClock(NOW),
                metrics=Metrics(),
            )
        )


def _found(app: App, module_file: str) -> FoundApp:
    return FoundApp(app=app, folder=Path(module_file).parent)


async def test_a_rule_is_kept_as_typed_and_overtaken_by_nobody(site: Desk) -> None:
    whole = await site.begun()
    path = f"{whole}/rules/stridor"
    page = await site.get(path)
    assert page.count("Passes") >= 2
    said = {"version": version(page), "words": "Stridor", "condition": "%nothing and"}
    kept = await site.post(path, press="keep", **said)
    assert json.loads(kept.body) == {"version": 2, "at": "22:00:00"}
    assert (await site.post(path, press="keep", **said)).status == 409
    assert (await site.post(path, **said)).status == 409
    page = await site.get(path)
    assert 'value="Stridor"' in page
    assert "%nothing is no question" in page
    page = await site.get(whole)
    assert "things are to be mended" in page or "thing is to be mended" in page
    refused = await site.post(f"{whole}/send", version=version(page))
    assert refused.status == 422
    # A line of examples that cannot be read is told, and the form has it still
    bad = await site.post(path, version="2", examples="a=yes holds", words="Else")
    assert bad.status == 422
    assert "Line 1 of the examples" in bad.text
    assert "a=yes holds" in bad.text


async def test_rules_and_questions_are_added_and_removed(site: Desk) -> None:
    whole = await site.begun()
    page = await site.get(f"{whole}/questions/new")
    said = {"version": version(page), "words": "Pale?", "type": "boolean"}
    for link in ("age", "stridor", "two words", "new", ""):
        bad = await site.post(f"{whole}/questions/new", link=link, **said)
        assert bad.status == 422, link
    made = await site.post(f"{whole}/questions/new", link="pale", help="h", **said)
    assert made.headers["location"] == f"{whole}/questions/pale?said=saved"
    assert "no rule and no score depends on it" in await site.get(
        f"{whole}/questions/pale"
    )
    new = await site.get(f"{whole}/rules/new")
    [path] = re.findall(rf'action="({whole}/rules/rule-[0-9a-f]{{8}})"', new)
    typed = {
        "version": version(new),
        "words": "Pale",
        "condition": "%pale",
        "disposition": "clinician-1h",
        "citation": "Somebody",
        "clause": "1",
        "url": "https://example.org/1",
        "examples": "age=40; pale=yes -> holds\nage=40; pale=no -> does not hold",
    }
    assert (await site.post(path, **typed)).status == 303
    page = await site.get(path)
    assert page.count("Passes") == 2
    assert "Nothing. Every rule has a source" in await site.get(whole)
    assert "Pale" in await site.get(f"{whole}/questions/pale")
    for gone in ("rules/" + path.rpartition("/")[2], "questions/pale"):
        at = version(await site.get(whole))
        removed = await site.post(f"{whole}/{gone}/remove", version=at)
        assert removed.status == 303
        assert (await site.ask("GET", f"{whole}/{gone}")).status == 404
    assert "Nothing. Every rule has a source" in await site.get(whole)


async def test_what_is_tried_and_compared_says_what_came_out(site: Desk) -> None:
    whole = await site.begun()
    assert "Nothing is different" in await site.get(f"{whole}/compare")
    tried = await site.post(f"{whole}/try", **{"age": "40", "q-stridor": "yes"})
    assert "Suggested: <strong>Ambulance, category 1" in tried.text
    assert "age=40; stridor=yes" in tried.text
    wrong = await site.post(f"{whole}/try", **{"age": "old", "q-pulse": "fast"})
    assert "nhsuk-error-message" in wrong.text
    child = await site.post(f"{whole}/try", age="3")
    assert "not meant for this patient" in child.text
    order = await site.begun("Order", "adult-danger-signs")
    open_ = await site.post(f"{order}/try", age="40")
    assert "Suggested:" in open_.text
    assert "Nothing is different" in await site.get(f"{order}/compare")


HEAD = {
    "title": "Chest at Fernhill",
    "url": "urn:example:chest",
    "of-version": "3",
    "engine": "checklist",
    "applies": "%age >= 16",
}


async def headed(desk: Desk, whole: str) -> None:
    said = HEAD | {"version": version(await desk.get(whole))}
    assert (await desk.post(f"{whole}/head", **said | {"url": "a b"})).status == 422
    assert (await desk.post(f"{whole}/head", **said)).status == 303


async def test_one_writes_and_another_reviews(site: Desk) -> None:
    whole = await site.begun()
    await headed(site, whole)
    frozen = await site.sent(whole)
    assert (await site.ask("GET", whole)).status == 404, "the draft became it"
    assert "You wrote on it" in await site.get(frozen)
    assert (await site.ask("GET", f"{frozen}/review")).status == 403
    assert (await site.post(f"{frozen}/rules/stridor", words="x")).status == 409
    page = await site.get(f"{frozen}/review", "other-token")
    assert "urn:example:chest|3" in page
    assert "<strong>4 by nobody" in page
    said = {"which": which(page), "version": version(page), "decision": "reviewed"}
    empty = await site.post(f"{frozen}/review", "other-token", **said)
    assert empty.status == 422
    done = said | {"name": LEAD, "words": "Each rule, against Box 1"}
    assert (await site.post(f"{frozen}/review", "other-token", **done)).status == 303
    assert (await site.post(f"{frozen}/review", "other-token", **done)).status == 409
    # The next version goes on from it; the same name and version is taken
    following = (await site.post(f"{frozen}/write-on")).headers["location"]
    await headed(site, following)
    at = version(await site.get(following))
    taken = await site.post(f"{following}/send", version=at)
    assert taken.status == 422
    assert "This version was sent to review before" in taken.text


async def test_what_was_reviewed_is_taken_into_use_in_its_engines_place(
    site: Desk,
) -> None:
    whole = await site.begun()
    await headed(site, whole)
    frozen = await site.sent(whole)
    page = await site.get(f"{frozen}/review", "other-token")
    done = {
        "which": which(page),
        "version": version(page),
        "decision": "reviewed",
        "name": LEAD,
        "words": "Each rule, against Box 1",
    }
    assert "Your own" not in await site.get("/triage")
    assert (await site.post(f"{frozen}/review", "other-token", **done)).status == 303
    assert "Your own: Chest at Fernhill" in await site.get("/triage")
    own = frozen.rpartition("/")[2]
    use = {"own": own, "which": done["which"], "version": "0"}
    path = "/triage/adult-checklist/use"
    assert (await site.post(path, **use)).status == 422
    use |= {f"lead-{own}": LEAD, f"words-{own}": "As reviewed"}
    wrong = await site.post("/triage/adult-danger-signs/use", **use)
    assert wrong.status == 409, "a checklist is no strict order"
    assert (await site.post(path, **use | {"which": "0" * 64})).status == 409
    assert (await site.post(path, **use)).status == 303
    page = await site.get("/triage")
    assert "<strong>In use</strong>: version 3" in page
    assert "What comes with Wardkeep: Checklist for adults" in page
    end = {"lead-adult-checklist": LEAD, "words-adult-checklist": "A rule is wrong"}
    ended = await site.post("/triage/adult-checklist/end", version="1", **end)
    assert ended.status == 303
    assert "A rule is wrong" in await site.get("/triage")


async def test_a_mark_is_given_shown_and_taken_back(site: Desk) -> None:
    path = "/protocols/adult-checklist/held"
    page = await site.get(path)
    assert "<strong>4 by nobody" in page
    assert "0 by your organisation" in page
    assert "Its authors held it against" in page
    page = await site.get(f"{path}/stridor")
    said = {"which": which(page), "version": version(page), "clause": "Page 1"}
    assert (await site.post(f"{path}/stridor", **said)).status == 422
    made = await site.post(f"{path}/stridor", name=LEAD, **said)
    assert made.headers["location"] == f"{path}?said=held"
    assert "69 were held against the original publication by" in await site.get(path)
    assert "1 by your organisation" in await site.get(path)
    assert f"Held against the original by {LEAD}" in await site.get("/triage")
    # A copy in which the rule is the same has the mark; one word changed has not
    whole = await site.begun()
    assert f"by <strong>{LEAD}" in await site.get(f"{whole}/held/stridor")
    rule = await site.get(f"{whole}/rules/stridor")
    await site.post(
        f"{whole}/rules/stridor",
        version=version(rule),
        words="Else",
        condition="%stridor",
        disposition="ambulance-1",
    )
    assert LEAD not in await site.get(f"{whole}/held/stridor")
    page = await site.get(f"{path}/stridor")
    back = {"which": which(page), "version": version(page)}
    assert (await site.post(f"{path}/stridor/withdraw", **back)).status == 303
    assert "0 by your organisation" in await site.get(path)


async def test_what_is_brought_in_thrown_away_and_brought_back(site: Desk) -> None:
    whole = await site.begun()
    texts = await site.get(f"{whole}/fhir")
    plan, asked = re.findall(r"<textarea[^>]*>(.*?)</textarea>", texts, re.DOTALL)
    both = {"text-1": asked, "text-2": plan}
    assert (await site.post("/protocols/bring-in", **both)).status == 303
    bad = await site.post("/protocols/bring-in", **both | {"text-2": "{"})
    assert bad.status == 422
    bad = await site.post(f"{whole}/fhir", version="1", **both | {"text-2": "{"})
    assert bad.status == 422
    assert (await site.post(f"{whole}/fhir", version="1", **both)).status == 303
    assert (await site.post(f"{whole}/throw-away", version="2")).status == 303
    assert (await site.post(f"{whole}/fhir", version="3", **both)).status == 409
    assert "Thrown away or sent back (1)" in await site.get("/protocols")
    assert (await site.post(f"{whole}/bring-back", version="3")).status == 303
    assert "It is back." in await site.get(f"{whole}?said=brought-back")


async def test_nobody_but_a_lead_comes_near(site: Desk) -> None:
    whole = await site.begun()
    for path in ("/protocols", whole, f"{whole}/fhir", f"{whole}/held", "/triage"):
        assert (await site.ask("GET", path, "nurse-token")).status == 403
    for path in ("/protocols/begin", f"{whole}/send", f"{whole}/held/stridor"):
        assert (await site.post(path, "nurse-token")).status == 403
    for path in ("/protocols/none", f"{whole}/rules/none", f"{whole}/held/none"):
        assert (await site.ask("GET", path)).status == 404
