-- SPDX-License-Identifier: Apache-2.0
-- People who check themselves in: links, corrections that wait for a desk, calls for
-- help. Ids, states and times alone (docs/formats/database.md).

-- The secret is not here, only its hash.
create table warden.check_in_link (
  secret_hash   bytea primary key,
  organisation  integer not null references warden.organisation (number),
  account       uuid not null references warden.account (id),
  patient       text collate "C" not null,
  appointment   text collate "C" not null,
  made_by       uuid not null references warden.account (id),
  made_at       timestamptz not null,
  valid_until   timestamptz not null,
  tries         integer not null default 0,
  used_at       timestamptz
);
grant select, insert, update on warden.check_in_link to wardkeep_warden;

-- A Basic of the record that asks for a correction: which ones still wait.
create table clinic.correction (
  organisation  integer not null,
  id            text collate "C" not null,
  patient       bigint not null references record.patient (number),
  asked_at      timestamptz not null,
  state         text not null check (state in ('waiting', 'accepted', 'rejected')),
  decided_at    timestamptz,
  primary key (organisation, id)
);
create index correction_waiting on clinic.correction (organisation, state, asked_at);

create table clinic.help_call (
  number        bigint generated always as identity primary key,
  organisation  integer not null,
  kiosk         uuid not null,
  name          text not null,
  called_at     timestamptz not null,
  answered_at   timestamptz
);
-- Somebody who presses again is on their way to being helped already.
create unique index help_called_once on clinic.help_call (organisation, kiosk)
  where answered_at is null;

do $$
declare guarded text;
begin
  foreach guarded in array array['correction', 'help_call'] loop
    execute format('alter table clinic.%I enable row level security', guarded);
    execute format('alter table clinic.%I force row level security', guarded);
    execute format(
      'create policy one_organisation on clinic.%I
         using (organisation = record.served_organisation())
         with check (organisation = record.served_organisation())', guarded);
  end loop;
end $$;

-- Where the Basic (8) is destroyed, what stands here of it goes with it.
create function clinic.forget_correction() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
  delete from clinic.correction as c
   where c.organisation = old.organisation and c.id = clinic.id_text(old.id);
  return null;
end $$;
revoke all on function clinic.forget_correction() from public;
create trigger clinic_forgets_corrections after delete on record.resource
  for each row when (old.type = 8) execute function clinic.forget_correction();

grant select, insert, update on clinic.correction, clinic.help_call
  to wardkeep_web, wardkeep_worker;
