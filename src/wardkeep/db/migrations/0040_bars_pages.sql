-- SPDX-License-Identifier: Apache-2.0
-- Referring and booking from a page: what a partner takes, what a message was for, and
-- questions that a partner is asked in the moment (docs/formats/database.md).

alter table bars.partner
  add column takes     text[] not null default '{}',
  add column books     boolean not null default false,
  add column validates boolean not null default false,
  add column least_age smallint not null default 0 check (least_age between 0 and 150),
  add column most_age  smallint not null default 150
    check (most_age between least_age and 150);

-- What a message is for; which one it takes back; the time that a booking is for; the
-- CarePlan in which an answer lies; and who has read what came of it.
alter table bars.outgoing
  add column starts_at timestamptz,
  add column read_at   timestamptz,
  add column kind      text not null default ''
    check (kind in ('', 'referral', 'validation', 'booking', 'withdrawal',
                    'cancellation', 'answer')),
  add column follows   text collate "C" not null default '',
  add column slot      text collate "C" not null default '',
  add column plan      text collate "C" not null default '',
  add column read_by   text not null default '';
create index outgoing_to_read on bars.outgoing (organisation, made_at)
  where read_at is null and kind not in ('', 'answer')
    and (sent_at is null or refused_at is not null or unanswered_at is not null
         or answered_at is not null or answer <> '');

-- A partner is asked for its free times, or how a booking stands there. The worker asks,
-- for the key is its own; what it was told lies here for minutes and for one page.
create table bars.question (
  asked_at      timestamptz not null,
  answered_at   timestamptz,
  organisation  integer not null,
  question      text collate "C" not null,
  partner       text collate "C" not null,
  kind          text not null check (kind in ('times', 'appointment')),
  argument      text collate "C" not null default '',
  answer        text not null default '',
  failure       text not null default '',
  primary key (organisation, question)
);
create index question_asked on bars.question (organisation, asked_at);
alter table bars.question enable row level security;
alter table bars.question force row level security;
create policy one_organisation on bars.question
  using (organisation = record.served_organisation())
  with check (organisation = record.served_organisation());

grant update (plan, read_at, read_by) on bars.outgoing to wardkeep_web;
grant select, insert on bars.question to wardkeep_web;
grant select, update, delete on bars.question to wardkeep_worker;
