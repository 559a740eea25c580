# SPDX-License-Identifier: Apache-2.0
"""Plans made with people, and a letter that waits for somebody to approve it."""

from datetime import timedelta

from wardkeep.assembly.demo.cast import Trait
from wardkeep.assembly.demo.chart.sheet import Sheet
from wardkeep.assembly.demo.moments import instant, moment
from wardkeep.assembly.demo.stable_ids import stable_id
from wardkeep.care.risk import review_request
from wardkeep.care.writing import drafted
from wardkeep.fhir.letters.letter import Letter, letter_resource
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.plans.kinds import CARE, RISK, SAFETY, Kind
from wardkeep.fhir.plans.plan import Plan, plan_resource

_WRITTEN: dict[str, dict[str, str]] = {
    RISK.code: {
        "self": "Took tablets in March after a row at home; rang for help herself."
        " None since.",
        "others": "Nothing known.",
        "protects": "Her dog, her choir, and a sister who rings each evening.",
        "sense": "Worse after nights without sleep and around the anniversary in June.",
        "done": "Seen each week. Medicines come for seven days at a time.",
    },
    SAFETY.code: {
        "signs": "I stop answering the telephone. I sleep in the day.",
        "alone": "Walk the dog by the mill. Music, loud.",
        "places": "The choir on Tuesdays. My sister's kitchen.",
        "help": "My sister Jo, 01632 960 144\nSam from the choir, 01632 960 171",
        "services": "The team by day, 01632 960 100\nAt night 111",
        "home": "Jo keeps the spare tablets.",
        "reasons": "The dog. The spring concert.",
    },
    CARE.code: {
        "matters": "Staying in this house. The wireless at six. Not being hurried.",
        "needs": "Washing, dressing and breakfast; legs are weak in the morning.",
        "goals": "Walk to the gate and back by the summer.",
        "actions": "Carers at eight, every day.\nStockings on before getting up.",
        "carers": "The daughter comes on Sundays and wants to be rung after a fall.",
        "crisis": "After a fall: do not lift. Ring the coordinator on call, then 999.",
    },
}


def write_plans(sheet: Sheet) -> None:
    person = sheet.person
    if Trait.KEY_SAFE in person.traits:
        _write(
            sheet, CARE, by="coordinator-north", agreed="the client and the daughter"
        )
    if Trait.SAFETY_PLAN in person.traits:
        agreed = "the person herself, at home"
        _write(sheet, RISK, by="dr-kestrel", agreed=agreed)
        _write(sheet, SAFETY, by="dr-kestrel", agreed=agreed)
        _write_letter(sheet)


def _write(sheet: Sheet, kind: Kind, *, by: str, agreed: str) -> None:
    last = sheet.story.last_day
    plan = Plan(
        sections=_WRITTEN[kind.code],
        agreed=agreed,
        review=last + timedelta(days=30 * kind.months - 45),
        author=Person(**sheet.staff(by)),
        written=instant(moment(last - timedelta(days=40), 14, 30)),
    )
    patient = str(sheet.person.patient_id)
    sheet.put(plan_resource(plan, kind, patient=patient))
    if kind == RISK:
        asked = review_request(patient, plan, now=moment(last, 14, 30))
        sheet.put(drafted(asked).resource)


def _write_letter(sheet: Sheet) -> None:
    last = sheet.story.last_day
    letter = Letter(
        subject="Seen at home this week",
        to=f"{sheet.organisation.surgery}\n1 High Street",
        body="Dear colleague,\n\nThank you for asking us to see her.\n\n# What we found"
        "\nShe sleeps better, and walks each day.\n\n# What we agreed\n- Weekly visits"
        " go on until the new year\n- Medicines for seven days at a time\n\n# What we"
        " ask of you\n- Please take blood for kidney function in two weeks\n\n"
        "Yours sincerely,",
        copies="Gwen ap Mossley",
        author=Person(**sheet.staff("dr-kestrel")),
        written=instant(moment(last - timedelta(days=1), 16, 10)),
    )
    id_ = stable_id(sheet.person.organisation, sheet.person.position, "letter")
    patient = str(sheet.person.patient_id)
    sheet.put(letter_resource(letter, patient=patient, id_=id_))
