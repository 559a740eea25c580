# SPDX-License-Identifier: Apache-2.0
"""Relationships: why an account may expect a patient."""
