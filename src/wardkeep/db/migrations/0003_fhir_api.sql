-- SPDX-License-Identifier: Apache-2.0
-- The FHIR API: what programs may do, ranges to search by, and pages that stay put.

-- Of a program's session: its SMART scopes; null for people's.
alter table warden.session add column scope text;

-- docs/formats/search-facts.md: three numbers a range (a keyed element, low, high), and
-- one bit a search parameter that finds something. Null in rows that are older.
alter table record.resource add column ranges bigint[];
alter table record.resource add column present bytea;

-- Every search reads the entries that wait to be filed: 128 kB of them, not 4 MB.
alter index record.resource_tokens set (gin_pending_list_limit = 128);

-- A search goes on from page to page as of one moment. What was replaced since then is
-- found in history for as long as a page's link is good; older history has no tokens.
alter table record.history add column superseded_at timestamptz;
alter table record.history add column tokens bigint[];
alter table record.history add column ranges bigint[];
alter table record.history add column present bytea;
create index history_superseded on record.history (organisation, superseded_at)
  where superseded_at is not null;

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
     is_deleted, id, body, also, superseded_at, tokens, ranges, present)
  values
    (old.patient, old.last_updated, old.clinical_at, old.organisation, old.version,
     old.type, old.tier, old.is_deleted, old.id, old.body, old.also,
     new.last_updated, old.tokens, old.ranges, old.present);
  return new;
end $$;

-- History forgets its tokens when no page can need them (a job of the worker).
create function record.forget_old_tokens(until timestamptz) returns void
language sql security definer set search_path = pg_catalog as $$
  update record.history set superseded_at = null, tokens = null, ranges = null,
         present = null
   where superseded_at < until
$$;
revoke all on function record.forget_old_tokens(timestamptz) from public;
grant execute on function record.forget_old_tokens(timestamptz) to wardkeep_worker;
create policy search_forgets_tokens on record.history
  for update to wardkeep_search using (true);
grant update (superseded_at, tokens, ranges, present)
  on record.history to wardkeep_search;

-- What programs search in: the current versions of one organisation, and of those
-- replaced lately the older ones. The view belongs to the search role, whom row-level
-- security lets see every row, so that the token index is used; it compares the
-- organisation itself. Sealed rows are in no search.
create policy search_compares_itself on record.history
  for select to wardkeep_search using (true);
grant select on record.history to wardkeep_search;

create view record.searchable as
  select r.type, r.id, r.version, r.tier, r.clinical_at, r.last_updated, r.also, r.body,
         r.patient, r.tokens, r.ranges, r.present
    from record.resource as r
   where r.organisation = record.served_organisation()
     and not r.is_deleted and r.tier <> 3;
create view record.searchable_before as
  select h.type, h.id, h.version, h.tier, h.clinical_at, h.last_updated, h.also, h.body,
         h.patient, h.tokens, h.ranges, h.present, h.superseded_at
    from record.history as h
   where h.organisation = record.served_organisation()
     and h.superseded_at is not null
     and not h.is_deleted and h.tier <> 3;
grant select on record.searchable, record.searchable_before
  to wardkeep_web, wardkeep_worker;
grant create on schema record to wardkeep_search;
alter view record.searchable owner to wardkeep_search;
alter view record.searchable_before owner to wardkeep_search;
alter function record.forget_old_tokens(timestamptz) owner to wardkeep_search;
revoke create on schema record from wardkeep_search;

grant update (ranges, present) on record.resource to wardkeep_web, wardkeep_worker;
