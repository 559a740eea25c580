-- SPDX-License-Identifier: Apache-2.0
-- Rotation of the search-token key: the warden turns tokens into others where they lie.

-- The layer over search tokens, wrapped by the root key; none before the first rotation.
-- The phase is one of wardkeep.warden.token_keys.
alter table warden.organisation add column token_layer bytea;
alter table warden.organisation add column newer_layer bytea;
alter table warden.organisation add column token_generation smallint not null default 0;
alter table warden.organisation add column token_phase smallint not null default 0;

alter table warden.key_rotation drop constraint key_rotation_level_check;
alter table warden.key_rotation add constraint key_rotation_level_check
  check (level in ('root', 'organisation', 'patient', 'tokens'));

-- What a row's tokens are under: twice the generation, odd where it holds those of the
-- next one too. Null is 0 (and where there are no tokens, it says nothing).
alter table record.resource add column token_turn smallint;
alter table record.history add column token_turn smallint;
alter table record.import_mark add column token_turn smallint;
grant update (token_turn) on record.resource to wardkeep_web, wardkeep_worker;

-- Below this nothing is written any more.
create table record.token_floor (
  organisation  integer primary key,
  least         smallint not null
);
alter table record.token_floor enable row level security;
alter table record.token_floor force row level security;
create policy one_organisation on record.token_floor
  using (organisation = record.served_organisation())
  with check (organisation = record.served_organisation());
grant select on record.token_floor to wardkeep_web, wardkeep_worker;

-- Whoever asked for tokens before a floor rose asks again. It looks after the row was
-- written: by then the transaction has its number, and the warden can wait until all
-- that may have looked before are over (they run at read committed).
create function record.refuse_old_tokens() returns trigger
language plpgsql as $$
declare floor smallint;
begin
  select f.least into floor from record.token_floor as f
   where f.organisation = new.organisation;
  if coalesce(new.token_turn, 0) not between coalesce(floor, 0)
                                         and coalesce(floor, 0) + 2 then
    raise exception 'these search tokens are not of now' using errcode = 'WK001';
  end if;
  return null;
end $$;
revoke all on function record.refuse_old_tokens() from public;

create trigger resource_has_tokens_of_now after insert on record.resource
  for each row when (new.tokens <> '{}' or new.ranges is not null)
  execute function record.refuse_old_tokens();
create trigger version_has_tokens_of_now after update on record.resource
  for each row
  when (current_user <> 'wardkeep_owner'
        and (new.tokens <> '{}' or new.ranges is not null))
  execute function record.refuse_old_tokens();
create trigger mark_has_tokens_of_now after insert on record.import_mark
  for each row when (current_user <> 'wardkeep_owner')
  execute function record.refuse_old_tokens();

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
     is_deleted, id, body, also, superseded_at, tokens, ranges, present, token_turn)
  values
    (old.patient, old.last_updated, old.clinical_at, old.organisation, old.version,
     old.type, old.tier, old.is_deleted, old.id, old.body, old.also,
     new.last_updated, old.tokens, old.ranges, old.present, old.token_turn);
  return new;
end $$;

-- The floor rises, and never falls.
create function record.raise_token_floor(kept_in integer, turn smallint) returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform set_config('wardkeep.organisation', kept_in::text, true);
  insert into record.token_floor as f (organisation, least) values (kept_in, turn)
  on conflict (organisation) do update set least = greatest(f.least, excluded.least);
end $$;

-- The next rows behind a place; with their tokens where these are below a turn, and
-- there are any. Tokens say nothing without their key.
create function record.token_rows(
  kept_in integer, below smallint, after_type smallint, after_id bytea, at_most integer)
returns table (type smallint, id bytea, version integer, turn smallint,
               tokens bigint[], ranges bigint[])
language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform set_config('wardkeep.organisation', kept_in::text, true);
  return query
    select s.type, s.id, s.version, s.turn,
           case when s.is_due then s.tokens end, case when s.is_due then s.ranges end
      from (select r.type, r.id, r.version, r.tokens, r.ranges,
                   coalesce(r.token_turn, 0::smallint) as turn,
                   coalesce(r.token_turn, 0) < below
                   and (r.tokens <> '{}' or r.ranges is not null) as is_due
              from record.resource as r
             where r.organisation = kept_in and (r.type, r.id) > (after_type, after_id)
             order by r.type, r.id limit at_most) as s
     order by 1, 2;
end $$;

-- The same of versions that were replaced lately; older ones have no tokens.
create function record.token_history(
  kept_in integer, below smallint, after_at timestamptz, after_type smallint,
  after_id bytea, after_version integer, at_most integer)
returns table (superseded_at timestamptz, type smallint, id bytea, version integer,
               turn smallint, tokens bigint[], ranges bigint[])
