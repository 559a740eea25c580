-- SPDX-License-Identifier: Apache-2.0
-- Urgent care: who is booked into a treatment centre, and who is on the list of a car.
-- Ids, codes and times alone (docs/formats/database.md).

alter table urgent.entry
  add column planned_at  timestamptz,
  add column turn        integer not null default 0,
  add column appointment text collate "C" not null default '',
  add column place       text collate "C" not null default '',
  drop constraint entry_state_check,
  add constraint entry_state_check check (state in (
    'new', 'ringing-back', 'in-consult', 'awaiting-action', 'booked', 'on-the-way',
    'arrived', 'done'));

-- A car's list, in its order.
create index entry_at_place on urgent.entry (organisation, place, turn)
  where is_open and place <> '';
create index entry_of_appointment on urgent.entry (organisation, appointment)
  where is_open and appointment <> '';

-- A desk marks that somebody did not come, and reaches no record: the case is overdue
-- at once. Whoever has arrived is given two hours, for the visit and its outcome.
create function urgent.follow_booking() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
  update urgent.entry
     set next_at = case
           when new.status in ('noshow', 'cancelled', 'entered-in-error', 'fulfilled')
             then given_at
           when new.status in ('arrived', 'checked-in')
             then coalesce(planned_at, due_at) + interval '2 hours'
           else new.starts_at + interval '20 minutes'
         end
   where organisation = new.organisation and appointment = new.appointment
     and is_open and state = 'booked';
  return null;
end $$;
revoke all on function urgent.follow_booking() from public;
create trigger urgent_entries_follow after update of status on clinic.booking
  for each row when (old.status <> new.status)
  execute function urgent.follow_booking();
