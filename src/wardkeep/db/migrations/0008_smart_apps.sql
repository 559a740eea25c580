-- SPDX-License-Identifier: Apache-2.0
-- Apps that act for a person: what is registered, what was consented to, and hashes of
-- what was handed out. No code and no token stands here, only its SHA-256.

-- Whether programs and apps of the organisation must prove their key with each use.
alter table warden.organisation add column requires_dpop boolean not null default false;

-- The key that a program's token is bound to (RFC 9449, 6.1); null: a bearer token.
alter table warden.session add column key_thumbprint text;

create table warden.app (
  id            uuid primary key,
  organisation  integer not null references warden.organisation (number),
  name          text not null,
  redirect_uris text[] not null,
  launch_url    text not null default '',
  scope         text not null,
  patients_per_hour integer not null check (patients_per_hour >= 0),
  is_resource_server boolean not null default false,
  created_at    timestamptz not null,
  ended_at      timestamptz
);
create index app_of_organisation on warden.app (organisation);

-- Public keys of a confidential app; one without any is public.
create table warden.app_key (
  app           uuid not null references warden.app (id),
  key_id        text not null,
  public_jwk    text not null,
  created_at    timestamptz not null,
  primary key (app, key_id)
);

-- One consent, and the one code that was given for it.
create table warden.app_grant (
  id            uuid primary key,
  app           uuid not null references warden.app (id),
  account       uuid not null references warden.account (id),
  organisation  integer not null references warden.organisation (number),
  role          text not null,
  scope         text not null,
  patient       text not null,
  purpose       text not null,
  reason        text not null,
  session       bytea not null,
  code_hash     bytea not null unique,
  code_until    timestamptz not null,
  code_used_at  timestamptz,
  challenge     text not null,
  redirect_uri  text not null,
  nonce         text not null,
  key_thumbprint text not null,
  signed_in_at  timestamptz not null,
  created_at    timestamptz not null,
  expires_at    timestamptz not null,
  last_used_at  timestamptz,
  ended_at      timestamptz,
  ended_because text
);
create index app_grant_of_account on warden.app_grant (account) where ended_at is null;
create index app_grant_of_app on warden.app_grant (app) where ended_at is null;

-- Each refresh token is good once; one that comes again ends the grant.
create table warden.refresh_token (
  token_hash    bytea primary key,
  app_grant     uuid not null references warden.app_grant (id),
  created_at    timestamptz not null,
  used_at       timestamptz
);
create index refresh_token_of_grant on warden.refresh_token (app_grant);

-- Keys that sign id_tokens (ES256); the private half is sealed by the root key.
create table warden.signing_key (
  id            text primary key,
  sealed_key    bytea not null,
  created_at    timestamptz not null,
  retired_at    timestamptz
);

grant select, insert, update on
  warden.app, warden.app_key, warden.app_grant, warden.refresh_token,
  warden.signing_key
  to wardkeep_warden;
