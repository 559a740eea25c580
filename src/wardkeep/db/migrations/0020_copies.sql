-- SPDX-License-Identifier: Apache-2.0
-- Prints and copies of records have a bound of their own, which an organisation tightens
-- like the others. What was set before says nothing of them: the product's holds.

alter table warden.budget
  add column prints integer check (prints >= 0),
  add column copies integer check (copies >= 0);
