-- SPDX-License-Identifier: Apache-2.0
-- Rotation of keys: the key before stays beside the new one until nothing is left that
-- it wraps, and a rotation that was interrupted is found here.

-- Both wrapped by the root key. Search tokens keep their own key when the organisation's
-- is replaced: where there is none, it is derived from the organisation's key.
alter table warden.organisation add column older_wrapped_key bytea;
alter table warden.organisation add column wrapped_token_key bytea;

create table warden.key_rotation (
  id            uuid primary key,
  level         text not null check (level in ('root', 'organisation')),
  organisation  integer not null,
  began_at      timestamptz not null,
  rewrapped     bigint not null default 0,
  unreadable    bigint not null default 0,
  finished_at   timestamptz
);
create unique index key_rotation_once on warden.key_rotation (level, organisation)
  where finished_at is null;
grant select, insert, update on warden.key_rotation to wardkeep_warden;

-- A portion of an organisation's wrapped keys, by number. Only the warden may call it:
-- it opens what it wraps anyway, and gets no row of any record by this.
create function record.wrapped_keys(
  kept_in integer, after_number bigint, at_most integer)
returns table (number bigint, id text, banner_key bytea, record_key bytea,
               sealed_key bytea)
language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform set_config('wardkeep.organisation', kept_in::text, true);
  return query
    select p.number, p.id, p.banner_key, p.record_key, p.sealed_key
      from record.patient as p
     where p.organisation = kept_in and p.number > after_number
       -- Whose record was erased has no keys any more.
       and p.record_key <> ''
     order by p.number limit at_most;
end $$;

create function record.wrapped_keys_count(kept_in integer) returns bigint
language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform set_config('wardkeep.organisation', kept_in::text, true);
  return (select count(*) from record.patient as p
           where p.organisation = kept_in and p.record_key <> '');
end $$;

-- Puts new wrappings in the place of the old, where nobody was faster: an erasure in
-- between stays one.
create function record.rewrap(
  kept_in integer, numbers bigint[], old_record bytea[], new_banner bytea[],
  new_record bytea[], new_sealed bytea[])
returns bigint
language plpgsql security definer set search_path = pg_catalog as $$
declare changed bigint;
begin
  perform set_config('wardkeep.organisation', kept_in::text, true);
  update record.patient as p
     set banner_key = n.banner, record_key = n.record, sealed_key = n.sealed
    from unnest(numbers, old_record, new_banner, new_record, new_sealed)
         as n (number, old, banner, record, sealed)
   where p.organisation = kept_in and p.number = n.number and p.record_key = n.old;
  get diagnostics changed = row_count;
  return changed;
end $$;

-- The same for the key of what belongs to no patient.
create function record.wrapped_shared_key(kept_in integer) returns bytea
language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform set_config('wardkeep.organisation', kept_in::text, true);
  return (select s.wrapped_key from record.shared_key as s
           where s.organisation = kept_in);
end $$;

create function record.rewrap_shared(
  kept_in integer, old_wrapped bytea, new_wrapped bytea)
returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform set_config('wardkeep.organisation', kept_in::text, true);
  update record.shared_key as s set wrapped_key = new_wrapped
   where s.organisation = kept_in and s.wrapped_key = old_wrapped;
end $$;

revoke all on function
  record.wrapped_keys(integer, bigint, integer),
  record.wrapped_keys_count(integer),
  record.rewrap(integer, bigint[], bytea[], bytea[], bytea[], bytea[]),
  record.wrapped_shared_key(integer),
  record.rewrap_shared(integer, bytea, bytea)
  from public;
grant execute on function
  record.wrapped_keys(integer, bigint, integer),
  record.wrapped_keys_count(integer),
  record.rewrap(integer, bigint[], bytea[], bytea[], bytea[], bytea[]),
  record.wrapped_shared_key(integer),
  record.rewrap_shared(integer, bytea, bytea)
  to wardkeep_warden;
