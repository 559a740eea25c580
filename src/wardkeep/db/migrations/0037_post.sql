-- SPDX-License-Identifier: Apache-2.0
-- What goes out when a call has ended, by the way that messages go (0036): a surgery's
-- document, once a journey, and what the repeat caller service is told of a call. Ids,
-- codes and times alone (docs/formats/database.md).

alter table bars.partner
  add column kind text not null default 'service' check (kind in ('service', 'surgery')),
  add column tells_surgery boolean not null default false;

-- A surgery may be named by a record before anybody says where it is.
alter table bars.outgoing drop constraint outgoing_organisation_partner_fkey;
alter table bars.outgoing
  add column kind text not null default 'message'
    check (kind in ('message', 'document', 'repeat-call')),
  add column send_after timestamptz,
  add column useless_at timestamptz,
  add column begun_at   timestamptz,
  add column held_at    timestamptz,
  add column dropped_at timestamptz,
  add column requests   text[] not null default '{}';
-- One a journey; one that was dropped before it went counts for none.
create unique index outgoing_one_a_journey on bars.outgoing (organisation, kind, about)
  where kind <> 'message' and dropped_at is null;
-- What somebody has to look at.
create index outgoing_to_surgeries on bars.outgoing (organisation, made_at)
  where kind = 'document' and dropped_at is null and sent_at is null;

grant update (send_after, held_at, dropped_at, refused_at, sent_at, last_error)
  on bars.outgoing to wardkeep_web;
