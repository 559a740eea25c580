-- SPDX-License-Identifier: Apache-2.0
-- Expected sets: what the work itself explains, and who is who in it.

-- What a written resource explains: its version's ties, replaced by the next version's.
create table warden.tie (
  organisation  integer not null references warden.organisation (number),
  type          text collate "C" not null,
  id            text collate "C" not null,
  patient       text collate "C" not null,
  who           text collate "C" not null,
  kind          text not null,
  valid_from    bigint not null,
  valid_until   bigint not null,
  made_by       text collate "C" not null,
  primary key (organisation, type, id, patient, who, kind, valid_from)
);
create index tie_of_patient on warden.tie (organisation, patient);
create index tie_by_end on warden.tie (valid_until);
grant select, insert, delete on warden.tie to wardkeep_warden;

-- Who is who: a Practitioner is an account, a Location or a CareTeam is a team's.
create table warden.stands_for (
  organisation  integer not null references warden.organisation (number),
  reference     text collate "C" not null,
  account       uuid references warden.account (id),
  team          uuid references warden.team (id),
  set_at        timestamptz not null,
  check ((account is null) <> (team is null))
);
create unique index stands_for_one_account on warden.stands_for (organisation, reference)
  where account is not null;
create unique index stands_for_a_team_once on warden.stands_for (team, reference)
  where team is not null;
create index stands_for_account on warden.stands_for (account) where account is not null;
grant select, insert, update, delete on warden.stands_for to wardkeep_warden;

-- A shift: a place in a team for a while.
alter table warden.team_member add column valid_from timestamptz;
alter table warden.team_member add column valid_until timestamptz;

-- Whether a patient is here: ties told with the keys of a new patient are not taken for
-- one who is known, or whoever may register patients would write into anybody's care.
grant select (organisation, id) on record.patient to wardkeep_search;
create policy search_knows_who_is_here on record.patient
  for select to wardkeep_search using (true);
create function record.patients_here(asked_in integer, named text[])
returns table (id text)
language sql stable security definer set search_path = pg_catalog
as $$
  select here.id from record.patient as here
   where here.organisation = asked_in and here.id = any(named)
$$;
revoke all on function record.patients_here(integer, text[]) from public;
grant execute on function record.patients_here(integer, text[]) to wardkeep_warden;
grant create on schema record to wardkeep_search;
alter function record.patients_here(integer, text[]) owner to wardkeep_search;
revoke create on schema record from wardkeep_search;
