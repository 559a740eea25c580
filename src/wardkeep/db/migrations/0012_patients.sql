-- SPDX-License-Identifier: Apache-2.0
-- Patients who sign in: an account is one person's, for one record of one organisation.

create table warden.own_record (
  account       uuid primary key references warden.account (id),
  organisation  integer not null references warden.organisation (number),
  patient       text collate "C" not null,
  created_at    timestamptz not null
);
create index own_record_of_patient on warden.own_record (organisation, patient);
grant select, insert on warden.own_record to wardkeep_warden;

-- Whom a proven NHS number and birth date name. Only the warden asks, with tokens that
-- it makes itself, so that the web process cannot say which record is somebody's; it
-- hears ids and reads nothing. 103 is the type's number for Patient.
create function record.people_with(asked_in integer, wanted bigint[])
returns table (id bytea)
language sql stable security definer set search_path = pg_catalog
as $$
  select found.id
    from record.resource as found
   where found.organisation = asked_in
     and found.type = 103
     and found.tokens @> wanted
     and not found.is_deleted
   limit 2
$$;
revoke all on function record.people_with(integer, bigint[]) from public;
grant execute on function record.people_with(integer, bigint[]) to wardkeep_warden;
grant create on schema record to wardkeep_search;
alter function record.people_with(integer, bigint[]) owner to wardkeep_search;
revoke create on schema record from wardkeep_search;
