# SPDX-License-Identifier: Apache-2.0
"""The telephone: what its system tells of calls, and whose an extension is."""
