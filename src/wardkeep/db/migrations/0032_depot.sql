-- SPDX-License-Identifier: Apache-2.0
-- Depot injections: who is due when, in days. No name, no medicine, no dose
-- (docs/formats/database.md).

create schema depot;

-- What a MedicationRequest that is a depot schedule says that lists find it by; written
-- with each version of it.
create table depot.schedule (
  patient       bigint not null references record.patient (number),
  changed_at    timestamptz not null,
  organisation  integer not null,
  due_on        date not null,
  opens_on      date not null,
  closes_on     date not null,
  is_open       boolean not null,
  schedule      text collate "C" not null,
  place         text collate "C" not null default '',
  primary key (organisation, schedule)
);
create index schedule_open on depot.schedule (organisation, place, due_on) where is_open;
create index schedule_of_patient on depot.schedule (patient);

alter table depot.schedule enable row level security;
alter table depot.schedule force row level security;
create policy one_organisation on depot.schedule
  using (organisation = record.served_organisation())
  with check (organisation = record.served_organisation());

-- As in 0027: nobody who was erased gets a row.
create trigger erased_stay_erased after insert on depot.schedule
  referencing new table as fresh for each statement
  execute function record.refuse_for_erased();

-- Where the MedicationRequest (79) is destroyed, by an erasure or because it was kept for
-- long enough, what stands here of it goes with it.
create function depot.forget() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
  delete from depot.schedule
   where organisation = old.organisation and schedule = clinic.id_text(old.id);
  return null;
end $$;
revoke all on function depot.forget() from public;
create trigger depot_forgets after delete on record.resource
  for each row when (old.type = 79) execute function depot.forget();

grant usage on schema depot to wardkeep_web, wardkeep_worker;
grant select, insert, update on depot.schedule to wardkeep_web, wardkeep_worker;
