# SPDX-License-Identifier: Apache-2.0
"""Contacts: what somebody did with a patient, as FHIR and as the data set names it."""