language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform set_config('wardkeep.organisation', kept_in::text, true);
  return query
    select s.superseded_at, s.type, s.id, s.version, s.turn,
           case when s.is_due then s.tokens end, case when s.is_due then s.ranges end
      from (select h.superseded_at, h.type, h.id, h.version, h.tokens, h.ranges,
                   coalesce(h.token_turn, 0::smallint) as turn,
                   coalesce(h.token_turn, 0) < below
                   and (h.tokens <> '{}' or h.ranges is not null) as is_due
              from record.history as h
             where h.organisation = kept_in and h.superseded_at is not null
               and (h.superseded_at, h.type, h.id, h.version)
                   > (after_at, after_type, after_id, after_version)
             order by h.superseded_at, h.type, h.id, h.version limit at_most) as s
     order by 1, 2, 3, 4;
end $$;

-- Puts other tokens in the place of the old. A version keeps its tokens for as long as
-- it is the current one, so version and turn tell whether they are still those; what
-- somebody writes just now is passed over, and found by the next pass.
create function record.put_tokens(
  kept_in integer, types smallint[], ids bytea[], versions integer[],
  was smallint[], fresh smallint, tokens text[], ranges text[])
returns bigint
language plpgsql security definer set search_path = pg_catalog as $$
declare changed bigint; here bigint;
begin
  perform set_config('wardkeep.organisation', kept_in::text, true);
  with mine as materialized (
    select r.type, r.id, n.tokens::bigint[] as tokens, n.ranges::bigint[] as ranges
      from unnest(types, ids, versions, was, tokens, ranges)
           as n (type, id, version, was, tokens, ranges)
      join record.resource as r on r.organisation = kept_in and r.type = n.type
       and r.id = n.id and r.version = n.version
       and coalesce(r.token_turn, 0) = n.was
       for update of r skip locked)
  update record.resource as r
     set tokens = mine.tokens, ranges = mine.ranges, token_turn = fresh
    from mine
   where r.organisation = kept_in and r.type = mine.type and r.id = mine.id;
  get diagnostics here = row_count;
  with mine as materialized (
    select h.type, h.id, h.version, n.tokens::bigint[] as tokens,
           n.ranges::bigint[] as ranges
      from unnest(types, ids, versions, was, tokens, ranges)
           as n (type, id, version, was, tokens, ranges)
      join record.history as h on h.organisation = kept_in and h.type = n.type
       and h.id = n.id and h.version = n.version and h.superseded_at is not null
       and coalesce(h.token_turn, 0) = n.was
       for update of h skip locked)
  update record.history as h
     set tokens = mine.tokens, ranges = mine.ranges, token_turn = fresh
    from mine
   where h.organisation = kept_in and h.type = mine.type and h.id = mine.id
     and h.version = mine.version;
  get diagnostics changed = row_count;
  return here + changed;
end $$;

-- What imports know their documents by: two tokens each. One under the next key is a row
-- of its own beside the one that goes.
create function record.token_marks(kept_in integer, below smallint, at_most integer)
returns table (source bytea)
language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform set_config('wardkeep.organisation', kept_in::text, true);
  return query
    select m.source from record.import_mark as m
     where m.organisation = kept_in and coalesce(m.token_turn, 0) < below
     limit at_most;
end $$;

create function record.add_token_marks(
  kept_in integer, filled smallint, olds bytea[], news bytea[])
returns bigint
language plpgsql security definer set search_path = pg_catalog as $$
declare changed bigint;
begin
  perform set_config('wardkeep.organisation', kept_in::text, true);
  insert into record.import_mark
         (organisation, source, resources, loaded_at, token_turn)
  select m.organisation, n.fresh, m.resources, m.loaded_at, filled + 1
    from unnest(olds, news) as n (was, fresh)
    join record.import_mark as m on m.organisation = kept_in and m.source = n.was
  on conflict do nothing;
  update record.import_mark as m set token_turn = filled
   where m.organisation = kept_in and m.source = any(olds);
  get diagnostics changed = row_count;
  return changed;
end $$;

create function record.drop_token_marks(kept_in integer, below smallint) returns bigint
language plpgsql security definer set search_path = pg_catalog as $$
declare changed bigint;
begin
  perform set_config('wardkeep.organisation', kept_in::text, true);
  delete from record.import_mark as m
   where m.organisation = kept_in and coalesce(m.token_turn, 0) < below;
  get diagnostics changed = row_count;
  return changed;
end $$;

revoke all on function
  record.raise_token_floor(integer, smallint),
  record.token_rows(integer, smallint, smallint, bytea, integer),
  record.token_history(integer, smallint, timestamptz, smallint, bytea, integer,
                       integer),
  record.put_tokens(integer, smallint[], bytea[], integer[], smallint[], smallint,
                    text[], text[]),
  record.token_marks(integer, smallint, integer),
  record.add_token_marks(integer, smallint, bytea[], bytea[]),
  record.drop_token_marks(integer, smallint)
  from public;
grant execute on function
  record.raise_token_floor(integer, smallint),
  record.token_rows(integer, smallint, smallint, bytea, integer),
  record.token_history(integer, smallint, timestamptz, smallint, bytea, integer,
                       integer),
  record.put_tokens(integer, smallint[], bytea[], integer[], smallint[], smallint,
                    text[], text[]),
  record.token_marks(integer, smallint, integer),
  record.add_token_marks(integer, smallint, bytea[], bytea[]),
  record.drop_token_marks(integer, smallint)
  to wardkeep_warden;
