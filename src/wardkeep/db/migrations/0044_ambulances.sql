-- SPDX-License-Identifier: Apache-2.0
-- A request for an ambulance as a message: which partner sends them, which message it
-- is, and how far it came (docs/formats/database.md).

-- One partner an organisation sends its ambulances.
alter table bars.partner add column sends_ambulances boolean not null default false;
create unique index partner_sends_ambulances on bars.partner (organisation)
  where sends_ambulances;

-- The place in a queue for which a message asks for an ambulance. It is made ready with
-- the act that reaches the disposition, and in reserve with a request to look again; it
-- goes only where one is asked for.
alter table bars.outgoing
  add column entry text collate "C" not null default '';
alter table bars.outgoing drop constraint outgoing_sort_check;
alter table bars.outgoing
  add constraint outgoing_sort_check
    check (sort in ('', 'referral', 'validation', 'booking', 'withdrawal',
                    'cancellation', 'answer', 'ambulance'));
create index outgoing_ambulance on bars.outgoing (organisation, entry)
  where sort = 'ambulance';

-- From when it may have left, and cannot be stopped; the one message that goes; and
-- that it was refused, with the code alone.
alter table urgent.dispatch
  add column begun_at   timestamptz,
  add column refused_at timestamptz,
  add column message    text collate "C" not null default '',
  add column refusal    text not null default '';

-- By when somebody is to be seen: of two emergencies the one that is due first stands
-- first.
alter table referral.listed add column due_at timestamptz;
