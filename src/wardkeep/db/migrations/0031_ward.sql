-- SPDX-License-Identifier: Apache-2.0
-- The ward: which bed is whose, at which level somebody is observed and when they were
-- looked at last, who is on leave until when, and what was done that can be undone.
-- Ids, codes, times and the names of beds: no name of anybody (docs/formats/database.md).

create schema ward;

-- What a Location of the physical type bed says; nothing of any patient.
create table ward.bed (
  changed_at    timestamptz not null,
  organisation  integer not null,
  bed           text collate "C" not null,
  ward          text collate "C" not null,
  name          text not null,
  state         text not null check (state in ('free', 'cleaning', 'closed', 'gone')),
  primary key (organisation, bed)
);
create index bed_of_ward on ward.bed (organisation, ward);

-- What an Encounter of somebody who stays says, as long as it lasts.
create table ward.stay (
  patient       bigint not null references record.patient (number),
  began_at      timestamptz not null,
  changed_at    timestamptz not null,
  organisation  integer not null,
  expected_on   date,
  is_open       boolean not null,
  is_away       boolean not null default false,
  is_sealed     boolean not null default false,
  stay          text collate "C" not null,
  ward          text collate "C" not null default '',
  bed           text collate "C" not null default '',
  primary key (organisation, stay)
);
-- Of two who admit to one bed, one does; and nobody lies in two.
create unique index stay_one_a_bed on ward.stay (organisation, bed)
  where is_open and bed <> '';
create unique index stay_one_a_patient on ward.stay (organisation, patient)
  where is_open and bed <> '';
create index stay_of_ward on ward.stay (organisation, ward) where is_open;
create index stay_of_patient on ward.stay (patient);

-- What a Procedure of observing somebody says. Each check takes a turn: of two who
-- record the same one, one does.
create table ward.level (
  patient       bigint not null references record.patient (number),
  began_at      timestamptz not null,
  review_at     timestamptz,
  changed_at    timestamptz not null,
  organisation  integer not null,
  every_minutes integer not null check (every_minutes between 1 and 1440),
  turn          integer not null default 0,
  is_open       boolean not null,
  level         text collate "C" not null,
  code          text collate "C" not null,
  primary key (organisation, level)
);
create unique index level_one_a_patient on ward.level (organisation, patient)
  where is_open;
create index level_of_patient on ward.level (patient);

-- What a day's sheet of checks says: when somebody was looked at last.
create table ward.sheet (
  patient       bigint not null references record.patient (number),
  last_at       timestamptz,
  organisation  integer not null,
  is_alarm      boolean not null default false,
  sheet         text collate "C" not null,
  level         text collate "C" not null,
  primary key (organisation, sheet)
);
create index sheet_of_level on ward.sheet (organisation, level, last_at);
create index sheet_of_patient on ward.sheet (patient);

-- What a ServiceRequest of leave from the ward says.
create table ward.leave (
  patient       bigint not null references record.patient (number),
  from_at       timestamptz not null,
  until_at      timestamptz not null,
  went_at       timestamptz,
  back_at       timestamptz,
  changed_at    timestamptz not null,
  organisation  integer not null,
  leave         text collate "C" not null,
  escort        text collate "C" not null,
  state         text not null check (state in ('planned', 'out', 'back', 'cancelled')),
  primary key (organisation, leave)
);
create unique index leave_one_out on ward.leave (organisation, patient)
  where state = 'out';
create index leave_of_patient on ward.leave (patient);

-- What was done, by whom, when, and which versions it wrote: it only grows. To undo adds
-- a line that names another.
create table ward.step (
  number        bigint generated always as identity primary key,
  undoes        bigint unique references ward.step (number),
  patient       bigint not null references record.patient (number),
  at            timestamptz not null,
  organisation  integer not null,
  did           text not null,
  by            uuid not null,
  wrote         jsonb not null
);
create index step_of_patient on ward.step (patient, number);

do $$
declare guarded text;
begin
  foreach guarded in array array['bed', 'stay', 'level', 'sheet', 'leave', 'step'] loop
    execute format('alter table ward.%I enable row level security', guarded);
    execute format('alter table ward.%I force row level security', guarded);
    execute format(
      'create policy one_organisation on ward.%I
         using (organisation = record.served_organisation())
         with check (organisation = record.served_organisation())', guarded);
  end loop;
  -- As in 0027: nobody who was erased gets a row.
  foreach guarded in array array['stay', 'level', 'sheet', 'leave', 'step'] loop
    execute format(
      'create trigger erased_stay_erased after insert on ward.%I
         referencing new table as fresh for each statement
         execute function record.refuse_for_erased()', guarded);
  end loop;
end $$;

-- Where an Encounter (44), Location (71), Observation (96), Procedure (110) or
-- ServiceRequest (124) is destroyed, what stands here of it goes with it.
create function ward.forget() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
declare gone text := clinic.id_text(old.id);
begin
  case old.type
    when 44 then
      delete from ward.stay where organisation = old.organisation and stay = gone;
    when 71 then
      delete from ward.bed where organisation = old.organisation and bed = gone;
    when 96 then
      delete from ward.sheet where organisation = old.organisation and sheet = gone;
    when 110 then
      delete from ward.level where organisation = old.organisation and level = gone;
    else
      delete from ward.leave where organisation = old.organisation and leave = gone;
  end case;
  return null;
end $$;
revoke all on function ward.forget() from public;
create trigger ward_forgets after delete on record.resource
  for each row when (old.type in (44, 71, 96, 110, 124)) execute function ward.forget();

-- What was done on the ward goes with the person.
create function ward.forget_person() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
  delete from ward.step where patient = new.number and undoes is not null;
  delete from ward.step where patient = new.number;
  delete from ward.stay where patient = new.number;
  delete from ward.level where patient = new.number;
  delete from ward.sheet where patient = new.number;
  delete from ward.leave where patient = new.number;
  return null;
end $$;
revoke all on function ward.forget_person() from public;
create trigger ward_forgets_whom_an_erasure_took after update on record.patient
  for each row when (old.record_key <> '' and new.record_key = '')
  execute function ward.forget_person();

grant usage on schema ward to wardkeep_web, wardkeep_worker;
grant select, insert, update on ward.bed, ward.stay, ward.level, ward.sheet, ward.leave
  to wardkeep_web, wardkeep_worker;
grant select, insert on ward.step to wardkeep_web, wardkeep_worker;
