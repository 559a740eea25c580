-- SPDX-License-Identifier: Apache-2.0
-- Kiosks that go on without us: what they take along, when they were heard, and what
-- they bring back. Ids, codes and times alone (docs/formats/database.md).

-- When a kiosk was last heard of, so that a desk sees which one is silent.
create table clinic.kiosk (
  organisation  integer not null,
  account       uuid not null,
  heard_at      timestamptz not null,
  name          text not null,
  primary key (organisation, account)
);

-- What somebody did at a kiosk that was without us. The id was made on the device, so
-- that what is sent twice is done once; the time is what the device says.
create table clinic.capture (
  id            uuid not null,
  kiosk         uuid not null,
  claimed_at    timestamptz not null,
  came_at       timestamptz not null,
  seen_at       timestamptz,
  organisation  integer not null,
  appointment   text collate "C" not null,
  kiosk_name    text not null,
  became        text not null
    check (became in ('checked-in', 'already-in', 'not-on', 'another-day', 'elsewhere')),
  primary key (organisation, id)
);
create index capture_by_time on clinic.capture (organisation, came_at);
create index capture_of_appointment on clinic.capture (organisation, appointment);

do $$
declare guarded text;
begin
  foreach guarded in array array['kiosk', 'capture'] loop
    execute format('alter table clinic.%I enable row level security', guarded);
    execute format('alter table clinic.%I force row level security', guarded);
    execute format(
      'create policy one_organisation on clinic.%I
         using (organisation = record.served_organisation())
         with check (organisation = record.served_organisation())', guarded);
  end loop;
end $$;
grant select, insert, update on clinic.kiosk, clinic.capture
  to wardkeep_web, wardkeep_worker;

alter table clinic.step drop constraint step_channel_check;
alter table clinic.step add constraint step_channel_check
  check (channel in ('desk', 'kiosk', 'phone', 'room', 'kiosk-offline'));

-- Where an Appointment (5) is destroyed, what was brought back for it goes with it.
create function clinic.forget_captures() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
  delete from clinic.capture as c
   where c.organisation = old.organisation and c.appointment = clinic.id_text(old.id);
  return null;
end $$;
revoke all on function clinic.forget_captures() from public;
create trigger clinic_forgets_captures after delete on record.resource
  for each row when (old.type = 5) execute function clinic.forget_captures();

-- Whom a kiosk's clinics expect on a day, and the tokens that each of them is found by.
-- Only the warden asks, which alone can tell what a token stands for; nothing is opened.
-- 103 is the type's number for Patient.
grant usage on schema clinic to wardkeep_search, wardkeep_warden;
grant select on clinic.booking to wardkeep_search;
grant select (organisation, appointment, status) on clinic.entry to wardkeep_search;
grant select (number) on record.patient to wardkeep_search;
create policy search_makes_packs on clinic.booking
  for select to wardkeep_search using (true);
create policy search_makes_packs on clinic.entry
  for select to wardkeep_search using (true);
create function clinic.expected_at(asked_in integer, places text[], on_day date)
returns table (patient text, appointment text, place text, starts_at timestamptz,
               status text, is_in boolean, tokens bigint[])
language sql stable security definer set search_path = pg_catalog
as $$
  select p.id, b.appointment, b.place, b.starts_at, b.status,
         exists (select from clinic.entry as e
                  where e.organisation = b.organisation
                    and e.appointment = b.appointment
                    and e.status in ('waiting', 'called', 'in-room')),
         r.tokens
    from clinic.booking as b
    join record.patient as p on p.number = b.patient
    join record.resource as r
      on r.organisation = b.organisation and r.patient = b.patient and r.type = 103
     and not r.is_deleted
   where b.organisation = asked_in and b.day = on_day and b.place = any(places)
     and b.status <> 'entered-in-error'
   order by b.starts_at, b.appointment
$$;
revoke all on function clinic.expected_at(integer, text[], date) from public;
grant execute on function clinic.expected_at(integer, text[], date) to wardkeep_warden;
grant create on schema clinic to wardkeep_search;
alter function clinic.expected_at(integer, text[], date) owner to wardkeep_search;
revoke create on schema clinic from wardkeep_search;
