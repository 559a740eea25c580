-- SPDX-License-Identifier: Apache-2.0
-- A passkey that somebody adds to their own account rests before it works: empty of all
-- others, and of those that were there before.

alter table warden.credential add column works_from timestamptz;
