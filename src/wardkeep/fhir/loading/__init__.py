# SPDX-License-Identifier: Apache-2.0
"""Loading records from files: what may be read, how far, and what was refused."""
