-- SPDX-License-Identifier: Apache-2.0
-- Calls: who rang when, and who answered. No name, no number to ring back on, and
-- nothing of what was said (docs/formats/database.md).

create schema call;

-- What an Encounter that is a case says that lists and the repeat caller rule find it
-- by; written with each version of it.
create table call.listed (
  patient       bigint not null references record.patient (number),
  began_at      timestamptz not null,
  changed_at    timestamptz not null,
  organisation  integer not null,
  case_id       text collate "C" not null,
  taker         text collate "C" not null default '',
  state         text not null check (state in ('open', 'ended', 'closed', 'mistake')),
  primary key (organisation, case_id)
);
create index listed_open on call.listed (organisation, taker, began_at)
  where state = 'open';
create index listed_lately on call.listed (organisation, began_at);
create index listed_of_patient on call.listed (patient, began_at);

alter table call.listed enable row level security;
alter table call.listed force row level security;
create policy one_organisation on call.listed
  using (organisation = record.served_organisation())
  with check (organisation = record.served_organisation());

-- As in 0027: nobody who was erased gets a row.
create trigger erased_stay_erased after insert on call.listed
  referencing new table as fresh for each statement
  execute function record.refuse_for_erased();

-- Where the Encounter (44) is destroyed, by an erasure or because it was kept for long
-- enough, what stands here of it goes with it.
create function call.forget() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
  delete from call.listed
   where organisation = old.organisation and case_id = clinic.id_text(old.id);
  return null;
end $$;
revoke all on function call.forget() from public;
create trigger call_forgets after delete on record.resource
  for each row when (old.type = 44) execute function call.forget();

grant usage on schema call to wardkeep_web, wardkeep_worker;
grant select, insert, update on call.listed to wardkeep_web, wardkeep_worker;
