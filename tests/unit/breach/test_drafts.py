# SPDX-License-Identifier: Apache-2.0
"""Drafts: to each organisation its own people; facts of the ledger, and named gaps."""

import csv
import io
import json
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, strategies as st

from wardkeep.base.ids import new_uuid
from wardkeep.breach import drafts
from wardkeep.breach.drafts import letter_of, make
from wardkeep.ledger import incidents as kept
from wardkeep.ledger.incidents import Finding, Incident, IncidentUnknownError
from wardkeep.ledger.onward import MOST_NAMED, Onward
from wardkeep.ledger.scope import Disclosed, PersonReached, Scope
from wardkeep.ledger.together import together
from wardkeep.ledger.wanted import Wanted

NOON = 1_795_953_600_000_000
"""29 November 2026, 12:00 UTC, as London has it in winter."""


def reached(patient: str, organisation: int = 1, **changed: object) -> PersonReached:
    said: dict[str, object] = {
        "patient": patient,
        "organisation": organisation,
        "first": NOON,
        "last": NOON + 60_000_000,
        "openings": 1,
        "tiers": ["banner", "record"],
        "resources": [
            Disclosed(type="Condition", id="c", version=1, first=NOON, last=NOON),
            Disclosed(type="Condition", id="c", version=2, first=NOON, last=NOON),
            Disclosed(type="Observation", id="o", version=1, first=NOON, last=NOON),
        ],
        "entries": [7],
        **changed,
    }
    return PersonReached(**said)  # type: ignore[arg-type]


def scope_with(*people: PersonReached) -> Scope:
    return Scope(
        is_whole=True,
        entries_read=100,
        root="ab" * 32,
        people=list(people),
        certainly_not=["Anybody who is not among the people named here."],
    )


def declared(*people: tuple[int, int]) -> Incident:
    finding = Finding(
        at=NOON,
        why="As declared.",
        selectors=(Wanted(account="x"),),
        is_whole=True,
        people=people,
    )
    return Incident(
        id=new_uuid(),
        found_at=NOON,
        declared_at=NOON,
        what="A <stolen> session.",
        findings=(finding,),
        names=((1, "Fernhill"), (2, "Hollow & Sons")),
    )


def texts(folder: Path) -> dict[str, str]:
    return {
        str(one.relative_to(folder)): one.read_text(encoding="utf-8")
        for one in folder.rglob("*")
        if one.is_file()
    }


def test_each_organisation_has_its_own_people_and_nobody_elses(tmp_path: Path) -> None:
    scope = scope_with(reached("anna"), reached("quill", 2), reached("anna", 2))
    made = make(declared((1, 1), (2, 2)), scope, tmp_path)
    assert (made.organisations, made.letters) == (2, 3)
    fernhill = texts(Path(made.folder) / "1-fernhill")
    hollow = texts(Path(made.folder) / "2-hollow-sons")
    assert "letters/an/anna.html" in fernhill
    assert {"letters/an/anna.html", "letters/qu/quill.html"} <= set(hollow)
    assert not [name for name, words in fernhill.items() if "quill" in words]
    assert not [words for words in fernhill.values() if "Hollow" in words]
    # What proves it says of nobody who they are.
    evidence = (Path(made.folder) / drafts.EVIDENCE).read_text()
    assert not [one for one in ("anna", "quill") if one in evidence]


def test_a_report_has_what_article_33_asks_for_and_counts(tmp_path: Path) -> None:
    listed = reached("b", openings=0, listed=2, tiers=["banner"], resources=[])
    scope = scope_with(reached("anna"), listed)
    made = make(declared((1, 2)), scope, tmp_path)
    report = texts(Path(made.folder))["1-fernhill/report-to-regulator.html"]
    for clause in "abcd":
        assert f"(article 33(3)({clause}))" in report
    assert "<strong>2</strong>" in report
    assert "1 were opened" in report
    assert "2 December 2026 at 12:00" in report
    assert "A &lt;stolen&gt; session." in report
    assert report.count('class="gap"') >= 6


def test_a_letter_says_what_was_seen_once_each_and_what_was_not(tmp_path: Path) -> None:
    made = make(declared((1, 1)), scope_with(reached("anna")), tmp_path)
    letter = texts(Path(made.folder))["1-fernhill/letters/an/anna.html"]
    assert "problems and diagnoses</li>" in letter
    assert "observations and results</li>" in letter
    assert "Anything else in your record" in letter
    assert "change it today" not in letter
    unsure = scope_with(reached("anna"))
    unsure.is_whole = False
    made = make(declared((1, 1)), unsure, tmp_path / "unsure")
    letter = texts(Path(made.folder))["1-fernhill/letters/an/anna.html"]
    assert "cannot say that for certain" in letter


