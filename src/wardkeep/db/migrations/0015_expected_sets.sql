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
