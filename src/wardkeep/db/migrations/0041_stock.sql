-- SPDX-License-Identifier: Apache-2.0
-- What bases and cars carry: a register that is only ever added to, and which schedule
-- a medicine was ever said to have. Ids, numbers and times; what it is called, its batch
-- and for whom it was are sealed (docs/formats/database.md).

create schema stock;

-- One row an entry. A register is one medicine at one place; within it each delivery, a
-- lot, is followed by itself. Balances are no sums that somebody makes: each entry names
-- the one before it with its balance, and the database knows no other.
create table stock.entry (
  at              timestamptz not null,
  account         uuid not null,
  second          uuid,
  organisation    integer not null,
  number          integer not null check (number > 0),
  amount          integer not null,
  balance         integer not null check (balance >= 0),
  lot_number      integer not null check (lot_number > 0),
  lot_left        integer not null check (lot_left >= 0),
  before_number   integer,
  before_balance  integer,
  before_lot      integer,
  before_left     integer,
  corrects        integer,
  is_controlled   boolean not null,
  place           text collate "C" not null,
  item            text collate "C" not null,
  lot             text collate "C" not null,
  kind            text not null check (kind in (
    'received', 'moved-in', 'moved-out', 'given', 'returned', 'disposed', 'counted',
    'different', 'corrected')),
  source          text collate "C" not null,
  about           text collate "C" not null default '',
  by_name         text not null,
  second_name     text not null default '',
  before_digest   bytea,
  digest          bytea not null check (length(digest) = 32),
  primary key (organisation, place, item, number),
  unique (organisation, place, item, number, balance, digest),
  unique (organisation, place, lot, lot_number, lot_left),
  unique (organisation, place, lot, lot_number),
  foreign key (organisation, place, item, before_number, before_balance, before_digest)
    references stock.entry (organisation, place, item, number, balance, digest),
  foreign key (organisation, place, lot, before_lot, before_left)
    references stock.entry (organisation, place, lot, lot_number, lot_left),
  -- A foreign key with a null in it holds nothing: all of it is there, or none.
  constraint entry_follows check (
    num_nulls(before_number, before_balance, before_digest)
      = case when number = 1 then 3 else 0 end
    and num_nulls(before_lot, before_left)
      = case when lot_number = 1 then 2 else 0 end),
  constraint entry_is_next check (
    number = coalesce(before_number, 0) + 1
    and lot_number = coalesce(before_lot, 0) + 1),
  constraint entry_balances check (
    balance = coalesce(before_balance, 0) + amount
    and lot_left = coalesce(before_left, 0) + amount),
  constraint entry_has_its_sign check (case kind
    when 'received' then amount > 0 when 'moved-in' then amount > 0
    when 'returned' then amount <> 0 when 'given' then amount < 0
    when 'moved-out' then amount < 0 when 'disposed' then amount < 0
    when 'counted' then amount = 0 else amount <> 0 end),
  constraint entry_has_two_people check (
    (second is null or second <> account)
    and (kind <> 'different' or second is not null)
    and (not is_controlled or kind not in ('disposed', 'corrected')
         or second is not null))
);
create index entry_by_time on stock.entry (organisation, at);
create index entry_of_source on stock.entry (organisation, source);

-- Misuse of Drugs Regulations 2001, regulation 20: no entry is cancelled, obliterated or
-- altered. Nor by whoever owns the table.
create function stock.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog as $$
begin
  raise exception 'an entry of a stock register is never changed nor removed';
end $$;
revoke all on function stock.refuse_change() from public;
create trigger entries_stay before update or delete on stock.entry
  for each row execute function stock.refuse_change();
create trigger entries_stay_whole before truncate on stock.entry
  for each statement execute function stock.refuse_change();

-- What one person asked for and a second one has to find so too.
create table stock.asked (
  asked_at      timestamptz not null,
  ended_at      timestamptz,
  account       uuid not null,
  ended_by      uuid,
  organisation  integer not null,
  amount        integer not null,
  left_then     integer not null check (left_then >= 0),
  corrects      integer,
  kind          text not null check (kind in ('different', 'disposed', 'corrected')),
  place         text collate "C" not null,
  item          text collate "C" not null,
  lot           text collate "C" not null,
  source        text collate "C" not null,
  by_name       text not null,
  ended_as      text not null default '' check (ended_as in ('', 'agreed', 'withdrawn')),
  primary key (organisation, source),
  check ((ended_at is null) = (ended_as = '')),
  -- Whoever asked withdraws it, and does not agree to it.
  check (ended_as <> 'agreed' or ended_by <> account)
);
create unique index asked_once on stock.asked (organisation, place, lot)
  where ended_at is null;

-- How much is kept of a medicine at a place before it counts as running out.
create table stock.least (
  changed_at    timestamptz not null,
  account       uuid not null,
  organisation  integer not null,
  least         integer not null check (least >= 0),
  place         text collate "C" not null,
  item          text collate "C" not null,
  primary key (organisation, place, item)
);

-- Which schedule a medicine was ever said to have, by a hash of its id, code or name.
-- A program that writes the formulary can add to it; two people take it off.
create table stock.schedule (
  said_at       timestamptz not null,
  asked_at      timestamptz,
  lifted_at     timestamptz,
  asked_by      uuid,
  lifted_by     uuid,
  organisation  integer not null,
  schedule      text not null,
  why           text not null default '',
  asked_name    text not null default '',
  lifted_name   text not null default '',
  medicine      bytea not null check (length(medicine) = 32),
  primary key (organisation, medicine, schedule),
  check (lifted_at is null or (asked_by is not null and lifted_by <> asked_by))
);

do $$
declare guarded text;
begin
  foreach guarded in array array['entry', 'asked', 'least', 'schedule'] loop
    execute format('alter table stock.%I enable row level security', guarded);
    execute format('alter table stock.%I force row level security', guarded);
    execute format(
      'create policy one_organisation on stock.%I
         using (organisation = record.served_organisation())
         with check (organisation = record.served_organisation())', guarded);
  end loop;
end $$;

grant usage on schema stock to wardkeep_web, wardkeep_worker;
grant select, insert on stock.entry, stock.asked, stock.least, stock.schedule
  to wardkeep_web;
grant update (ended_at, ended_by, ended_as) on stock.asked to wardkeep_web;
grant update (changed_at, account, least) on stock.least to wardkeep_web;
grant update (said_at, asked_at, asked_by, asked_name, why, lifted_at, lifted_by,
  lifted_name) on stock.schedule to wardkeep_web, wardkeep_worker;
grant select, insert on stock.schedule to wardkeep_worker;
