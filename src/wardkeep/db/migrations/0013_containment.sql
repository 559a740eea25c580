-- SPDX-License-Identifier: Apache-2.0
-- Containment: what is frozen, what was unusual and waits for somebody to look.

create table warden.freeze (
  id            uuid primary key,
  organisation  integer not null references warden.organisation (number),
  kind          text not null,
  target        text not null,
  because       text not null,
  cause         text not null,
  frozen_at     timestamptz not null,
  frozen_by     uuid references warden.account (id),
  released_at   timestamptz,
  released_by   uuid references warden.account (id),
  release_reason text
);
create index freeze_that_holds on warden.freeze (organisation) where released_at is null;
grant select, insert, update on warden.freeze to wardkeep_warden;

create table warden.alarm (
  id            uuid primary key,
  organisation  integer not null references warden.organisation (number),
  kind          text not null,
  account       text not null,
  session       text not null,
  patient       text collate "C" not null,
  detail        text not null,
  entry         bigint not null,
  raised_at     timestamptz not null,
  due_at        timestamptz not null,
  reviewed_at   timestamptz,
  reviewed_by   uuid references warden.account (id),
  verdict       text,
  note          text
);
create index alarm_to_review on warden.alarm (organisation, due_at)
  where reviewed_at is null;
grant select, insert, update on warden.alarm to wardkeep_warden;
