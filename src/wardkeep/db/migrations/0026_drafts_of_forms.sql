-- SPDX-License-Identifier: Apache-2.0
-- Drafts of more than notes: letters, plans, entries. A form's draft lies where a note's
-- does, sealed in the same way, so that erasure and new keys take it along as they do.

alter table record.note_draft
  add column kind text not null default 'note'
      check (kind ~ '^[a-z][a-z-]{0,39}$'),
  add column type text not null default 'Composition'
      check (type ~ '^[A-Z][A-Za-z]{0,63}$');

-- A form that nobody typed into has a key and no text: it is forgotten after two days.
-- One that ended a week ago is in the record or was thrown away; one of whose words nobody
-- wrote any for thirty days is what no retention rule would keep. Drafts of what is signed stay: of notes and of assessments.
create function record.forget_drafts(at_moment timestamptz) returns void
language plpgsql security definer set search_path = pg_catalog as $$
declare
  kept_in integer;
  due uuid[];
begin
  for kept_in in select o.number from warden.organisation as o loop
    perform set_config('wardkeep.organisation', kept_in::text, true);
    select coalesce(array_agg(d.id), '{}') into due from record.note_draft as d
     where d.organisation = kept_in and d.kind not in ('note', 'assessment')
       and (d.ended_at < at_moment - interval '7 days'
            or d.saved_at < at_moment - interval '30 days'
            or (d.saved_at < at_moment - interval '2 days' and not exists (
                 select from record.note_text as t where t.draft = d.id)));
    delete from record.note_text as t where t.draft = any (due);
    delete from record.note_draft as d where d.id = any (due);
  end loop;
end $$;
revoke all on function record.forget_drafts(timestamptz) from public;
grant execute on function record.forget_drafts(timestamptz) to wardkeep_worker;
