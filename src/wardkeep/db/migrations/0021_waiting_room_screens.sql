-- SPDX-License-Identifier: Apache-2.0
-- Screens of waiting rooms, and what each reads out: sealed for it, so that neither the
-- organisation's key nor anybody's session opens it.

alter table clinic.entry drop column label;

-- Screens of waiting rooms: each has a key of its own, whose other half never leaves it.
create table clinic.screen (
  id            uuid primary key,
  made_at       timestamptz not null,
  code_until    timestamptz not null,
  valid_until   timestamptz not null,
  seen_at       timestamptz,
  organisation  integer not null,
  place         text collate "C" not null,
  made_by       uuid not null,
  code_hash     bytea not null,
  secret_hash   bytea,
  public_key    bytea check (length(public_key) = 65),
  ended_at      timestamptz
);
create unique index screen_by_code on clinic.screen (organisation, code_hash);
create unique index screen_by_secret on clinic.screen (organisation, secret_hash);
create index screen_of_place on clinic.screen (organisation, place);

-- What one screen reads out for one who is called, sealed for that screen alone.
create table clinic.label (
  screen        uuid not null references clinic.screen (id),
  entry         bigint not null references clinic.entry (number) on delete cascade,
  organisation  integer not null,
  box           bytea not null,
  primary key (screen, entry)
);
create index label_of_entry on clinic.label (entry);

do $$
declare guarded text;
begin
  foreach guarded in array array['screen', 'label'] loop
    execute format('alter table clinic.%I enable row level security', guarded);
    execute format('alter table clinic.%I force row level security', guarded);
    execute format(
      'create policy one_organisation on clinic.%I
         using (organisation = record.served_organisation())
         with check (organisation = record.served_organisation())', guarded);
  end loop;
end $$;

grant select, insert on clinic.screen to wardkeep_web;
grant update (seen_at, secret_hash, public_key, valid_until, ended_at)
  on clinic.screen to wardkeep_web;
grant select, insert, delete on clinic.label to wardkeep_web, wardkeep_worker;
