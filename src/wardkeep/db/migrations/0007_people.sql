-- SPDX-License-Identifier: Apache-2.0
-- People: where they work and for how long, second persons, and signed acts.

-- Work that ends by itself: a shift, a month from the bank.
alter table warden.membership add column valid_until timestamptz;
alter table warden.membership add column granted_by uuid references warden.account (id);
create index membership_of_organisation on warden.membership (organisation);

-- Where people work. Ended ones stay: the ledger names them.
create table warden.site (
  id            uuid primary key,
  organisation  integer not null references warden.organisation (number),
  name          text not null,
  created_at    timestamptz not null,
  ended_at      timestamptz
);
create unique index site_once on warden.site (organisation, name) where ended_at is null;

create table warden.team (
  id            uuid primary key,
  organisation  integer not null references warden.organisation (number),
  site          uuid references warden.site (id),
  name          text not null,
  created_at    timestamptz not null,
  ended_at      timestamptz
);
create unique index team_once on warden.team (organisation, name) where ended_at is null;

create table warden.team_member (
  team          uuid not null references warden.team (id),
  account       uuid not null references warden.account (id),
  since         timestamptz not null,
  until         timestamptz,
  primary key (team, account, since)
);
create unique index team_member_once on warden.team_member (team, account)
  where until is null;
create index team_member_of_account on warden.team_member (account) where until is null;

-- A change of rights that waits for a second person.
create table warden.rights_request (
  id            uuid primary key,
  organisation  integer not null references warden.organisation (number),
  act           bytea not null,
  title         text not null,
  asked_by      uuid not null references warden.account (id),
  asked_at      timestamptz not null,
  approved_by   uuid references warden.account (id),
  approved_at   timestamptz,
  withdrawn_by  uuid references warden.account (id),
  withdrawn_at  timestamptz,
  accounts      uuid[] not null default '{}',
  check (approved_by is distinct from asked_by)
);
create index rights_request_waiting on warden.rights_request (organisation)
  where approved_at is null and withdrawn_at is null;

-- What somebody confirmed with a fresh passkey: the act's own bytes and the signature.
create table warden.signed_act (
  id            uuid primary key,
  organisation  integer not null references warden.organisation (number),
  account       uuid not null references warden.account (id),
  session       text not null,
  credential    bytea not null references warden.credential (id),
  title         text not null,
  act           bytea not null,
  response      bytea not null,
  signed_at     timestamptz not null
);
create index signed_act_by_time on warden.signed_act (organisation, signed_at desc);

-- Links that bring back somebody who lost every passkey name who vouched.
alter table warden.invitation add column is_recovery boolean not null default false;

grant select, insert, update on
  warden.site, warden.team, warden.team_member, warden.rights_request
  to wardkeep_warden;
grant select, insert on warden.signed_act to wardkeep_warden;
