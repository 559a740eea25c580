-- SPDX-License-Identifier: Apache-2.0
-- What telephone systems tell of calls: moments and extensions. No caller's number, and
-- no id that a telephone system made up (docs/formats/telephone.md).

create schema telephone;

-- One row a telephone system: what it told so far, how much, and how far its clock is
-- from ours.
create table telephone.system (
  heard_at      timestamptz not null,
  hour_began    timestamptz not null,
  day_began     timestamptz not null,
  organisation  integer not null,
  system        uuid not null,
  clock_off     integer not null default 0,
  hour_events   integer not null default 0,
  day_events    integer not null default 0,
  primary key (organisation, system)
);

-- Each event once, and for good: what lies in telephone.call is made of these alone.
create table telephone.event (
  at            timestamptz not null,
  received_at   timestamptz not null,
  organisation  integer not null,
  event         uuid not null,
  call          uuid not null,
  system        uuid not null,
  kind          text not null check
    (kind in ('offered', 'queued', 'delivered', 'established', 'cleared')),
  device        text collate "C" not null default '',
  primary key (organisation, event)
);
create index event_of_call on telephone.event (organisation, call);
create index event_when on telephone.event (organisation, at);

-- One row a call that a telephone system knows.
create table telephone.call (
  first_at        timestamptz not null,
  offered_at      timestamptz,
  queued_at       timestamptz,
  delivered_at    timestamptz,
  established_at  timestamptz,
  cleared_at      timestamptz,
  organisation    integer not null,
  call            uuid not null,
  system          uuid not null,
  device          text collate "C" not null default '',
  taker           text collate "C" not null default '',
  primary key (organisation, call)
);
create index call_when on telephone.call (organisation, first_at);

-- Whose telephone an extension is, from when until when: a desk is many people's.
create table telephone.seat (
  since         timestamptz not null,
  until         timestamptz,
  account       uuid not null,
  organisation  integer not null,
  device        text collate "C" not null,
  taker         text collate "C" not null,
  primary key (organisation, device, since)
);
create unique index seat_is_one_persons on telephone.seat (organisation, device)
  where until is null;
create unique index seat_of_one_person on telephone.seat (organisation, account)
  where until is null;

do $$
declare
  named text;
begin
  foreach named in array array['system', 'event', 'call', 'seat'] loop
    execute format('alter table telephone.%I enable row level security', named);
    execute format('alter table telephone.%I force row level security', named);
    execute format(
      'create policy one_organisation on telephone.%I'
      ' using (organisation = record.served_organisation())'
      ' with check (organisation = record.served_organisation())', named);
  end loop;
end $$;

grant usage on schema telephone to wardkeep_web, wardkeep_worker;
grant select, insert on telephone.event to wardkeep_web;
grant select, insert, update on telephone.system, telephone.call, telephone.seat
  to wardkeep_web;
grant select on telephone.system, telephone.event, telephone.call, telephone.seat
  to wardkeep_worker;
grant insert, update, delete on telephone.call to wardkeep_worker;
