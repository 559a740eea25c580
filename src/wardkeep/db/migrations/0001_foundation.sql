-- SPDX-License-Identifier: Apache-2.0
-- The foundation: the record store, what the warden knows, and the job queue.
-- Roles are made beforehand (wardkeep.db.roles): wardkeep_owner runs this file;
-- wardkeep_web, wardkeep_worker and wardkeep_warden each get what their process
-- needs and no more. wardkeep_search owns the one function that may look through
-- tokens, because row-level security keeps a GIN index from being used otherwise
-- (docs/decisions/0002-record-store.md).

-- Nothing of ours is in schema public, and nobody is to put anything there.
revoke all on schema public from public;

create schema record;
create schema warden;
create schema jobs;

-- Rows of one organisation only: the setting is put on the connection by
-- wardkeep.db.connection; without it nothing matches.
create function record.served_organisation() returns integer
language sql stable parallel safe
return coalesce(nullif(current_setting('wardkeep.organisation', true), ''), '0')::integer;

-- record ---------------------------------------------------------------------

create table record.patient (
  number        bigint generated always as identity primary key,
  created_at    timestamptz not null default now(),
  organisation  integer not null,
  id            text collate "C" not null,
  banner_key    bytea not null,
  record_key    bytea not null,
  sealed_key    bytea not null,
  unique (organisation, id)
);

create table record.shared_key (
  organisation  integer primary key,
  wrapped_key   bytea not null
);

-- An id is 16 bytes of a UUID, or its letters (wardkeep.fhir.store.stored_id).
create table record.resource (
  patient       bigint references record.patient (number),
  last_updated  timestamptz not null,
  clinical_at   timestamptz,
  organisation  integer not null,
  version       integer not null check (version >= 1),
  type          smallint not null,
  tier          smallint not null,
  is_deleted    boolean not null default false,
  id            bytea not null,
  tokens        bigint[] not null,
  body          bytea not null,
  primary key (organisation, type, id)
);
-- Bodies are compressed before they are encrypted: trying again wastes time.
alter table record.resource alter column body set storage external;
create index resource_of_patient on record.resource
  (organisation, patient, type, clinical_at) where patient is not null;
create index resource_tokens on record.resource using gin (tokens);

create table record.history (
  patient       bigint references record.patient (number),
  last_updated  timestamptz not null,
  clinical_at   timestamptz,
  organisation  integer not null,
  version       integer not null,
  type          smallint not null,
  tier          smallint not null,
  is_deleted    boolean not null,
  id            bytea not null,
  body          bytea not null,
  primary key (organisation, type, id, version)
);
alter table record.history alter column body set storage external;

create table record.import_mark (
  organisation  integer not null,
  source        bytea not null,
  resources     integer not null,
  loaded_at     timestamptz not null default now(),
  primary key (organisation, source)
);

-- A version that is replaced goes to history by the database itself: whoever holds
-- the web role's password can add a version but can not make one vanish.
create function record.keep_history() returns trigger
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
     is_deleted, id, body)
  values
    (old.patient, old.last_updated, old.clinical_at, old.organisation, old.version,
     old.type, old.tier, old.is_deleted, old.id, old.body);
  return new;
end $$;

create trigger resource_keeps_history before update on record.resource
  for each row execute function record.keep_history();

