-- SPDX-License-Identifier: Apache-2.0
-- What an answer to a validation means, read by code; who asked a partner something; and
-- a call that the repeat caller service is asked to forget (docs/formats/database.md).

alter table bars.outgoing
  add column outcome  text collate "C" not null default ''
    check (outcome in ('', 'in-progress', 'rejected', 'up', 'down', 'unchanged',
                       'hear-and-treat', 'referred-on', 'lifted', 'closed',
                       'did-not-attend', 'was-not-brought')),
  add column why      text collate "C" not null default '',
  add column category text collate "C" not null default ''
    check (category in ('', 'C1', 'C2', 'C3', 'C4'));
grant update (outcome, why, category) on bars.outgoing to wardkeep_web;

-- A word of a call that was about somebody else is taken back by a second one.
alter table bars.outgoing drop constraint outgoing_kind_check;
alter table bars.outgoing
  add constraint outgoing_kind_check
    check (kind in ('message', 'document', 'repeat-call', 'repeat-call-back'));

-- Whoever asks a partner is paced by their own account: one that is stolen silences none
-- of its colleagues.
alter table bars.question add column asker text collate "C" not null default '';
create index question_by on bars.question (organisation, asker, asked_at);
