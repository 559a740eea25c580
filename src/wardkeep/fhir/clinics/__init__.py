# SPDX-License-Identifier: Apache-2.0
"""Clinics: who is booked, who waits, who is called, and what came of it."""
