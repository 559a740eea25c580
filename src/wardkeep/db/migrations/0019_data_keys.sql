-- SPDX-License-Identifier: Apache-2.0
-- New data keys for patients: each row is sealed anew where it lies, by the warden.

-- Of data keys that are made now: the second in which the last rotation of them began.
alter table warden.organisation add column key_generation bigint not null default 0;

-- The oldest generation whose wrapped keys the warden still opens, from whichever copy:
-- of one patient, or of everybody where none is named.
create table warden.key_floor (
  organisation  integer not null references warden.organisation (number),
  patient       text collate "C" not null,
  generation    bigint not null,
  primary key (organisation, patient)
);
grant select, insert, update on warden.key_floor to wardkeep_warden;

alter table warden.key_rotation drop constraint key_rotation_level_check;
alter table warden.key_rotation add constraint key_rotation_level_check
  check (level in ('root', 'organisation', 'patient'));
alter table warden.key_rotation add column patient text collate "C" not null default '';
alter table warden.key_rotation add column generation bigint not null default 0;
-- What was proved so far: versions that the new keys open, and a digest over them.
alter table warden.key_rotation add column proved_patients bigint not null default 0;
alter table warden.key_rotation add column proved_rows bigint not null default 0;
alter table warden.key_rotation add column digest bytea not null default '';
drop index warden.key_rotation_once;
create unique index key_rotation_once
  on warden.key_rotation (level, organisation, patient) where finished_at is null;

-- One patient's wrapped keys; as record.wrapped_keys gives everybody's.
create function record.wrapped_keys_of(kept_in integer, kept_id text)
returns table (number bigint, id text, banner_key bytea, record_key bytea,
               sealed_key bytea)
language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform set_config('wardkeep.organisation', kept_in::text, true);
  return query
    select p.number, p.id, p.banner_key, p.record_key, p.sealed_key
      from record.patient as p
     where p.organisation = kept_in and p.id = kept_id and p.record_key <> '';
end $$;

-- The same of those that nobody writes for just now. Whoever writes for a patient holds
-- the row by the foreign key of what is written; until the transaction ends nobody
-- begins to. Never waits, so it can be in nobody's way for ever, nor in a deadlock.
create function record.lock_wrapped_keys(kept_in integer, numbers bigint[])
returns table (number bigint, id text, banner_key bytea, record_key bytea,
               sealed_key bytea)
language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform set_config('wardkeep.organisation', kept_in::text, true);
  return query
    select p.number, p.id, p.banner_key, p.record_key, p.sealed_key
      from record.patient as p
     where p.organisation = kept_in and p.number = any(numbers)
       and p.record_key <> ''
     order by p.number for update skip locked;
end $$;

-- The names of a patient's versions, current and replaced, and how large each is.
create function record.versions_of(kept_in integer, owner bigint)
returns table (type smallint, id bytea, version integer, size integer)
language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform set_config('wardkeep.organisation', kept_in::text, true);
  return query
    select r.type, r.id, r.version, octet_length(r.body)
      from record.resource as r where r.organisation = kept_in and r.patient = owner
    union all
    select h.type, h.id, h.version, octet_length(h.body)
      from record.history as h where h.organisation = kept_in and h.patient = owner
    order by 1, 2, 3;
end $$;

-- The same of what belongs to no patient.
create index resource_shared on record.resource (organisation, type, id)
  where patient is null;
create index history_shared on record.history (organisation, type, id, version)
  where patient is null;
create function record.shared_versions_of(kept_in integer)
returns table (type smallint, id bytea, version integer, size integer)
language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform set_config('wardkeep.organisation', kept_in::text, true);
  return query
    select r.type, r.id, r.version, octet_length(r.body)
      from record.resource as r where r.organisation = kept_in and r.patient is null
    union all
    select h.type, h.id, h.version, octet_length(h.body)
      from record.history as h where h.organisation = kept_in and h.patient is null
    order by 1, 2, 3;
end $$;

-- Some of those versions; `owner` is null for what belongs to no patient. A version that was deleted has no body.
create function record.bodies_of(
  kept_in integer, owner bigint, types smallint[], ids bytea[], versions integer[])
returns table (type smallint, id bytea, version integer, tier smallint, body bytea)
language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform set_config('wardkeep.organisation', kept_in::text, true);
  return query
    select r.type, r.id, r.version, r.tier, r.body
      from unnest(types, ids, versions) as n (type, id, version)
      join record.resource as r on r.organisation = kept_in and r.type = n.type
       and r.id = n.id and r.version = n.version
       and r.patient is not distinct from owner
    union all
    select h.type, h.id, h.version, h.tier, h.body
      from unnest(types, ids, versions) as n (type, id, version)
      join record.history as h on h.organisation = kept_in and h.type = n.type
       and h.id = n.id and h.version = n.version
       and h.patient is not distinct from owner
    order by 1, 2, 3;
