-- SPDX-License-Identifier: Apache-2.0
-- Referrals and caseloads: which team has whom on its list, since when, how far it is.
-- Ids, codes and days alone: no name, no reason (docs/formats/database.md).

create schema referral;

-- What a ServiceRequest to a team says that a list finds it by; written with each version.
create table referral.listed (
  patient       bigint not null references record.patient (number),
  changed_at    timestamptz not null,
  organisation  integer not null,
  received_on   date not null,
  stopped_on    date,
  request       text collate "C" not null,
  team          text collate "C" not null,
  requester     text collate "C" not null default '',
  priority      text not null check (priority in ('routine', 'urgent', 'emergency')),
  state         text not null
    check (state in ('new', 'triage', 'asked', 'accepted', 'allocated', 'seen',
                     'declined', 'withdrawn', 'discharged', 'mistake')),
  primary key (organisation, request)
);
create index listed_of_team on referral.listed (organisation, team, state, received_on);
create index listed_of_requester on referral.listed (organisation, requester)
  where requester <> '';
create index listed_of_patient on referral.listed (patient);

-- What an EpisodeOfCare says: whose caseload somebody is on.
create table referral.episode (
  patient       bigint not null references record.patient (number),
  organisation  integer not null,
  began_on      date not null,
  is_open       boolean not null,
  episode       text collate "C" not null,
  team          text collate "C" not null default '',
  worker        text collate "C" not null default '',
  primary key (organisation, episode)
);
create index episode_of_team on referral.episode (organisation, team) where is_open;
create index episode_of_worker on referral.episode (organisation, worker) where is_open;
create index episode_of_patient on referral.episode (patient);

-- A hand-over: whose care goes to whom, planned before it is signed, done one by one.
create table referral.hand_over (
  id            uuid primary key,
  undoes        uuid unique references referral.hand_over (id),
  made_by       uuid not null,
  made_at       timestamptz not null,
  organisation  integer not null,
  from_team     text collate "C" not null
);
create table referral.hand_over_item (
  hand_over     uuid not null references referral.hand_over (id),
  patient       bigint not null references record.patient (number),
  done_at       timestamptz,
  organisation  integer not null,
  episode       text collate "C" not null,
  was_team      text collate "C" not null,
  was_worker    text collate "C" not null,
  to_team       text collate "C" not null,
  to_worker     text collate "C" not null,
  outcome       text not null default ''
    check (outcome in ('', 'moved', 'changed', 'refused')),
  primary key (hand_over, episode)
);
create index hand_over_item_of_patient on referral.hand_over_item (patient);

do $$
declare guarded text;
begin
  foreach guarded in array array['listed', 'episode', 'hand_over', 'hand_over_item'] loop
    execute format('alter table referral.%I enable row level security', guarded);
    execute format('alter table referral.%I force row level security', guarded);
    execute format(
      'create policy one_organisation on referral.%I
         using (organisation = record.served_organisation())
         with check (organisation = record.served_organisation())', guarded);
  end loop;
end $$;

-- As in 0027: whoever planned a hand-over a moment before names nobody who was erased.
do $$
declare guarded text;
begin
  foreach guarded in array array['listed', 'episode', 'hand_over_item'] loop
    execute format(
      'create trigger erased_stay_erased after insert on referral.%I
         referencing new table as fresh for each statement
         execute function record.refuse_for_erased()', guarded);
  end loop;
end $$;

-- Where a ServiceRequest (124) or EpisodeOfCare (48) is destroyed, by an erasure or
-- because it was kept for long enough, what stands here of it goes with it.
create function referral.forget() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
declare gone text := clinic.id_text(old.id);
begin
  if old.type = 124 then
    delete from referral.listed where organisation = old.organisation and request = gone;
  else
    delete from referral.episode where organisation = old.organisation and episode = gone;
    delete from referral.hand_over_item
     where organisation = old.organisation and episode = gone;
  end if;
  return null;
end $$;
revoke all on function referral.forget() from public;
create trigger referral_forgets after delete on record.resource
  for each row when (old.type in (48, 124)) execute function referral.forget();

grant usage on schema referral to wardkeep_web, wardkeep_worker;
grant select, insert, update on referral.listed, referral.episode
  to wardkeep_web, wardkeep_worker;
grant select, insert on referral.hand_over, referral.hand_over_item to wardkeep_web;
grant update (done_at, outcome) on referral.hand_over_item to wardkeep_web;