def test_what_is_kept_apart_is_not_spelled_out_and_comes_first(tmp_path: Path) -> None:
    sealed = reached("anna", tiers=["record", "sealed"], reasons=["the key safe"])
    made = make(declared((1, 1)), scope_with(sealed), tmp_path)
    found = texts(Path(made.folder) / "1-fernhill")
    letter = found["letters/an/anna.html"]
    assert letter.index("change it today") < letter.index("What was seen")
    assert "the key safe" not in letter
    [line] = csv.DictReader(io.StringIO(found["people.csv"]))
    assert line["sealed"].startswith("yes")
    assert line["letter"] in found


KILBY = "Kilby <Surgery> (ODS A82001)"


def went_on(patient: str, *onward: Onward, phone_until: int = 0) -> PersonReached:
    words = tuple(one.word for one in onward)
    condition = Disclosed(
        type="Condition", id="c", version=1, first=NOON, last=NOON, onward=words
    )
    return reached(
        patient,
        onward=list(onward),
        resources=[condition],
        on_phone_until=phone_until,
    )


def sent(to: str) -> Onward:
    return Onward(way="send", to=to, first=NOON, last=NOON, entries=[7])


def test_a_report_and_a_letter_say_to_whom_it_was_sent_and_nobody_else_is_told_so(
    tmp_path: Path,
) -> None:
    phone = Onward(way="carry", to="", first=NOON, last=NOON, entries=[8])
    scope = scope_with(
        went_on("anna", sent(KILBY)),
        went_on("bert", sent(KILBY), phone, phone_until=NOON),
        reached("cara"),
    )
    made = make(declared((1, 3)), scope, tmp_path)
    found = texts(Path(made.folder) / "1-fernhill")
    kilby = "Kilby &lt;Surgery&gt; (ODS A82001)"
    row = f"<td>Sent by message to {kilby}</td><td>2</td><td>2</td>"
    for name in ("report-to-regulator.html", "notice-to-controller.html"):
        assert row in found[name], name
        assert "<td>Put, sealed, on a phone</td><td>1</td><td>1</td>" in found[name]
    assert (
        "whether they were told that nobody rightful sent it"
        in found["report-to-regulator.html"]
    )
    assert f"<li>{kilby}</li>" in found["letters/an/anna.html"]
    assert "Kilby" not in found["letters/ca/cara.html"]
    anna, bert, cara = csv.DictReader(io.StringIO(found["people.csv"]))
    assert anna["onward"] == f"Sent by message to {KILBY}"
    assert bert["onward"].endswith(
        "; Put, sealed, on a phone until 29 November 2026 at 12:00"
    )
    assert cara["onward"] == ""


def test_what_went_nowhere_leaves_no_gap_about_a_receiver(tmp_path: Path) -> None:
    made = make(declared((1, 1)), scope_with(reached("anna")), tmp_path)
    found = texts(Path(made.folder) / "1-fernhill")
    report = found["report-to-regulator.html"]
    assert "Recipients" not in report
    assert "nobody rightful sent it" not in report
    printed = Onward(way="print", to="", first=NOON, last=NOON, entries=[7])
    scope = scope_with(went_on("anna", printed))
    made = make(declared((1, 1)), scope, tmp_path / "printed")
    report = texts(Path(made.folder) / "1-fernhill")["report-to-regulator.html"]
    assert "<td>Printed on paper</td><td>1</td><td>1</td>" in report
    assert "nobody rightful sent it" not in report


def test_of_too_many_receivers_the_report_says_how_many_more(tmp_path: Path) -> None:
    people = [went_on(f"p-{n}", sent(f"Surgery {n}")) for n in range(MOST_NAMED + 3)]
    made = make(declared((1, len(people))), scope_with(*people), tmp_path)
    report = texts(Path(made.folder) / "1-fernhill")["report-to-regulator.html"]
    assert report.count("Sent by message to Surgery") == MOST_NAMED
    assert "And 3 more" in report


