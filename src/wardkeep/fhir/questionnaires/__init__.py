# SPDX-License-Identifier: Apache-2.0
"""Questionnaires: what a clinic asks, what people answer, and what scales add up to."""
