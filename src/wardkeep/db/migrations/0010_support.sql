-- SPDX-License-Identifier: Apache-2.0
-- Support access: what an organisation granted to one of the operator's people, and
-- what was opened by it. The ledger has the same in full; this is what pages show.

create table warden.support_grant (
  id            uuid primary key,
  organisation  integer not null references warden.organisation (number),
  account       uuid not null references warden.account (id),
  patients      text[] not null check (cardinality(patients) between 1 and 5),
  tier          smallint not null check (tier between 1 and 2),
  reason        text not null,
  asked_by      uuid not null references warden.account (id),
  approved_by   uuid not null references warden.account (id),
  starts_at     timestamptz not null,
  ends_at       timestamptz not null check (ends_at <= starts_at + interval '60 minutes'),
  ended_at      timestamptz,
  ended_by      uuid references warden.account (id)
);
create index support_grant_of_organisation
  on warden.support_grant (organisation, starts_at);

create table warden.support_opening (
  support_grant uuid not null references warden.support_grant (id),
  number        integer not null,
  at            timestamptz not null,
  patient       text not null,
  what          text not null,
  primary key (support_grant, number)
);

grant select, insert, update on warden.support_grant to wardkeep_warden;
grant select, insert on warden.support_opening to wardkeep_warden;
