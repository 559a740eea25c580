# SPDX-License-Identifier: Apache-2.0
"""Who takes whom, what free times say, and that nothing leaves that is not shown."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st

from support.partners import FERNHILL, NORTH, person
from wardkeep.apps.urgent_queue.messages import mark_of
from wardkeep.fhir.bars.attention import Attention
from wardkeep.fhir.bars.building import Content, booking_message, referral_message
from wardkeep.fhir.bars.directory import (
    OLDEST,
    VALIDATES,
    Neighbour,
    ages_words,
    taking,
    why_not,
)
from wardkeep.fhir.bars.message import Message, faults_in, read_message
from wardkeep.fhir.bars.outgoing import (
    Sort,
    Standing,
    is_to_read,
    standing_booking,
    standing_referral,
)
from wardkeep.fhir.bars.shown import shown
from wardkeep.fhir.bars.times import MOST, FreeTime, time_in, times_in
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Kind

Json = dict[str, Any]
NOW = datetime(2026, 11, 29, 15, tzinfo=UTC)
CODES = st.sampled_from(sorted(DISPOSITIONS))
AGES = st.integers(0, OLDEST)


@st.composite
def neighbours(draw: st.DrawFn) -> Neighbour:
    ages = sorted((draw(AGES), draw(AGES)))
    return Neighbour(
        service="1",
        name="There",
        takes=tuple(draw(st.lists(CODES, max_size=4))),
        books=draw(st.booleans()),
        validates=draw(st.booleans()),
        least_age=ages[0],
        most_age=ages[1],
    )


@given(neighbours(), CODES, st.none() | AGES)
def test_nobody_is_sent_where_they_are_not_taken(
    one: Neighbour, code: str, age: int | None
) -> None:
    disposition = DISPOSITIONS[code]
    if not taking([one], disposition, age=age):
        assert why_not(one, disposition, age=age)
        return
    assert disposition.kind is not Kind.AMBULANCE
    assert not one.takes or code in one.takes
    assert one.validates or code not in VALIDATES
    assert age is None or one.least_age <= age <= one.most_age


def test_each_validation_says_what_is_done_where_nobody_answers() -> None:
    assert VALIDATES == {
        "ambulance-3-validate": "ambulance-3",
        "emergency-department-validate": "emergency-department",
    }
    assert DISPOSITIONS["ambulance-3"].category == "C3"


def test_ages_are_said_as_people_say_them() -> None:
    one = Neighbour(service="1", name="There")
    said = [
        ages_words(Neighbour(service="1", name="x", least_age=low, most_age=high))
        for low, high in ((0, 15), (16, OLDEST), (16, 64))
    ]
    assert (ages_words(one), said) == (
        "",
        ["up to 15", "of 16 and over", "of 16 to 64"],
    )


# Free times


def slot(number: int, *, minutes: int, status: str = "free") -> Json:
    start = NOW + timedelta(minutes=minutes)
    return {
        "resource": {
            "resourceType": "Slot",
            "id": f"s{number}",
            "status": status,
            "schedule": {"reference": "https://there.example/fhir/Schedule/plan"},
            "start": start.isoformat(),
            "end": (start + timedelta(minutes=15)).isoformat(),
        }
    }


@given(
    st.lists(
        st.tuples(st.integers(-90, 600), st.sampled_from(("free", "busy"))),
        max_size=30,
    )
)
def test_free_times_are_to_come_free_in_order_and_few(
    found: list[tuple[int, str]],
) -> None:
    entries = [
        slot(number, minutes=minutes, status=status)
        for number, (minutes, status) in enumerate(found)
    ]
    times = times_in({"entry": entries}, now=NOW)
    free = sorted(m for m, status in found if status == "free" and m > 0)
    starts = [int((one.start - NOW).total_seconds() // 60) for one in times]
    assert starts == free[:MOST]
    assert [time_in(one.value) for one in times] == [
        FreeTime(slot=one.slot, schedule=one.schedule, start=one.start, end=one.end)
        for one in times
    ]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ("entry", "resource", "resourceType", "id", "start", "actor")
                ),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_whatever_a_partner_answers_is_read_without_breaking(said: Any) -> None:
    content = said if isinstance(said, dict) else {"entry": said}
    assert len(times_in(content, now=NOW)) <= MOST


# What leaves


WORDS = st.text(
    st.characters(categories=("Lu", "Ll", "Nd"), include_characters=" .,"),
    min_size=4,
    max_size=40,
).map(lambda one: f"w {one}")


def leaves(node: Any, name: str = "") -> Iterator[str]:
    """Every text that a message says, but for codes, references and systems."""
    silent = ("resourceType", "id", "reference", "system", "status", "intent", "use")
    if isinstance(node, dict):
        for key, value in node.items():
            if key not in silent:
                yield from leaves(value, key)
    elif isinstance(node, list):
        for one in node:
            yield from leaves(one, name)
    elif isinstance(node, str):
        yield node


@given(WORDS, WORDS, WORDS)
def test_every_word_that_leaves_is_shown_before_it_leaves(
    summary: str, why: str, place: str
) -> None:
    content = Content(
        request={
            "resourceType": "ServiceRequest",
            "status": "active",
            "code": {"text": "Go to an emergency department"},
            "reasonCode": [{"text": why}],
        },
        patient=person(address=[{"line": [place], "postalCode": "ZZ99 3WZ"}]),
        encounter={
            "resourceType": "Encounter",
            "status": "in-progress",
            "class": {"code": "VR"},
            "reasonCode": [{"text": place}],
        },
        summary=summary,
        more=[{"resourceType": "Flag", "status": "active", "code": {"text": why}}],
        author={"name": [{"text": "Ann Advice"}]},
    )
    bundle = referral_message(content, sender=NORTH, receiver=FERNHILL, now=NOW)
    said = {words for line in shown(bundle) for words in line.words}
    clinical = [
        one["resource"]
        for one in bundle["entry"]
        if one["resource"]["resourceType"] not in ("MessageHeader", "Consent")
    ]
    people = {"Quillfeather", "Odette"}
    for text in leaves([{**one, "class": None} for one in clinical]):
        is_time = text[:2] == "20" and text[-1] == "Z"
        is_code = " " not in text and text not in people
        is_shown = any(text in words for words in said)
        assert is_time or is_code or is_shown, text
    assert "Odette Quillfeather" in said


def test_a_booking_says_who_and_when_and_no_clinical_word() -> None:
    time = FreeTime(
        slot="s1",
        schedule="plan",
        start=NOW + timedelta(hours=1),
        end=NOW + timedelta(hours=1, minutes=15),
    )
    bundle = booking_message(
        time, patient=person(), sender=NORTH, receiver=FERNHILL, now=NOW
    )
    message = read_message(bundle)
    assert isinstance(message, Message)
    assert faults_in(message) == ()
    labels = {line.label for line in shown(bundle)}
    assert labels == {
        *("Time that is booked", "About whom", "To which service", "Organisation")
    }
    back = booking_message(
        time,
        patient=person(),
        sender=NORTH,
        receiver=FERNHILL,
        is_over=True,
        first="m-1",
        now=NOW,
    )
    message = read_message(back)
    assert isinstance(message, Message)
    assert (message.is_over, faults_in(message)) == (True, ())


# What stands of it


def sent(number: int, kind: Sort, state: str = "sent", follows: str = "") -> Standing:
    return Standing(
        message=f"m{number}",
        about="o",
        partner="There",
        state=state,
        made_at=NOW,
        attempts=1,
        kind=str(kind),
        follows=follows,
    )


def test_what_was_taken_back_stands_no_more() -> None:
    first, time = sent(1, Sort.REFERRAL), sent(2, Sort.BOOKING)
    both = (first, time)
    assert (standing_referral(both), standing_booking(both)) == both
    back = (*both, sent(3, Sort.WITHDRAWAL, follows="m1"))
    assert (standing_referral(back), standing_booking(back)) == (None, time)
    lost = (first, sent(2, Sort.BOOKING, "refused"))
    assert (standing_referral(lost), standing_booking(lost)) == (first, None)
    again = (*back, sent(4, Sort.VALIDATION, "unanswered"))
    assert standing_referral(again) == again[-1]


def test_answers_that_we_give_are_nobodys_to_read_here() -> None:
    assert is_to_read("refused", Sort.REFERRAL)
    assert not is_to_read("sent", Sort.REFERRAL)
    assert not is_to_read("refused", Sort.ANSWER)
    assert is_to_read("sent", Sort.VALIDATION, "interim")
    assert not is_to_read("sent", Sort.REFERRAL, "interim")


def attention(**more: Any) -> Attention:
    known = {
        "message": "m",
        "partner": "There",
        "kind": "validation",
        "state": "unanswered",
        "made_at": NOW,
        "answer_by": NOW,
        "last_error": "",
        "answer": "",
        "entry": "e",
        "disposition": "ambulance-3-validate",
        "is_open": True,
        "ambulance_at": None,
    }
    return Attention(**{**known, **more})


def test_a_board_says_what_is_to_be_done() -> None:
    assert mark_of(attention()).colour == "red"
    sent_for = mark_of(attention(ambulance_at=NOW))
    assert "an ambulance is asked for" in sent_for.words
    refused = mark_of(
        attention(state="refused", last_error="409 REC_CONFLICT conflict")
    )
    assert refused.todo == ("The time is taken, or it is over there. Telephone There.")
    assert mark_of(attention(state="answered", answer="full")).colour == "blue"
    so_far = mark_of(attention(state="sent", answer="interim"))
    assert so_far.words == "Answered so far: read it"
    assert mark_of(attention(state="waiting")).colour == "orange"
