# SPDX-License-Identifier: Apache-2.0
"""The whole record of one patient, its parts in the order of a chart."""

from wardkeep.assembly.demo.body import Body
from wardkeep.assembly.demo.chart.alerts import write_alerts
from wardkeep.assembly.demo.chart.appointments import write_appointments
from wardkeep.assembly.demo.chart.assessments import write_assessments
from wardkeep.assembly.demo.chart.codes import Json
from wardkeep.assembly.demo.chart.due import write_due
from wardkeep.assembly.demo.chart.home_care import write_home_care
from wardkeep.assembly.demo.chart.letters import (
    write_clinic_letters,
    write_death_notice,
)
from wardkeep.assembly.demo.chart.notes import write_notes
from wardkeep.assembly.demo.chart.patient import write_patient
from wardkeep.assembly.demo.chart.plans import write_plans
from wardkeep.assembly.demo.chart.prevention import write_prevention
from wardkeep.assembly.demo.chart.problems import (
    write_allergies,
    write_medicines,
    write_problems,
)
from wardkeep.assembly.demo.chart.reviews import write_reviews
from wardkeep.assembly.demo.chart.sheet import Sheet, transaction
from wardkeep.assembly.demo.chart.team_work import write_team_work
from wardkeep.assembly.demo.chart.ward import write_stays
from wardkeep.assembly.demo.chart.written import write_written_parts
from wardkeep.assembly.demo.organisations import DemoOrganisation
from wardkeep.assembly.demo.story import Story


def record_of(organisation: DemoOrganisation, story: Story) -> Json:
    """A FHIR R4 transaction Bundle; the Patient is its first entry."""
    sheet = Sheet(organisation, story)
    body = Body(story)
    write_patient(sheet)
    write_problems(sheet)
    write_allergies(sheet)
    write_medicines(sheet)
    write_reviews(sheet, body)
    write_stays(sheet, body)
    write_notes(sheet)
    write_team_work(sheet)
    write_written_parts(sheet, body)
    write_prevention(sheet)
    write_clinic_letters(sheet)
    write_home_care(sheet)
    write_alerts(sheet)
    write_plans(sheet)
    write_assessments(sheet)
    write_appointments(sheet)
    write_death_notice(sheet)
    write_due(sheet)
    return transaction(sheet.entries)
