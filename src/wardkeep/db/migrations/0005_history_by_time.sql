-- SPDX-License-Identifier: Apache-2.0
-- Rows are written in the order of time, so a block's first and last moment find what is
-- new: a hundredth of a percent of the table in the place of a tree (history by type and
-- of everything, `_since`, `_lastUpdated`).
create index resource_written on record.resource using brin (last_updated)
  with (pages_per_range = 32);
create index history_written on record.history using brin (last_updated)
  with (pages_per_range = 32);
