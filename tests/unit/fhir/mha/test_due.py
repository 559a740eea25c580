# SPDX-License-Identifier: Apache-2.0
"""What is due under the Act: by the rules that ship, and by rules with another day."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, strategies as st

from wardkeep.base.clock import LONDON
from wardkeep.fhir.mha.due import (
    Due,
    Standing,
    due_in,
    end_of_section,
    is_past,
    left_words,
)
from wardkeep.fhir.mha.entry_kinds import ENTRY_KINDS
from wardkeep.fhir.mha.facts import Fact, Facts
from wardkeep.fhir.mha.rows import facts_written
from wardkeep.fhir.mha.rules import Rules, known_rules, read_rules, shipped_text
from wardkeep.fhir.mha.words import until_words

RULES = known_rules()
ADMITTED = datetime(2026, 9, 5, 14, 20, tzinfo=LONDON)
CODES = sorted({one.code for one in RULES.section})
MOMENTS = st.datetimes(
    datetime(2018, 1, 1, tzinfo=UTC).replace(tzinfo=None),
    datetime(2060, 1, 1, tzinfo=UTC).replace(tzinfo=None),
    timezones=st.just(UTC),
)
FACTS = st.lists(
    st.builds(
        Fact,
        st.sampled_from(sorted(ENTRY_KINDS)),
        MOMENTS,
        st.one_of(st.none(), MOMENTS),
        st.sampled_from(["", "understood", "refused", "consent", "fine", "to-mend"]),
        st.sampled_from(["", "A5", "H3", "H5"]),
    ),
    max_size=12,
)


def section(code: str, *facts: Fact, began: datetime = ADMITTED) -> Facts:
    return Facts(section="s", code=code, began=began, facts=facts)


def at(day: int, month: int, year: int = 2026, hour: int = 10) -> datetime:
    return datetime(year, month, day, hour, tzinfo=LONDON)


def ends(facts: Facts, rules: Rules = RULES) -> str:
    end = end_of_section(facts, rules)
    return "" if end is None else until_words(end)


def one(facts: Facts, code: str, now: datetime) -> Due | None:
    return next((it for it in due_in(facts, RULES, now) if it.code == code), None)


@pytest.mark.parametrize(
    ("code", "last"),
    [
        ("2", "2 October 2026"),
        ("3", "4 March 2027"),
        ("4", "14:20 on 8 September 2026"),
        ("5(2)", "14:20 on 8 September 2026"),
        ("5(4)", "20:20 on 5 September 2026"),
        ("136", "14:20 on 6 September 2026"),
        ("17A", "4 March 2027"),
        ("37/41", ""),
        ("47/49", ""),
    ],
)
def test_how_long_each_section_lasts(code: str, last: str) -> None:
    assert ends(section(code)) == last


def test_renewals_are_six_months_and_then_years() -> None:
    renewed = Fact("renewed", at(1, 3, 2027))
    assert ends(section("3", renewed)) == "4 September 2027"
    assert ends(section("3", renewed, renewed)) == "4 September 2028"
    assert ends(section("3", renewed, renewed, renewed)) == "4 September 2029"


def test_where_two_ways_of_counting_differ_the_earlier_day_holds() -> None:
    began = datetime(2026, 8, 31, 9, 0, tzinfo=LONDON)
    # To 28 February 2027; six months from 1 March go to 31 August, a year to the 30th.
    facts = section("3", Fact("renewed", at(1, 2, 2027)), began=began)
    assert ends(facts) == "30 August 2027"


def test_a_place_of_safety_is_extended_once_by_twelve_hours() -> None:
    longer = Fact("held-longer", at(6, 9))
    assert ends(section("136", longer)) == "02:20 on 7 September 2026"
    assert ends(section("136", longer, longer)) == "02:20 on 7 September 2026"


def test_nothing_ends_in_silence() -> None:
    facts = section("2")
    late = one(facts, "expiry", at(3, 10, hour=0))
    assert late is not None
    assert late.standing is Standing.LATE
    assert is_past(facts, RULES, at(3, 10, hour=0))
    assert not is_past(facts, RULES, at(2, 10, hour=23))
    a_year_on = one(facts, "expiry", at(3, 10, 2027))
    assert a_year_on is not None
    assert a_year_on.standing is Standing.LATE
    assert due_in(section("2", Fact("lapsed", at(3, 10))), RULES, at(3, 10)) == ()


def test_rights_are_due_at_once_again_next_day_where_not_understood() -> None:
    first = one(section("3"), "rights", at(5, 9, hour=15))
    assert first is not None
    assert until_words(first.by) == "5 September 2026"
    refused = one(
        section("3", Fact("rights", at(5, 9, hour=16), None, "refused")),
        "rights",
        ADMITTED,
    )
    assert refused is not None
    assert until_words(refused.by) == "6 September 2026"
    told = one(
        section("3", Fact("rights", at(5, 9, hour=16), None, "understood")),
        "rights",
        ADMITTED,
    )
    assert told is not None
    assert until_words(told.by) == "3 October 2026"


def test_three_months_run_from_the_first_dose_until_a_certificate() -> None:
    dose = Fact("medicine-first", at(6, 9))
    assert one(section("3"), "three-months", ADMITTED) is None
    due = one(section("3", dose), "three-months", at(1, 12))
    assert due is not None
    assert until_words(due.by) == "5 December 2026"
    asked = Fact("certificate", at(1, 12), None, "requested")
    assert one(section("3", dose, asked), "three-months", at(2, 12)) is not None
    given_ = Fact("certificate", at(3, 12), None, "second-opinion", "T3")
    assert one(section("3", dose, asked, given_), "three-months", at(4, 12)) is None


def test_the_last_day_to_apply_is_the_fourteenth_and_no_omission_afterwards() -> None:
    due = one(section("2"), "apply", at(18, 9, hour=23))
    assert due is not None
    assert until_words(due.by) == "18 September 2026"
    assert due.is_right
    assert one(section("2"), "apply", at(19, 9, hour=0)) is None


def test_managers_refer_after_six_months_unless_somebody_applied() -> None:
    now = at(1, 2, 2027)
    due = one(section("3"), "reference", now)
    assert due is not None
    assert until_words(due.by) == "4 March 2027"
    applied = Fact("tribunal-applied", at(1, 10), None, "patient")
    assert one(section("3", applied), "reference", now) is None
    reports = [it.code for it in due_in(section("3", applied), RULES, now)]
    assert {"report-clinical", "report-social", "report-nursing"} <= set(reports)
    written = Fact("report", at(10, 10), None, "nursing")
    left = [it.code for it in due_in(section("3", applied, written), RULES, now)]
    assert "report-nursing" not in left
    assert "report-social" in left


def test_renewal_opens_two_months_before_the_end() -> None:
    due = one(section("3"), "renewal", at(10, 1, 2027))
    assert due is not None
    assert due.opens is not None
    assert due.opens == datetime(2027, 1, 5, tzinfo=LONDON)
    renewed = Fact("renewed", at(20, 2, 2027))
    after = one(section("3", renewed), "renewal", at(1, 3, 2027))
    assert after is not None
    assert until_words(after.by) == "4 September 2027"


def test_whoever_is_late_back_from_leave_shows_until_they_are_back() -> None:
    leave = Fact("leave", at(10, 9), at(12, 9, hour=18), "unescorted")
    due = one(section("3", leave), "leave", at(12, 9, hour=19))
    assert due is not None
    assert due.standing is Standing.LATE
    assert due.left(at(12, 9, hour=19)) == "1 h 0 min late"
    back = Fact("leave-back", at(12, 9, hour=19))
    assert one(section("3", leave, back), "leave", at(13, 9)) is None
    again = Fact("leave", at(14, 9), at(15, 9))
    assert one(section("3", leave, back, again), "leave", at(14, 9)) is not None


def test_a_paper_is_put_right_within_fourteen_days_from_admission() -> None:
    wrong = Fact("paper", at(7, 9), None, "to-mend", "A7")
    papers = [
        it for it in due_in(section("3", wrong), RULES, at(8, 9)) if it.code == "paper"
    ]
    mend = next(it for it in papers if "put right" in it.words)
    assert until_words(mend.by) == "18 September 2026"
    assert len(papers) == 3
    fine = Fact("paper", at(9, 9), None, "fine", "A7")
    left = [
        it
        for it in due_in(section("3", wrong, fine), RULES, at(9, 9))
        if it.code == "paper"
    ]
    assert len(left) == 2


def test_time_left_is_told_in_words() -> None:
    end = end_of_section(section("2"), RULES)
    assert end is not None
    assert left_words(end, at(1, 9)) == "31 days left"
    assert left_words(end, at(1, 10)) == "tomorrow is the last day"
    assert left_words(end, at(2, 10, hour=23)) == "today is the last day"
    assert left_words(end, at(5, 10, hour=12)) == "2 days late"
    held = end_of_section(section("5(4)"), RULES)
    assert held is not None
    assert left_words(held, ADMITTED + timedelta(hours=5)) == "1 h 0 min left"


@given(st.sampled_from(CODES), MOMENTS, FACTS, MOMENTS)
def test_whatever_was_written_the_list_and_the_page_say_the_same(
    code: str, began: datetime, facts: list[Fact], now: datetime
) -> None:
    """Facts go through the row as they are, and no history breaks the list."""
    mine = section(code, *facts, began=began)
    kept = msgspec.json.decode(facts_written(mine.facts), type=tuple[Fact, ...])
    other = msgspec.structs.replace(mine, facts=kept)
    assert due_in(mine, RULES, now) == due_in(other, RULES, now)
    if mine.ended is None and (end := end_of_section(mine, RULES)) is not None:
        expiry = one(mine, "expiry", now)
        assert expiry is not None
        assert (expiry.standing is Standing.LATE) == (now >= end)
        assert end > began


@given(st.sampled_from(CODES), MOMENTS, st.integers(0, 6))
def test_a_renewal_always_moves_the_end_on(
    code: str, began: datetime, many: int
) -> None:
    rule = RULES.section_on(code, began.date())
    assert rule is not None
    renewals = [Fact("renewed", began) for _ in range(many)]
    shorter = end_of_section(section(code, *renewals, began=began), RULES)
    longer = end_of_section(
        section(code, *renewals, Fact("renewed", began), began=began), RULES
    )
    if shorter is not None and longer is not None:
        assert longer > shorter if rule.renews else longer == shorter


CHANGED = """
[[section]]
code = "3"
name = "Section 3"
kind = "detained"
legal_status = "03"
since = 2027-02-01
lasts = "3 months"
renews = ["3 months", "6 months", "1 year"]
source = "A made-up Act s.1"
url = "https://www.legislation.gov.uk/made-up"
"""


def changed_rules() -> Rules:
    text = shipped_text().decode()
    head, _, tail = text.partition('code = "3"\n')
    tail = tail.replace(
        "since = 1983-09-30", "since = 1983-09-30\nuntil = 2027-02-01", 1
    )
    found = read_rules(f'{head}code = "3"\n{tail}{CHANGED}'.encode())
    assert isinstance(found, Rules), found
    return found


def test_a_changed_rule_holds_from_its_day_on_and_needs_no_code() -> None:
    rules = changed_rules()
    before, since = at(31, 1, 2027), at(1, 2, 2027)
    assert ends(section("3", began=before), rules) == "30 July 2027"
    assert ends(section("3", began=since), rules) == "30 April 2027"
    # What began before is renewed by the rule of the day on which the renewal begins.
    renewed = section("3", Fact("renewed", at(1, 7, 2027)), began=before)
    assert ends(renewed, rules) == "30 October 2027"
    assert ends(renewed) == "30 January 2028"
    offered = [
        it.since.year for it in rules.can_begin_on(since.date()) if it.code == "3"
    ]
    assert offered == [2027]


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ('lasts = "28 days"', 'lasts = "28 dais"', "section 1 (2), lasts", "28 dais"),
        ('kind = "detained"', 'kind = "jailed"', "section 2, kind", "no kind"),
        ('after = "recalled"', 'after = "recalld"', "duty recall, after", "no kind of"),
        ('basis = "act"', 'basis = "hearsay"', "duty three-months, basis", "no basis"),
        ('sections = ["2", "3"]', 'sections = ["99"]', "duty nearest", "no section"),
        ("[[section]]", "[[sektion]]", "the file", "unknown field"),
        ('title = "', "title = ", "line", "no TOML"),
        ("since = 1983-09-30", "since = 1983-09-31", "line", "no TOML"),
        (
            'before_end = "2 months"',
            'within = "1 day"\nbefore_end = "2 months"',
            "duty renewal, within",
            "either",
        ),
        (
            'www.legislation.gov.uk/ukpga/1983/20/section/2"',
            'example.org"',
            "section 2, source",
            "no clause",
        ),
    ],
)
def test_wrong_rules_are_told_with_their_place_and_the_mend(
    old: str, new: str, place: str, words: str
) -> None:
    text = shipped_text().decode()
    assert old in text
    found = read_rules(text.replace(old, new, 1).encode())
    assert isinstance(found, tuple)
    assert any(place in it.place and words in it.wrong for it in found), found
    assert all(it.mend for it in found)


def test_two_rules_of_one_section_never_hold_on_one_day() -> None:
    found = read_rules(shipped_text() + CHANGED.encode())
    assert isinstance(found, tuple)
    assert "overlaps" in found[0].wrong


def test_rules_that_ship_say_that_nobody_signed_them() -> None:
    assert RULES.signed == ""
    assert all(it.source and it.url for it in (*RULES.section, *RULES.duty))
