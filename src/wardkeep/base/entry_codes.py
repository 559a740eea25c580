# SPDX-License-Identifier: Apache-2.0
"""Codes of key safes, doors and alarms in free text: whether somebody wrote one there.

Council practice treats such a code in a note as a data breach (domain.md, 0.6), so
whoever writes one is asked to move it. What is found is never given back: a message
that repeats a code spreads it.

A code is three to eight digits, written together, apart or as words, perhaps between
letters (C1234Z). It counts where a word of doors stands near it in the same sentence.
What else has digits (dates, times, doses, pressures, telephone and NHS numbers,
postcodes, codes of terminologies) is told apart by its shape and its neighbours. For
honest writers: who hides a code on purpose can.

Every pattern has bounds, and the digits of a text are looked for once, so the time
grows with the length of the text and no faster: about a microsecond a character at the
worst, whoever wrote it.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator

LONGEST_TEXT = 200_000
"""Characters that are looked at: a hundred pages."""
_BEFORE, _AFTER = 48, 72
"""Characters of a sentence that are looked at on either side of a word."""

_DOOR = (
    r"key[ -]?(?:safe|box|cabinet|lock)s?|(?:lock|coded|combi) ?box(?:es)?|"
    r"(?:front|back|side|main|outer|inner|communal|house|flat|street|garage|entrance)"
    r"[ -]doors?|door ?(?:code|entry|key|lock)|pad ?locks?|key ?pads?|intercom|"
    r"door ?bell|burglar|doors?|gates?|alarms?|entry(?:phone)?|entrance|locks?|fobs?|"
    r"safe|buzzers?|get in|let yoursel(?:f|ves) in|way in|access|porch|shed|"
    r"(?:home|house|flat|building|block)(?= (?:code|pin))|combination|combi"
)
_SURE = re.compile(
    r"key[ -]?(?:safe|box|cabinet|lock)|lock ?box|coded ?box|combi ?box|keypad|key pad|"
    r"door ?(?:code|entry)|pad ?lock|entryphone|combination",
)
"""Words that are about a way in and about nothing else."""
_WORD = re.compile(rf"(?<![a-z])(?:{_DOOR})(?![a-z])")
_CODE_WORD = re.compile(
    r"(?<![a-z])(?:code|codes|pin|pincode|passcode|number|no|num|combination|combi|"
    r"combo|digits?|press|enter|type|dial|tap|punch|key in|input|use|set to|is|are|now|"
    r"changed to)(?![a-z])|[:=#*]"
)
_PLAIN_CODE = re.compile(
    r"(?<![a-z])(?:(?:pass|pin)codes?|(?<!post)(?<!post )(?<!bar)(?<!zip )codes?)"
    r"(?: to get in| for (?:the )?(?:home|house|flat|property))?"
    r"(?: (?:to|for) (?:the )?(?:main )?(?:building|block|door|flats?))?"
    r"(?: {0,2}(?:is|are|now|changed to|:|=|-)){0,2} {0,2}(?=[a-z]?\d)"
)
"""A code of nobody says what: `the code is 4821`."""
_DIGITS = re.compile(
    r"(?:(?<=[a-z][a-z][a-z])|(?<![\w£$€+]))(?<!\d[.,/:])"
    r"(?P<code>[a-z]?\d(?:(?: ?[-–] ?| {1,2}|, ?)?\d){2,14}[a-z]?)"
)
_ONE = (
    r"(?:zero|oh|nought|one|two|three|four|five|six|seven|eight|nine|double|treble|"
    r"triple)"
)
_SPELLED = re.compile(rf"(?<![a-z]){_ONE}(?:[ ,-]{{1,2}}{_ONE}){{2,7}}(?![a-z])")
_MEASURE = re.compile(
    r"[ -]?(?:%|mg|mcg|micro|µ|μ|g\b|gram|kg|ml|mm|cm|m\b|km|l\b|litre|iu\b|unit|u\b|"
    r"kcal|cal|bpm|beats|kpa|mol|mol|nmol|pmol|tab|cap|puff|drop|dose|day|week|month|"
    r"year|hour|hr|min|sec|pm\b|am\b|times|x\b|step|met(?:er|re)|yard|mile|feet|ft\b|"
    r"degree|°|people|patient|visit|call|pound|pence|k\b|per\b|in\s+the\s+morning|/\d|"
    r":\d|\.\d|,\d{3}|/[a-z]|st\b|nd\b|rd\b|th\b|hrs|hundred|euro|rooms?|beds?|calls?)"
)
_NOT_BEFORE = re.compile(
    r"(?<![a-z])(?:snomed(?: ct)?|sct|cpt|ndc|hcpcs|billing|tariff|country|area|"
    r"dialling|sort|tax|discount|promo(?:tion)?|loinc|icd(?:-?1?\d)?|read|opcs|hrg|dm\+d|ods|nhs|"
    r"hospital|mrn|uprn|postcode|post code|zip|phone|tel|telephone|mobile|fax|call|"
    r"ring|ext|extension|bleep|page|room|bed|bay|ward|version|ref|reference|order|"
    r"batch|lot|serial|model|invoice|case|incident|log|year|born|dob|aged?|weigh(?:s|t)|"
    r"pressure|bp|rate|pulse|level|limit|error|status|procedure|diagnosis|item|product|"
    r"step|of|about|over|under|around|nearly|clinic|form|section|act|policy|bus|route|"
    r"lane|road|street|channel|li(?:ves?|ving) at|address(?: is)?|resid(?:es|ent) at|"
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
    r"(?: ?(?:code|codes|number|no|num|is|on))?[ .:#]{0,3}$"
    r"|(?<![a-z])(?:flat|house)(?: (?:number|no|num))?[ .:#]{0,3}$"
)
"""What stands before digits that are something else."""
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?|\d\d?[- ]\d\d?[- ](?:19|20)?\d\d")
_TOLD = re.compile(
    r"(?:code|codes|pin|number|no\.?|combination|is|to|with|press|enter|type|use|[:=#*])"
    r" {0,2}$"
)
_TOLD_AFTER = re.compile(
    r"(?<![a-z])(?:for|to|opens?|unlocks?|is|code|pin|gets? (?:you|us) in)(?![a-z])"
    r"|[=-]"
)
"""What stands between digits and what they open, where they come first."""
_STREET = re.compile(
    r" ?(?:street|st\b|road|rd\b|lane|close|house|court|avenue|terrace|view|farm)"
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_MOST_DIGITS = 8
_SHORT_DATE = len("12-34-56")
_TAG = re.compile(r"<[^<>]{0,400}>")
_SPACE = re.compile(r"[^\S\n]+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_SENTENCE_END = re.compile(r"(?<!no)[.!?] |\n")
_NEAR = 14
"""Characters between a word of doors and digits that need no word between them."""


Place = tuple[int, int]
"""From where to where digits stand."""


def holds_entry_code(text: str) -> bool:
    """Whether a code that opens a home seems to be written in it."""
    lowered = text[:LONGEST_TEXT].lower()
    if not any(map(lowered.__contains__, STEMS)):
        return False
    return _is_found(_plain(lowered))


STEMS = (
    "safe",
    "door",
    "gate",
    "alarm",
    "entr",
    "lock",
    "fob",
    "buzzer",
    "intercom",
    "access",
    "way in",
    "get in",
    "yoursel",
    "box",
    "keypad",
    "key pad",
    "code",
    "combi",
    "burglar",
    "cabinet",
    "porch",
    "shed",
    "passcode",
)
"""One of these is in every text in which a code can be found; in small letters."""


def without_markup(text: str) -> str:
    """The words of a piece of HTML or XHTML, where tags end words."""
    return _TAG.sub(" ", text)


def _plain(lowered: str) -> str:
    # A letter may become eighteen.
    text = unicodedata.normalize("NFKC", lowered)[:LONGEST_TEXT]
    text = _INVISIBLE.sub("", text).replace("’", "'")
    return _SPACE.sub(" ", text)


def _is_found(text: str) -> bool:
    places = sorted((*_codes_in(text), *_spelled_in(text)))
    if not places:
        return False
    starts = [start for start, _ in places]
    for plain in _PLAIN_CODE.finditer(text):
        told = bisect_left(starts, plain.end())
        if told < len(starts) and starts[told] < plain.end() + _NEAR:
            return True
    return any(
        _opens(text, word, places, starts)
        for word in _WORD.finditer(text)
        if not _STREET.match(text, word.end())
    )


def _opens(
    text: str, word: re.Match[str], places: list[Place], starts: list[int]
) -> bool:
    """Whether a code near a word of doors, in the same sentence, belongs to it."""
    first = bisect_left(starts, word.start() - _BEFORE)
    last = bisect_left(starts, word.end() + _AFTER, first)
    if first == last:
        return False
    start, end = _stretch(text, word.start(), word.end())
    return any(
        start <= place[0] and place[1] <= end and _belongs(text, word, place)
        for place in places[first:last]
    )


def _stretch(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentence around a word, as far as it is looked at."""
    low, high = max(0, start - _BEFORE), min(len(text), end + _AFTER)
    ends = [one.end() for one in _SENTENCE_END.finditer(text, low, start)]
    after = _SENTENCE_END.search(text, end, high)
    return (ends[-1] if ends else low), (after.start() if after else high)