end $$;

-- Puts bodies that were sealed anew in the place of the old: the version stays what it
-- is. `starts` are the first bytes of the old ones (a random nonce), so that what
-- changed meanwhile is left alone; what somebody writes just now is passed over, and
-- found by the next pass.
create function record.reseal(
  kept_in integer, owner bigint, types smallint[], ids bytea[], versions integer[],
  starts bytea[], bodies bytea[])
returns bigint
language plpgsql security definer set search_path = pg_catalog as $$
declare changed bigint; here bigint;
begin
  perform set_config('wardkeep.organisation', kept_in::text, true);
  with mine as materialized (
    select r.type, r.id, r.version, n.body
      from unnest(types, ids, versions, starts, bodies)
           as n (type, id, version, start, body)
      join record.resource as r on r.organisation = kept_in and r.type = n.type
       and r.id = n.id and r.version = n.version
       and r.patient is not distinct from owner
       and substr(r.body, 1, octet_length(n.start)) = n.start
       for update of r skip locked)
  update record.resource as r set body = mine.body from mine
   where r.organisation = kept_in and r.type = mine.type and r.id = mine.id
     and r.version = mine.version;
  get diagnostics here = row_count;
  with mine as materialized (
    select h.type, h.id, h.version, n.body
      from unnest(types, ids, versions, starts, bodies)
           as n (type, id, version, start, body)
      join record.history as h on h.organisation = kept_in and h.type = n.type
       and h.id = n.id and h.version = n.version
       and h.patient is not distinct from owner
       and substr(h.body, 1, octet_length(n.start)) = n.start
       for update of h skip locked)
  update record.history as h set body = mine.body from mine
   where h.organisation = kept_in and h.type = mine.type and h.id = mine.id
     and h.version = mine.version;
  get diagnostics changed = row_count;
  return here + changed;
end $$;

-- What else lies under an owner's data keys, each a box bound to an identity of its own:
-- what a waiting room's screen reads out. A table that gets such a column goes in here,
-- and below (tests/drills/test_data_key_rotation.py has the list of them).
create index entry_labelled on clinic.entry (organisation) where label is not null;
create function record.boxes_beside(kept_in integer, owner bigint)
returns table (place text, key text, tier smallint, identity text, box bytea)
language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform set_config('wardkeep.organisation', kept_in::text, true);
  if owner is null then
    return query
      select 'clinic.entry.label', e.number::text, 0::smallint,
             format('clinic label %s %s', kept_in, e.number), e.label
        from clinic.entry as e
       where e.organisation = kept_in and e.label is not null and e.label <> ''
       order by e.number;
  end if;
end $$;

create function record.reseal_beside(
  kept_in integer, owner bigint, place text, key text, old bytea, fresh bytea)
returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform set_config('wardkeep.organisation', kept_in::text, true);
  if owner is null and place = 'clinic.entry.label' then
    update clinic.entry as e set label = fresh
     where e.organisation = kept_in and e.number = key::bigint and e.label = old;
  end if;
end $$;

-- Only the owner's own functions may leave a version what it is; whoever else changes a
-- row makes the next version, and the database keeps the one before.
drop trigger resource_keeps_history on record.resource;
create trigger resource_keeps_history before update on record.resource
  for each row
  when (current_user <> 'wardkeep_owner' or new.version is distinct from old.version)
  execute function record.keep_history();

revoke all on function
  record.wrapped_keys_of(integer, text),
  record.lock_wrapped_keys(integer, bigint[]),
  record.versions_of(integer, bigint),
  record.shared_versions_of(integer),
  record.bodies_of(integer, bigint, smallint[], bytea[], integer[]),
  record.reseal(integer, bigint, smallint[], bytea[], integer[], bytea[], bytea[]),
  record.boxes_beside(integer, bigint),
  record.reseal_beside(integer, bigint, text, text, bytea, bytea)
  from public;
grant execute on function
  record.wrapped_keys_of(integer, text),
  record.lock_wrapped_keys(integer, bigint[]),
  record.versions_of(integer, bigint),
  record.shared_versions_of(integer),
  record.bodies_of(integer, bigint, smallint[], bytea[], integer[]),
  record.reseal(integer, bigint, smallint[], bytea[], integer[], bytea[], bytea[]),
  record.boxes_beside(integer, bigint),
  record.reseal_beside(integer, bigint, text, text, bytea, bytea)
  to wardkeep_warden;
