-- SPDX-License-Identifier: Apache-2.0
-- Retention: how long each kind of record is kept, and the destruction of what is due.

-- An organisation's own terms; where there is no row, the least that the code knows.
create table warden.retention (
  organisation  integer not null references warden.organisation (number),
  rule          text not null,
  years         integer not null check (years between 1 and 200),
  is_held       boolean not null,
  set_by        uuid not null references warden.account (id),
  set_at        timestamptz not null,
  primary key (organisation, rule)
);
grant select, insert, update on warden.retention to wardkeep_warden;

-- An erasure is of one patient, or of what one rule has kept for long enough.
alter table warden.erasure add column rule text not null default '';
alter table warden.erasure add column before timestamptz;
alter table warden.erasure add column people bigint;
alter table warden.erasure
  add check ((patient = '') = (rule <> '') and (rule = '') = (before is null));
drop index warden.erasure_once;
create unique index erasure_once on warden.erasure (organisation, patient)
  where withdrawn_at is null and patient <> '';
create unique index erasure_of_rule_once on warden.erasure (organisation, rule)
  where withdrawn_at is null and done_at is null and rule <> '';

-- What of some types is older than a moment: ids alone, for the ledger.
create function record.due(
  due_in integer, due_types smallint[], due_before timestamptz, at_most integer)
returns table (
  patient text, type smallint, id bytea, version integer, further_patients text[])
language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform set_config('wardkeep.organisation', due_in::text, true);
  return query
    select coalesce(p.id, ''), r.type, r.id, r.version,
           array(select o.id from record.patient as o where o.number = any(r.also))
      from record.resource as r left join record.patient as p on p.number = r.patient
     where r.organisation = due_in and r.type = any(due_types)
       and coalesce(r.clinical_at, r.last_updated) < due_before
     limit at_most;
end $$;

-- When a row counts as contact: the day that it is about, or on which it was changed.
-- What has no day of its own counts from when it was written, but not the first version
-- of the Patient (type 103): a record that was loaded is not new for that.
create function record.contact_at(
  type smallint, version integer, clinical_at timestamptz, last_updated timestamptz)
returns timestamptz language sql immutable parallel safe
return case when version > 1 then greatest(clinical_at, last_updated)
            when clinical_at is not null then clinical_at
            when type <> 103 then last_updated end;

-- When something last happened in a person's record; null where there is none.
create function record.last_contact(kept_in integer, kept_id text) returns timestamptz
language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform set_config('wardkeep.organisation', kept_in::text, true);
  return (
    select coalesce(max(record.contact_at(r.type, r.version, r.clinical_at,
                                          r.last_updated)), max(r.last_updated))
      from record.patient as p join record.resource as r on r.patient = p.number
     where p.organisation = kept_in and p.id = kept_id and r.organisation = kept_in);
end $$;

-- Destroys rows of types that may go by themselves, and every version of them. The
-- moment is compared again: what was written since then stays.
create function record.dispose(
  due_in integer, due_types smallint[], due_ids bytea[], due_before timestamptz)
returns table (resources bigint, versions bigint)
language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform set_config('wardkeep.organisation', due_in::text, true);
  with gone as (
    delete from record.resource as r
     using unnest(due_types, due_ids) as named (type, id)
     where r.organisation = due_in and r.type = named.type and r.id = named.id
       and coalesce(r.clinical_at, r.last_updated) < due_before
    returning r.type, r.id),
  before as (
    delete from record.history as h using gone
     where h.organisation = due_in and h.type = gone.type and h.id = gone.id
    returning h.version)
  select (select count(*) from gone),
         (select count(*) from gone) + (select count(*) from before)
    into resources, versions;
  return next;
end $$;
revoke all on function record.due(integer, smallint[], timestamptz, integer) from public;
revoke all on function record.last_contact(integer, text) from public;
revoke all on function record.dispose(integer, smallint[], bytea[], timestamptz)
  from public;
grant execute on function record.last_contact(integer, text),
                          record.due(integer, smallint[], timestamptz, integer),
                          record.dispose(integer, smallint[], bytea[], timestamptz)
  to wardkeep_warden;
