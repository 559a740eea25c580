# SPDX-License-Identifier: Apache-2.0
"""Whom an organisation's clinical lead has the role of."""

from wardkeep.web.gates import Gate

LEADS = Gate.SIGNED_IN.only("shift_lead", "doctor")
"""Who writes triage content, reviews it, and takes it into use."""