do $$
declare guarded text;
begin
  foreach guarded in array array['patient', 'shared_key', 'resource', 'history',
                                 'import_mark'] loop
    execute format('alter table record.%I enable row level security', guarded);
    execute format('alter table record.%I force row level security', guarded);
    execute format(
      'create policy one_organisation on record.%I
         using (organisation = record.served_organisation())
         with check (organisation = record.served_organisation())', guarded);
  end loop;
end $$;

-- The search role sees through row-level security only inside this function, which
-- compares the organisation itself.
create policy search_compares_itself on record.resource
  for select to wardkeep_search using (true);

create function record.matching(wanted_type smallint, wanted bigint[], at_most integer)
returns table (id bytea, version integer, patient bigint)
language sql stable security definer set search_path = pg_catalog
as $$
  select found.id, found.version, found.patient
    from record.resource as found
   where found.organisation = record.served_organisation()
     and found.type = wanted_type
     and found.tokens @> wanted
     and not found.is_deleted
   limit at_most
$$;

-- jobs -----------------------------------------------------------------------

create table jobs.job (
  number        bigint generated always as identity primary key,
  kind          text not null,
  organisation  integer not null,
  unique_for    text not null,
  argument      text not null default '',
  run_after     timestamptz not null default now(),
  attempts      integer not null default 0,
  last_error    text,
  created_at    timestamptz not null default now(),
  done_at       timestamptz,
  gave_up_at    timestamptz
);
create unique index job_waiting_once on jobs.job (kind, organisation, unique_for)
  where done_at is null and gave_up_at is null;
create index job_due on jobs.job (run_after)
  where done_at is null and gave_up_at is null;

-- After a large load the index's pending entries are filed and the planner told.
create function record.tidy_after_load() returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform gin_clean_pending_list('record.resource_tokens'::regclass);
  analyze record.resource;
  analyze record.patient;
end $$;

-- warden ---------------------------------------------------------------------

create table warden.organisation (
  number        integer primary key check (number > 0),
  slug          text not null unique,
  name          text not null,
  wrapped_key   bytea not null,
  created_at    timestamptz not null default now()
);

create table warden.account (
  id            uuid primary key,
  kind          text not null check (kind in ('person', 'service', 'operator')),
  display_name  text not null,
  created_at    timestamptz not null default now(),
  ended_at      timestamptz
);

create table warden.membership (
  account       uuid not null references warden.account (id),
  organisation  integer not null references warden.organisation (number),
  role          text not null,
  created_at    timestamptz not null default now(),
  ended_at      timestamptz,
  primary key (account, organisation, role)
);

create table warden.credential (
  id              bytea primary key,
  account         uuid not null references warden.account (id),
  public_key      bytea not null,
  sign_count      bigint not null,
  is_backup_eligible boolean not null,
  is_backed_up    boolean not null,
  label           text not null,
  created_at      timestamptz not null,
  last_used_at    timestamptz,
  revoked_at      timestamptz
);
create index credential_of_account on warden.credential (account);

create table warden.invitation (
  secret_hash   bytea primary key,
  account       uuid not null references warden.account (id),
  created_by    text not null,
  created_at    timestamptz not null,
  expires_at    timestamptz not null,
  used_at       timestamptz
);

create table warden.client_key (
  account       uuid not null references warden.account (id),
  key_id        text not null,
  public_jwk    text not null,
  created_at    timestamptz not null,
  revoked_at    timestamptz,
  primary key (account, key_id)
);

create table warden.client (
  account           uuid primary key references warden.account (id),
  scope             text not null,
  patients_per_hour integer not null check (patients_per_hour >= 0)
);

create table warden.session (
  token_hash    bytea primary key,
  id            text not null unique,
  account       uuid not null references warden.account (id),
  organisation  integer not null references warden.organisation (number),
  role          text not null,
  factor        text not null,
  credential    bytea,
  device        text not null,
  created_at    timestamptz not null,
  last_used_at  timestamptz not null,
  expires_at    timestamptz not null,
  ended_at      timestamptz,
  ended_because text
);
create index session_of_account on warden.session (account) where ended_at is null;

create table warden.relationship (
  organisation  integer not null references warden.organisation (number),
  account       uuid not null references warden.account (id),
  patient       text collate "C" not null,
  kind          text not null,
  valid_from    timestamptz not null,
  valid_until   timestamptz,
  primary key (organisation, account, patient, kind)
);

-- What each role may do ------------------------------------------------------

grant usage on schema record to wardkeep_web, wardkeep_worker, wardkeep_search;
grant execute on function record.served_organisation() to public;
revoke all on function record.matching(smallint, bigint[], integer) from public;
revoke all on function record.tidy_after_load() from public;
revoke all on function record.keep_history() from public;

grant select, insert on record.patient to wardkeep_web, wardkeep_worker;
grant select, insert on record.shared_key to wardkeep_web, wardkeep_worker;
grant select, insert on record.resource to wardkeep_web, wardkeep_worker;
grant update (last_updated, clinical_at, version, tier, is_deleted, tokens, body)
  on record.resource to wardkeep_web, wardkeep_worker;
grant select on record.history to wardkeep_web, wardkeep_worker;
grant select, insert on record.import_mark to wardkeep_worker;
grant select on record.resource to wardkeep_search;

grant execute on function record.matching(smallint, bigint[], integer)
  to wardkeep_web, wardkeep_worker;
grant execute on function record.tidy_after_load() to wardkeep_worker;

grant usage on schema jobs to wardkeep_web, wardkeep_worker;
-- No more than to ask for work: how it went is not the web process's to write.
grant insert (kind, organisation, unique_for, argument, run_after)
  on jobs.job to wardkeep_web;
grant select, insert, update, delete on jobs.job to wardkeep_worker;

grant usage on schema warden to wardkeep_warden;
grant select, insert, update on all tables in schema warden to wardkeep_warden;

-- Last, because a new owner needs the schema's leave to own something in it.
grant create on schema record to wardkeep_search;
alter function record.matching(smallint, bigint[], integer) owner to wardkeep_search;
revoke create on schema record from wardkeep_search;
