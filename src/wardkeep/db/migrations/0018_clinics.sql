-- SPDX-License-Identifier: Apache-2.0
-- Clinics: which appointment is when and where, who waits, and what was done when.
-- Ids, codes and times alone: no name, nothing clinical (docs/formats/database.md).

create schema clinic;

-- What an Appointment says that a desk finds it by; written with each version of it.
create table clinic.booking (
  patient       bigint not null references record.patient (number),
  starts_at     timestamptz not null,
  ends_at       timestamptz not null,
  organisation  integer not null,
  day           date not null,
  appointment   text collate "C" not null,
  place         text collate "C" not null,
  slot          text collate "C",
  status        text not null,
  primary key (organisation, appointment)
);
-- Of two who book one slot, one does.
create unique index booking_one_a_slot on clinic.booking (organisation, slot)
  where slot is not null
    and status in ('pending', 'booked', 'arrived', 'checked-in', 'fulfilled');
create index booking_of_place on clinic.booking (organisation, place, day);
create index booking_of_day on clinic.booking (organisation, day);
create index booking_of_patient on clinic.booking (patient, day);

-- What a Slot says: free times are found by it. Nothing of any patient.
create table clinic.slot (
  starts_at     timestamptz not null,
  ends_at       timestamptz not null,
  organisation  integer not null,
  id            text collate "C" not null,
  schedule      text collate "C" not null,
  status        text not null,
  primary key (organisation, id)
);
create index slot_of_schedule on clinic.slot (organisation, schedule, starts_at);

create table clinic.entry (
  number        bigint generated always as identity primary key,
  patient       bigint not null references record.patient (number),
  came_from     bigint references clinic.entry (number),
  arrived_at    timestamptz not null,
  changed_at    timestamptz not null,
  organisation  integer not null,
  ticket        integer not null check (ticket > 0),
  weight        integer not null default 0,
  priority      smallint not null default 0 check (priority between 0 and 2),
  day           date not null,
  appointment   text collate "C" not null,
  place         text collate "C" not null,
  status        text not null
    check (status in ('waiting', 'called', 'in-room', 'seen', 'left', 'undone')),
  note          text not null default '',
  room          text not null default ''
    check (room = '' or room ~ '^[A-Za-z ]{0,12}[0-9]{1,3}[A-Za-z]?$'),
  waits_for     text collate "C" not null default '',
  shown_as      text not null default 'number'
    check (shown_as in ('number', 'initials', 'first-name')),
  label         bytea
);
-- Exactly one open entry an appointment, whoever checks in and however many at once.
create unique index entry_open_once on clinic.entry (organisation, appointment)
  where status in ('waiting', 'called', 'in-room');
create unique index entry_ticket_once on clinic.entry (organisation, place, day, ticket);
create index entry_of_patient on clinic.entry (patient);

-- What was done, by whom, when: it only grows. To undo adds a line that names another.
create table clinic.step (
  number        bigint generated always as identity primary key,
  undoes        bigint unique references clinic.step (number),
  at            timestamptz not null,
  organisation  integer not null,
  day           date not null,
  appointment   text collate "C" not null,
  place         text collate "C" not null,
  was           text not null,
  became        text not null,
  by            uuid not null,
  channel       text not null check (channel in ('desk', 'kiosk', 'phone', 'room'))
);
create index step_of_place on clinic.step (organisation, place, day, at);
create index step_of_appointment on clinic.step (organisation, appointment);

do $$
declare guarded text;
begin
  foreach guarded in array array['booking', 'slot', 'entry', 'step'] loop
    execute format('alter table clinic.%I enable row level security', guarded);
    execute format('alter table clinic.%I force row level security', guarded);
    execute format(
      'create policy one_organisation on clinic.%I
         using (organisation = record.served_organisation())
         with check (organisation = record.served_organisation())', guarded);
  end loop;
end $$;

-- Where an Appointment (5) or Slot (125) is destroyed, by an erasure or because it was
-- kept for long enough, what stands here of it goes with it.
create function clinic.id_text(id bytea) returns text
language sql immutable parallel safe
return case when length(id) = 16 then encode(id, 'hex')::uuid::text
            when length(id) = 17 and get_byte(id, 16) = 255
              then convert_from(substr(id, 1, 16), 'UTF8')
            else convert_from(id, 'UTF8') end;

create function clinic.forget() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
declare gone text := clinic.id_text(old.id);
begin
  if old.type = 125 then
    delete from clinic.slot where organisation = old.organisation and id = gone;
    return null;
  end if;
  update clinic.entry set came_from = null
   where organisation = old.organisation and came_from in
     (select number from clinic.entry
       where organisation = old.organisation and appointment = gone);
  delete from clinic.step
   where organisation = old.organisation and appointment = gone and undoes is not null;
  delete from clinic.step
   where organisation = old.organisation and appointment = gone;
  delete from clinic.entry
   where organisation = old.organisation and appointment = gone;
  delete from clinic.booking
   where organisation = old.organisation and appointment = gone;
  return null;
end $$;
revoke all on function clinic.forget() from public;
create trigger clinic_forgets after delete on record.resource
  for each row when (old.type in (5, 125)) execute function clinic.forget();

grant usage on schema clinic to wardkeep_web, wardkeep_worker;
grant select, insert, update on clinic.booking, clinic.slot
  to wardkeep_web, wardkeep_worker;
grant select, insert on clinic.entry, clinic.step to wardkeep_web, wardkeep_worker;
grant update (changed_at, weight, priority, status, note, room, waits_for, shown_as,
              label, place, ticket)
  on clinic.entry to wardkeep_web, wardkeep_worker;
