# SPDX-License-Identifier: Apache-2.0
"""What of a case goes along with a referral by message."""
