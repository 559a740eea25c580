-- SPDX-License-Identifier: Apache-2.0
-- Whom a kiosk brought back is known by the person too, so that a desk hears of them
-- when the appointment is gone, and an erasure takes them along.
alter table clinic.capture add column patient bigint;
-- Those of before have it as long as their appointment is booked.
alter table clinic.capture no force row level security;
alter table clinic.booking no force row level security;
update clinic.capture as c set patient = b.patient
  from clinic.booking as b
 where b.organisation = c.organisation and b.appointment = c.appointment;
alter table clinic.capture force row level security;
alter table clinic.booking force row level security;
alter table clinic.capture add constraint capture_patient_fkey
  foreign key (patient) references record.patient (number);
create index capture_of_patient on clinic.capture (patient);

create trigger erased_stay_erased after insert on clinic.capture
  referencing new table as fresh for each statement
  execute function record.refuse_for_erased();

create function clinic.forget_who_was_brought_back() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
  delete from clinic.capture as c where c.patient = new.number;
  return null;
end $$;
revoke all on function clinic.forget_who_was_brought_back() from public;
create trigger captures_forget_whom_an_erasure_took after update on record.patient
  for each row when (old.record_key <> '' and new.record_key = '')
  execute function clinic.forget_who_was_brought_back();

-- How long the ledger was when the end of a rotation was to be written into it: whoever
-- goes on after a crash looks from there whether it was.
alter table warden.key_rotation add column said_from bigint;
