# SPDX-License-Identifier: Apache-2.0
"""Wards: beds and who lies in them, observation levels and checks, leave."""
