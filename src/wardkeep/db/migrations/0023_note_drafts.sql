-- SPDX-License-Identifier: Apache-2.0
-- Drafts of notes: what somebody types before they sign it, sealed, and never overwritten.
-- Each window that writes has a text of its own, so that two of them lose nothing.

create table record.note_draft (
  id            uuid primary key,
  patient       bigint not null references record.patient (number),
  begun_at      timestamptz not null,
  saved_at      timestamptz not null,
  ended_at      timestamptz,
  account       uuid not null,
  former        uuid[] not null default '{}',
  organisation  integer not null,
  first_version integer not null check (first_version >= 1),
  based_on      integer not null check (based_on >= 0),
  tier          smallint not null,
  note          bytea not null,
  seal          bytea not null,
  wrapped_key   bytea not null,
  author        text not null,
  begun_by      text not null default '',
  ended_as      text not null default ''
                check (ended_as in ('', 'signed', 'thrown-away')),
  check ((ended_at is null) = (ended_as = ''))
);
create index note_draft_of_account on record.note_draft (organisation, account)
  where ended_at is null;
create index note_draft_of_patient on record.note_draft (patient);

create table record.note_text (
  draft         uuid not null references record.note_draft (id),
  editor        uuid not null,
  saved_at      timestamptz not null,
  organisation  integer not null,
  number        integer not null check (number >= 0),
  is_set_aside  boolean not null default false,
  box           bytea not null,
  primary key (draft, editor)
);
alter table record.note_text alter column box set storage external;

-- A text moves on and never back: whoever holds the web role's password can write a
-- newer text beside or over one, and can not put an older one in its place.
create function record.text_moves_on() returns trigger
language plpgsql set search_path = pg_catalog as $$
begin
  if (new.draft, new.editor, new.organisation)
     is distinct from (old.draft, old.editor, old.organisation)
     or new.number < old.number
     or (new.number = old.number and new.box <> old.box) then
    raise exception 'a text moves on to what was typed later and nowhere else'
      using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger note_text_moves_on before update on record.note_text
  for each row execute function record.text_moves_on();
revoke all on function record.text_moves_on() from public;

do $$
declare guarded text;
begin
  foreach guarded in array array['note_draft', 'note_text'] loop
    execute format('alter table record.%I enable row level security', guarded);
    execute format('alter table record.%I force row level security', guarded);
    execute format(
      'create policy one_organisation on record.%I
         using (organisation = record.served_organisation())
         with check (organisation = record.served_organisation())', guarded);
  end loop;
end $$;

-- Nobody deletes one: what was signed or thrown away is marked so.
grant select, insert on record.note_draft, record.note_text to wardkeep_web;
grant update (saved_at, ended_at, ended_as, account, former, author, begun_by, based_on)
  on record.note_draft to wardkeep_web;
grant update (number, box, saved_at, is_set_aside) on record.note_text to wardkeep_web;

-- Erasure takes drafts along; the rest is as in 0004.
create or replace function record.erase_patient(erased_in integer, erased_id text)
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
    delete from record.note_text as t using record.note_draft as d
     where d.patient = gone and t.draft = d.id;
    delete from record.note_draft as d where d.patient = gone;
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

-- A draft's key lies under its patient's data keys, so it moves along when those are
-- replaced. What a screen reads out lies under the screen's own key by now (0021).
create or replace function record.boxes_beside(kept_in integer, owner bigint)
returns table (place text, key text, tier smallint, identity text, box bytea)
language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform set_config('wardkeep.organisation', kept_in::text, true);
  if owner is not null then
    return query
      select 'record.note_draft.wrapped_key', d.id::text, d.tier,
             format('draft-key|1|%s|%s|%s', kept_in, p.id, d.id), d.wrapped_key
        from record.note_draft as d join record.patient as p on p.number = d.patient
       where d.organisation = kept_in and d.patient = owner and d.seal = ''
       union all
      select 'record.note_draft.seal', d.id::text, d.tier,
             format('row-key|1|%s|Composition|%s|%s|%s|%s', kept_in,
                    case when octet_length(d.note) = 16
                         then encode(d.note, 'hex')::uuid::text
                         else convert_from(rtrim(d.note, '\xff'::bytea), 'UTF8') end,
                    d.first_version, p.id, d.tier), d.seal
        from record.note_draft as d join record.patient as p on p.number = d.patient
       where d.organisation = kept_in and d.patient = owner and d.seal <> ''
       order by 1, 2;
  end if;
end $$;

create or replace function record.reseal_beside(
  kept_in integer, owner bigint, place text, key text, old bytea, fresh bytea)
returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
  perform set_config('wardkeep.organisation', kept_in::text, true);
  if place = 'record.note_draft.wrapped_key' then
    update record.note_draft as d set wrapped_key = fresh
     where d.organisation = kept_in and d.id = key::uuid and d.patient = owner
       and d.wrapped_key = old;
  elsif place = 'record.note_draft.seal' then
    update record.note_draft as d set seal = fresh
     where d.organisation = kept_in and d.id = key::uuid and d.patient = owner
       and d.seal = old;
  end if;
end $$;
