# SPDX-License-Identifier: Apache-2.0
"""What bases and cars carry: registers that are only ever added to."""
