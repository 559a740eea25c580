-- SPDX-License-Identifier: Apache-2.0
-- Urgent care's queues: which call waits for whose skill, until when, and who has it.
-- Ids, codes and times alone: no name, no word of what is the matter
-- (docs/formats/database.md).

create schema if not exists urgent;

-- What a Task of a queue says that boards find it by; written with each version.
create table urgent.entry (
  patient       bigint not null references record.patient (number),
  given_at      timestamptz not null,
  due_at        timestamptz not null,
  next_at       timestamptz not null,
  changed_at    timestamptz not null,
  comforted_at  timestamptz,
  held_until    timestamptz,
  held_by       uuid,
  organisation  integer not null,
  urgency       smallint not null,
  attempts      smallint not null default 0,
  is_open       boolean not null,
  is_pinned     boolean not null default false,
  is_escalated  boolean not null default false,
  entry         text collate "C" not null,
  case_key      text collate "C" not null,
  request       text collate "C" not null default '',
  disposition   text collate "C" not null default '',
  skill         text collate "C" not null default '',
  state         text not null
    check (state in ('new', 'ringing-back', 'in-consult', 'awaiting-action', 'done')),
  owner         text collate "C" not null default '',
  primary key (organisation, entry)
);
-- One call waits in one place.
create unique index entry_one_a_case on urgent.entry (organisation, case_key)
  where is_open;
-- In the order in which they are taken.
create index entry_in_turn on urgent.entry
  (organisation, is_pinned desc, due_at, urgency, given_at, entry) where is_open;
create index entry_to_take on urgent.entry
  (organisation, skill, is_pinned desc, due_at, urgency, given_at, entry)
  where is_open and state = 'new';
create index entry_of_owner on urgent.entry (organisation, owner)
  where is_open and owner <> '';
-- Nobody is given two at once, however often they press.
create unique index entry_one_held on urgent.entry (organisation, held_by)
  where held_by is not null;
create index entry_of_patient on urgent.entry (patient);

-- An ambulance that was asked for: one a place in a queue, sent by the worker from
-- send_at on, again until it is acknowledged.
create table urgent.dispatch (
  patient          bigint not null references record.patient (number),
  asked_at         timestamptz not null,
  send_at          timestamptz not null,
  sent_at          timestamptz,
  acknowledged_at  timestamptz,
  escalated_at     timestamptz,
  called_off_at    timestamptz,
  organisation     integer not null,
  attempts         integer not null default 0,
  entry            text collate "C" not null,
  category         text not null,
  reference        text not null default '',
  primary key (organisation, entry)
);
create index dispatch_of_patient on urgent.dispatch (patient);

do $$
declare guarded text;
begin
  foreach guarded in array array['entry', 'dispatch'] loop
    execute format('alter table urgent.%I enable row level security', guarded);
    execute format('alter table urgent.%I force row level security', guarded);
    execute format(
      'create policy one_organisation on urgent.%I
         using (organisation = record.served_organisation())
         with check (organisation = record.served_organisation())', guarded);
    -- As in 0027: nobody who was erased gets a row.
    execute format(
      'create trigger erased_stay_erased after insert on urgent.%I
         referencing new table as fresh for each statement
         execute function record.refuse_for_erased()', guarded);
  end loop;
end $$;

-- Where a Task (140) is destroyed, what stands here of it goes with it.
create function urgent.forget_entry() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
  delete from urgent.entry
   where organisation = old.organisation and entry = clinic.id_text(old.id);
  delete from urgent.dispatch
   where organisation = old.organisation and entry = clinic.id_text(old.id);
  return null;
end $$;
revoke all on function urgent.forget_entry() from public;
create trigger urgent_entry_forgets after delete on record.resource
  for each row when (old.type = 140) execute function urgent.forget_entry();

create function urgent.forget_entries_of() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
  delete from urgent.entry where patient = new.number;
  delete from urgent.dispatch where patient = new.number;
  return null;
end $$;
revoke all on function urgent.forget_entries_of() from public;
create trigger urgent_entries_forget_whom_an_erasure_took after update on record.patient
  for each row when (old.record_key <> '' and new.record_key = '')
  execute function urgent.forget_entries_of();

grant usage on schema urgent to wardkeep_web, wardkeep_worker;
grant select, insert, update on urgent.entry, urgent.dispatch
  to wardkeep_web, wardkeep_worker;
