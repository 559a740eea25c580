-- SPDX-License-Identifier: Apache-2.0
-- National data sets: who agreed on taking one, and what was missing when it was made.

create table warden.data_set_release (
  id            uuid primary key,
  organisation  integer not null references warden.organisation (number),
  data_set      text not null,
  version       text not null,
  period        text not null check (period ~ '^[0-9]{4}-[0-9]{2}$'),
  reason        text not null,
  asked_by      uuid not null references warden.account (id),
  asked_role    text not null,
  asked_at      timestamptz not null,
  agreed_by     uuid references warden.account (id),
  agreed_at     timestamptz,
  withdrawn_by  uuid references warden.account (id),
  withdrawn_at  timestamptz,
  taken         integer not null default 0,
  taken_at      timestamptz,
  patients      integer not null default 0,
  digest        text not null default '',
  check (agreed_by <> asked_by)
);
create index data_set_release_of on warden.data_set_release (organisation, asked_at);
grant select, insert, update on warden.data_set_release to wardkeep_warden;

-- What is missing or wrong, by team and rule: ids alone (docs/formats/database.md).
create schema data_set;

create table data_set.report (
  id            uuid primary key,
  organisation  integer not null,
  data_set      text not null,
  version       text not null,
  period        text not null,
  made_at       timestamptz not null,
  patients      integer not null,
  counts        jsonb not null default '{}',
  is_whole      boolean not null default false
);
create index report_of on data_set.report (organisation, made_at);

create table data_set.fault (
  number        bigint generated always as identity primary key,
  patient       bigint not null references record.patient (number),
  organisation  integer not null,
  report        uuid not null references data_set.report (id) on delete cascade,
  team          text collate "C" not null,
  rule          text collate "C" not null,
  type          text collate "C" not null,
  resource      text collate "C" not null
);
create index fault_of on data_set.fault (report, team, rule, number);
create index fault_of_patient on data_set.fault (patient);

do $$
declare guarded text;
begin
  foreach guarded in array array['report', 'fault'] loop
    execute format('alter table data_set.%I enable row level security', guarded);
    execute format('alter table data_set.%I force row level security', guarded);
    execute format(
      'create policy one_organisation on data_set.%I
         using (organisation = record.served_organisation())
         with check (organisation = record.served_organisation())', guarded);
  end loop;
end $$;

-- As in 0027: nobody who was erased gets a row.
create trigger erased_stay_erased after insert on data_set.fault
  referencing new table as fresh for each statement
  execute function record.refuse_for_erased();

-- Where somebody is erased, what stands here of them goes with their keys.
create function data_set.forget() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
  delete from data_set.fault where patient = new.number;
  return null;
end $$;
revoke all on function data_set.forget() from public;
create trigger data_set_forgets after update on record.patient
  for each row when (new.record_key = '' and old.record_key <> '')
  execute function data_set.forget();

grant usage on schema data_set to wardkeep_web, wardkeep_worker;
grant select on data_set.report, data_set.fault to wardkeep_web;
grant select, insert, update, delete on data_set.report, data_set.fault
  to wardkeep_worker;