def _codes_in(text: str) -> Iterator[Place]:
    for found in _DIGITS.finditer(text):
        if _is_code(text, found):
            yield found.span("code")


def _spelled_in(text: str) -> Iterator[Place]:
    return (found.span() for found in _SPELLED.finditer(text))


def _is_code(text: str, found: re.Match[str]) -> bool:
    code = found["code"]
    digits = sum(letter.isdigit() for letter in code)
    start, end = found.span("code")
    if digits > _MOST_DIGITS or text[end : end + 1].isdigit():
        return False
    if _MEASURE.match(text, end):
        return False
    before = text[max(0, start - 24) : start]
    if _NOT_BEFORE.search(before):
        return False
    if _DATE.fullmatch(code):
        return len(code) == _SHORT_DATE and bool(_TOLD.search(before))
    return not _YEAR.fullmatch(code) or bool(_TOLD.search(before))


def _belongs(text: str, word: re.Match[str], place: Place) -> bool:
    """Whether digits are told as what opens it, and not just near it."""
    if place[0] >= word.end():
        between = text[word.end() : place[0]]
    else:
        between = text[place[1] : word.start()]
    if _SURE.match(word[0]):
        return True
    if place[0] < word.start():
        before = text[max(0, place[0] - _NEAR) : place[0]]
        return bool(_TOLD_AFTER.search(between) or _TOLD.search(before))
    return len(between) <= _NEAR or bool(_CODE_WORD.search(between))
