-- SPDX-License-Identifier: Apache-2.0
-- Booking and referral by message: what came and what was sent, each exactly once.
-- Ids, codes and times alone: no name, nothing clinical (docs/formats/database.md).

create schema bars;

-- A message that was taken in, in the transaction of what it wrote.
create table bars.received (
  received_at   timestamptz not null,
  client        uuid not null,
  organisation  integer not null,
  message       text collate "C" not null,
  request       text collate "C" not null,
  event         text not null,
  primary key (organisation, client, message)
);
create index received_lately on bars.received (organisation, client, received_at);
-- Also what is sent again under another Bundle's id is the same request.
create unique index received_request on bars.received (organisation, client, request);

-- What a sender may see and change of us: what its own messages brought.
create table bars.brought (
  patient       bigint not null references record.patient (number),
  client        uuid not null,
  organisation  integer not null,
  type          text not null check (type in ('ServiceRequest', 'Appointment')),
  resource      text collate "C" not null,
  message       text collate "C" not null,
  primary key (organisation, type, resource)
);
create index brought_of_patient on bars.brought (patient);

-- To whom we send: a service of another organisation, where it is, as which client we
-- sign in there (our key is a file), and by which account of ours it answers.
create table bars.partner (
  changed_at    timestamptz not null,
  organisation  integer not null,
  service       text collate "C" not null,
  system        text not null,
  name          text not null,
  endpoint      text not null,
  token_url     text not null,
  client        text not null,
  account       text not null,
  is_active     boolean not null default true,
  primary key (organisation, service)
);

-- What is to be sent, until it was: the message itself is a Communication of the record.
create table bars.outgoing (
  patient       bigint not null references record.patient (number),
  made_at       timestamptz not null,
  answer_by     timestamptz,
  sent_at       timestamptz,
  refused_at    timestamptz,
  answered_at   timestamptz,
  unanswered_at timestamptz,
  organisation  integer not null,
  message       text collate "C" not null,
  request       text collate "C" not null,
  communication text collate "C" not null,
  about         text collate "C" not null,
  partner       text collate "C" not null,
  answer        text collate "C" not null default '',
  there         text collate "C" not null default '',
  last_error    text not null default '',
  attempts      integer not null default 0,
  primary key (organisation, message),
  foreign key (organisation, partner) references bars.partner (organisation, service)
);
create index outgoing_of_patient on bars.outgoing (patient);
create index outgoing_about on bars.outgoing (organisation, about);
create index outgoing_unanswered on bars.outgoing (organisation, answer_by)
  where answered_at is null and answer_by is not null;

do $$
declare guarded text;
begin
  foreach guarded in array array['received', 'brought', 'partner', 'outgoing'] loop
    execute format('alter table bars.%I enable row level security', guarded);
    execute format('alter table bars.%I force row level security', guarded);
    execute format(
      'create policy one_organisation on bars.%I
         using (organisation = record.served_organisation())
         with check (organisation = record.served_organisation())', guarded);
  end loop;
end $$;

-- As in 0027: nobody who was erased gets a row.
do $$
declare guarded text;
begin
  foreach guarded in array array['brought', 'outgoing'] loop
    execute format(
      'create trigger erased_stay_erased after insert on bars.%I
         referencing new table as fresh for each statement
         execute function record.refuse_for_erased()', guarded);
  end loop;
end $$;

-- An erasure takes along what stands here of the person; that a message came stays.
create function bars.forget_person() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
  delete from bars.brought where patient = new.number;
  delete from bars.outgoing where patient = new.number;
  return null;
end $$;
revoke all on function bars.forget_person() from public;
create trigger bars_forgets_whom_an_erasure_took after update on record.patient
  for each row when (old.record_key <> '' and new.record_key = '')
  execute function bars.forget_person();

-- Where an Appointment (5), ServiceRequest (124) or Communication (23) is destroyed.
create function bars.forget() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
declare gone text := clinic.id_text(old.id);
begin
  if old.type = 23 then
    delete from bars.outgoing
     where organisation = old.organisation and communication = gone;
  else
    delete from bars.brought where organisation = old.organisation and resource = gone
       and type = case when old.type = 5 then 'Appointment' else 'ServiceRequest' end;
  end if;
  return null;
end $$;
revoke all on function bars.forget() from public;
create trigger bars_forgets after delete on record.resource
  for each row when (old.type in (5, 23, 124)) execute function bars.forget();

grant usage on schema bars to wardkeep_web, wardkeep_worker;
grant select, insert on bars.received, bars.brought, bars.outgoing to wardkeep_web;
grant update (answered_at, answer) on bars.outgoing to wardkeep_web;
grant select on bars.partner to wardkeep_web;
grant select on bars.received, bars.brought to wardkeep_worker;
grant select, insert, update on bars.partner to wardkeep_worker;
grant select, update on bars.outgoing to wardkeep_worker;
