-- SPDX-License-Identifier: Apache-2.0
-- An erasure takes along what stands beside the record, and whoever was given keys to
-- write a moment before writes nothing into an erased record afterwards.

-- Whatever is said of a person in the schema clinic, by the person and not by the
-- Appointment alone: an Appointment may have been destroyed, or moved, before.
create function clinic.forget_person() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
declare gone text[];
begin
  select array_agg(b.appointment) into gone from (
    select e.appointment from clinic.entry as e where e.patient = new.number
    union select k.appointment from clinic.booking as k where k.patient = new.number) as b;
  update clinic.entry as e set came_from = null where e.came_from in
    (select mine.number from clinic.entry as mine where mine.patient = new.number);
  -- What takes back a step names it, so it goes first.
  delete from clinic.step as s where s.organisation = new.organisation
     and s.appointment = any(gone) and s.undoes is not null;
  delete from clinic.step as s where s.organisation = new.organisation
     and s.appointment = any(gone);
  delete from clinic.entry as e where e.patient = new.number;
  delete from clinic.booking as k where k.patient = new.number;
  delete from clinic.correction as c where c.patient = new.number;
  return null;
end $$;
revoke all on function clinic.forget_person() from public;
create trigger clinic_forgets_whom_an_erasure_took after update on record.patient
  for each row when (old.record_key <> '' and new.record_key = '')
  execute function clinic.forget_person();
create index correction_of_patient on clinic.correction (patient);

-- The foreign key has waited for an erasure under way before this looks. Told as what
-- somebody else wrote first, so that whoever writes asks anew, and the warden says why.
create function record.refuse_for_erased() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
  -- Each patient by the primary key: a join would look for who was ever erased.
  if exists (select from (select distinct patient from fresh) as f
              where (select p.record_key = '' from record.patient as p
                      where p.number = f.patient)) then
    raise exception 'nothing is written for whoever was erased'
      using errcode = 'unique_violation', constraint = 'erased_stay_erased';
  end if;
  return null;
end $$;
revoke all on function record.refuse_for_erased() from public;
do $$
declare guarded text;
begin
  foreach guarded in array array['record.resource', 'record.note_draft',
                                 'clinic.booking', 'clinic.entry', 'clinic.correction'] loop
    execute 'create trigger erased_stay_erased after insert on ' || guarded
      || ' referencing new table as fresh for each statement'
      || ' execute function record.refuse_for_erased()';
  end loop;
end $$;

-- A link to check in names its patient.
grant delete on warden.check_in_link to wardkeep_warden;
