-- SPDX-License-Identifier: Apache-2.0
-- People whom an organisation's own directory names to us (SCIM 2.0), and what became
-- of each: it waits for a person's yes before there is an account.

create table warden.provisioned (
  id            uuid primary key,
  organisation  integer not null references warden.organisation (number),
  user_name     text not null,
  external_id   text not null default '',
  display_name  text not null,
  role          text not null,
  is_active     boolean not null,
  request       uuid references warden.rights_request (id),
  change        uuid references warden.rights_request (id),
  version       integer not null default 1,
  created_at    timestamptz not null,
  changed_at    timestamptz not null,
  deleted_at    timestamptz
);
create unique index provisioned_user_name
  on warden.provisioned (organisation, lower(user_name)) where deleted_at is null;

grant select, insert, update on warden.provisioned to wardkeep_warden;
