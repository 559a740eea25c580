-- SPDX-License-Identifier: Apache-2.0
-- A resource about several patients (an appointment of a couple, a list) is sealed
-- under the first one's key; `also` names the others by number, so that the ledger can
-- name every one of them when it is disclosed. Null for nearly every row, which costs
-- nothing.

alter table record.resource add column also bigint[];
alter table record.history add column also bigint[];

create or replace function record.keep_history() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
  if new.version <> old.version + 1
     or (new.organisation, new.type, new.id, new.patient)
        is distinct from (old.organisation, old.type, old.id, old.patient) then
    raise exception 'a resource moves to the next version of itself and nowhere else'
      using errcode = 'integrity_constraint_violation';
  end if;
  insert into record.history
    (patient, last_updated, clinical_at, organisation, version, type, tier,
     is_deleted, id, body, also)
  values
    (old.patient, old.last_updated, old.clinical_at, old.organisation, old.version,
     old.type, old.tier, old.is_deleted, old.id, old.body, old.also);
  return new;
end $$;

grant update (also) on record.resource to wardkeep_web, wardkeep_worker;
