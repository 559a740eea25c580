-- SPDX-License-Identifier: Apache-2.0
-- The Mental Health Act: who is under which section since when, and what was done when.
-- Ids, codes and times alone: no name, no words (docs/formats/database.md).

create schema mha;

-- What an Observation of a legal status says that the office's list works dates out from;
-- written with each version of it.
create table mha.section (
  patient       bigint not null references record.patient (number),
  began_at      timestamptz not null,
  changed_at    timestamptz not null,
  organisation  integer not null,
  is_open       boolean not null,
  section       text collate "C" not null,
  code          text collate "C" not null,
  place         text collate "C" not null default '',
  facts         jsonb not null default '[]',
  primary key (organisation, section)
);
create index section_open on mha.section (organisation, place, began_at) where is_open;
create index section_of_patient on mha.section (patient);

alter table mha.section enable row level security;
alter table mha.section force row level security;
create policy one_organisation on mha.section
  using (organisation = record.served_organisation())
  with check (organisation = record.served_organisation());

-- As in 0027: nobody who was erased gets a row.
create trigger erased_stay_erased after insert on mha.section
  referencing new table as fresh for each statement
  execute function record.refuse_for_erased();

-- Where the Observation (96) is destroyed, by an erasure or because it was kept for long
-- enough, what stands here of it goes with it.
create function mha.forget() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
  delete from mha.section
   where organisation = old.organisation and section = clinic.id_text(old.id);
  return null;
end $$;
revoke all on function mha.forget() from public;
create trigger mha_forgets after delete on record.resource
  for each row when (old.type = 96) execute function mha.forget();

grant usage on schema mha to wardkeep_web, wardkeep_worker;
grant select, insert, update on mha.section to wardkeep_web, wardkeep_worker;
