-- SPDX-License-Identifier: Apache-2.0
-- An organisation's own budgets, where they are tighter than the product's.

create table warden.budget (
  organisation  integer not null references warden.organisation (number),
  role          text not null,
  soft          integer not null check (soft >= 0),
  hard          integer not null check (hard >= soft),
  expected      integer not null check (expected >= 0),
  reach         integer not null check (reach >= 1),
  asked_by      uuid not null references warden.account (id),
  confirmed_by  uuid not null references warden.account (id),
  set_at        timestamptz not null,
  primary key (organisation, role)
);
grant select, insert, update on warden.budget to wardkeep_warden;
