-- SPDX-License-Identifier: Apache-2.0
-- Erasure: two people decide, the warden has it done, and what is left is the proof.

create table warden.erasure (
  id            uuid primary key,
  organisation  integer not null references warden.organisation (number),
  patient       text collate "C" not null,
  ground        text not null,
  reason        text not null,
  asked_by      uuid not null references warden.account (id),
  asked_role    text not null,
  asked_at      timestamptz not null,
  approved_by   uuid references warden.account (id),
  approved_at   timestamptz,
  withdrawn_at  timestamptz,
  done_at       timestamptz,
  resources     bigint,
  versions      bigint,
  check (approved_by <> asked_by)
);
create unique index erasure_once on warden.erasure (organisation, patient)
  where withdrawn_at is null;
grant select, insert, update on warden.erasure to wardkeep_warden;
grant delete on warden.relationship to wardkeep_warden;

-- Destroys one patient: keys, current rows with their tokens, history. Only the
-- warden may call it, and it reads nothing to anyone: the web process cannot destroy,
-- and whoever destroys cannot read.
create function record.erase_patient(erased_in integer, erased_id text)
returns table (resources bigint, versions bigint)
language plpgsql security definer set search_path = pg_catalog as $$
declare gone bigint;
begin
  perform set_config('wardkeep.organisation', erased_in::text, true);
  select p.number into gone from record.patient as p
   where p.organisation = erased_in and p.id = erased_id for update;
  resources := 0;
  versions := 0;
  if gone is not null then
    delete from record.resource as r where r.organisation = erased_in
       and r.patient = gone;
    get diagnostics resources = row_count;
    delete from record.history as h where h.organisation = erased_in
       and h.patient = gone;
    get diagnostics versions = row_count;
    versions := versions + resources;
    -- The id stays, so that nobody gets it again; the keys are what opens backups.
    update record.patient as p
       set banner_key = '', record_key = '', sealed_key = '' where p.number = gone;
  end if;
  return next;
end $$;
revoke all on function record.erase_patient(integer, text) from public;
grant usage on schema record to wardkeep_warden;
grant execute on function record.erase_patient(integer, text) to wardkeep_warden;
-- History has no other index by patient.
create index history_of_patient on record.history (patient) where patient is not null;
