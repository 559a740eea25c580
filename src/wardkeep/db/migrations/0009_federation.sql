-- SPDX-License-Identifier: Apache-2.0
-- Identity providers (OpenID Connect) of organisations, and whose identity is whose.

create table warden.identity_provider (
  id            uuid primary key,
  organisation  integer not null references warden.organisation (number),
  kind          text not null check (kind in ('openid', 'cis2', 'nhs-login')),
  name          text not null,
  issuer        text not null,
  client_id     text not null,
  wrapped_key   bytea not null,
  sealed_private_key bytea not null,
  created_at    timestamptz not null,
  ended_at      timestamptz
);

-- An account, as an identity provider names its owner.
create table warden.linked_identity (
  id            uuid primary key,
  provider      uuid not null references warden.identity_provider (id),
  subject       text not null,
  account       uuid not null references warden.account (id),
  created_at    timestamptz not null,
  ended_at      timestamptz
);
create unique index linked_identity_once
  on warden.linked_identity (provider, subject) where ended_at is null;
create index linked_identity_of_account
  on warden.linked_identity (account) where ended_at is null;

-- Which sign-in elsewhere a session came from: a logout there ends it here.
alter table warden.session
  add column provider uuid references warden.identity_provider (id),
  add column provider_session text,
  add column provider_subject text;

grant select, insert, update on warden.identity_provider, warden.linked_identity
  to wardkeep_warden;
