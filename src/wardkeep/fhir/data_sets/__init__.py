# SPDX-License-Identifier: Apache-2.0
"""National data sets: what they ask for is data, what the store knows is told here."""
