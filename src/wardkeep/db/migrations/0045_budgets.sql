-- SPDX-License-Identifier: Apache-2.0
-- An organisation tightens every number of a budget. What was set before says nothing of
-- these: the product's holds, of sheets in proportion to prints.

alter table warden.budget
  add column homes       integer check (homes >= 0),
  add column sendings    integer check (sendings >= 0),
  add column sheets      integer check (sheets >= 0),
  add column others_work integer check (others_work >= 0),
  add column own_work    integer check (own_work >= 0),
  add column own_today   integer check (own_today >= own_work);
