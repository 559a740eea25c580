# SPDX-License-Identifier: Apache-2.0
"""Plans: risk, safety plan, care plan; one of each, with everything it ever said."""

from wardkeep.apps.plans.history import restore_plan, show_plan_history
from wardkeep.apps.plans.overview import show_plans
from wardkeep.apps.plans.writing import show_plan_form, write_plan
from wardkeep.web.apps import App

app = App(
    name="plans",
    title="Plans",
    pages=(show_plans, show_plan_form, write_plan, show_plan_history, restore_plan),
)
