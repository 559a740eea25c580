-- SPDX-License-Identifier: Apache-2.0
-- What happened with calls, for figures: kinds, moments and codes alone. No name, no
-- word, and nobody who did it (docs/formats/database.md).

-- What one resource tells; written with each version of it, and made anew from it
-- whenever somebody wants to see that the figures follow from the records.
create table urgent.happened (
  patient       bigint not null references record.patient (number),
  first_at      timestamptz not null,
  due_at        timestamptz,
  organisation  integer not null,
  source        text collate "C" not null,
  case_key      text collate "C" not null,
  disposition   text collate "C" not null default '',
  kinds         text[] not null,
  moments       timestamptz[] not null,
  primary key (organisation, source),
  check (cardinality(kinds) = cardinality(moments))
);
create index happened_when on urgent.happened (organisation, first_at);
create index happened_of_case on urgent.happened (organisation, case_key);
create index happened_of_patient on urgent.happened (patient);

alter table urgent.happened enable row level security;
alter table urgent.happened force row level security;
create policy one_organisation on urgent.happened
  using (organisation = record.served_organisation())
  with check (organisation = record.served_organisation());

-- As in 0027: nobody who was erased gets a row.
create trigger erased_stay_erased after insert on urgent.happened
  referencing new table as fresh for each statement
  execute function record.refuse_for_erased();

-- Where an Appointment (5), Encounter (44), ServiceRequest (124) or Task (140) is
-- destroyed, what stands here of it goes with it.
create function urgent.forget_happened() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
  delete from urgent.happened
   where organisation = old.organisation
     and source = case old.type when 5 then 'Appointment/' when 44 then 'Encounter/'
                  when 124 then 'ServiceRequest/' else 'Task/' end
                  || clinic.id_text(old.id);
  return null;
end $$;
revoke all on function urgent.forget_happened() from public;
create trigger urgent_happened_forgets after delete on record.resource
  for each row when (old.type in (5, 44, 124, 140))
  execute function urgent.forget_happened();

create function urgent.forget_happened_to() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
  delete from urgent.happened where patient = new.number;
  return null;
end $$;
revoke all on function urgent.forget_happened_to() from public;
create trigger urgent_happened_forgets_whom_an_erasure_took after update
  on record.patient
  for each row when (old.record_key <> '' and new.record_key = '')
  execute function urgent.forget_happened_to();

-- Deleted where a new version of the resource tells nothing any more.
grant select, insert, update, delete on urgent.happened
  to wardkeep_web, wardkeep_worker;

-- Ambulances and messages are found by their day.
create index dispatch_when on urgent.dispatch (organisation, asked_at);
create index outgoing_when on bars.outgoing (organisation, made_at);