def test_nobody_reached_is_an_outcome_of_its_own(tmp_path: Path) -> None:
    made = make(declared((1, 0)), scope_with(), tmp_path)
    found = texts(Path(made.folder) / "1-fernhill")
    assert made.letters == 0
    assert "you need tell nobody" in found["notice-to-controller.html"]
    assert (
        "No patient of this organisation was reached"
        in found["report-to-regulator.html"]
    )


def test_what_somebody_edited_is_not_written_over_and_the_rest_is_made(
    tmp_path: Path,
) -> None:
    incident, scope = declared((1, 2)), scope_with(reached("anna"), reached("quill"))
    where = Path(make(incident, scope, tmp_path).folder) / "1-fernhill"
    report, letter = where / "report-to-regulator.html", where / letter_of("quill")
    report.write_text("edited")
    letter.unlink()
    make(incident, scope, tmp_path)
    assert report.read_text() == "edited"
    assert "observations and results" in letter.read_text()
    assert not list(where.rglob("*.half"))
    assert {one.stat().st_mode & 0o077 for one in where.rglob("*")} == {0}


@given(st.lists(st.from_regex(r"[A-Za-z0-9.-]{1,64}", fullmatch=True), unique=True))
def test_no_two_people_share_a_file_whatever_the_disk_thinks_of_capitals(
    ids: list[str],
) -> None:
    names = [letter_of(one).lower() for one in ids]
    assert len(set(names)) == len(ids)
    assert all(
        re.fullmatch(r"letters/[a-z0-9.-]{1,2}/[^/]+\.html", one) for one in names
    )


def test_an_incident_comes_back_as_it_was_kept_and_a_change_is_told(
    tmp_path: Path,
) -> None:
    made = declared((1, 3))
    made = msgspec.structs.replace(made, written=made.digest)
    kept.keep(tmp_path, made)
    assert kept.read(tmp_path, made.id) == made
    assert kept.all_in(tmp_path) == [made]
    file = tmp_path / made.id / kept.FILE
    said = json.loads(file.read_text())
    file.write_text(json.dumps({**said, "what": "Nothing happened."}))
    changed = kept.read(tmp_path, made.id)
    assert changed.digest != changed.written
    file.write_text("{")
    with pytest.raises(IncidentUnknownError):
        kept.read(tmp_path, made.id)
    for odd in ("../x", new_uuid()):
        with pytest.raises(IncidentUnknownError):
            kept.read(tmp_path, odd)


def test_whoever_two_accounts_reached_is_told_of_once() -> None:
    one = scope_with(reached("anna", entries=[1], openings=1))
    more = Disclosed(type="Flag", id="f", version=1, first=NOON - 5, last=NOON)
    two = scope_with(
        reached("anna", first=NOON - 5, entries=[1, 4], openings=2, resources=[more]),
        reached("quill", entries=[5]),
    )
    both = together([one, two])
    assert [found.patient for found in both.people] == ["anna", "quill"]
    anna = both.people[0]
    assert (anna.first, anna.entries, anna.openings) == (NOON - 5, [1, 4], 2)
    assert len(anna.resources) == 4
    two.is_whole, two.certainly_not = False, []
    assert not together([one, two]).is_whole
    assert together([one, two]).certainly_not == []


def test_who_opened_a_record_is_told_as_that_and_as_no_opening(tmp_path: Path) -> None:
    alone = reached("anna", openings=0, looked_at=[7], tiers=[], resources=[])
    besides = reached("bert", looked_at=[8], entries=[7, 8])
    made = make(declared((1, 2)), scope_with(alone, besides), tmp_path)
    found = texts(Path(made.folder) / "1-fernhill")
    letter = found["letters/an/anna.html"]
    assert "Your record itself was not opened" in letter
    assert "the list of who opened it" in letter
    assert "They saw" not in letter
    assert "They could see who you are" not in letter
    other = found["letters/be/bert.html"]
    assert "Your record was opened" in other
    assert "They also read the list of who opened your record" in other
    for name in ("report-to-regulator.html", "notice-to-controller.html"):
        assert "Of 2 people the list of who opened their record" in found[name]
        assert "Of 1 of these nothing else was seen" in found[name]
    assert "1 were opened" in found["report-to-regulator.html"]
    assert "0 were shown in lists only" in found["report-to-regulator.html"]
    rows = csv.DictReader(io.StringIO(found["people.csv"]))
    assert [(one["openings"], one["looks"]) for one in rows] == [("0", "1"), ("1", "1")]
