# SPDX-License-Identifier: Apache-2.0
"""Assessments: answered Questionnaires in a record, their scores and their alarms."""
