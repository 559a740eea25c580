# SPDX-License-Identifier: Apache-2.0
"""The ground floor: ids, clock, NHS number, problems and settings, with no I/O."""
