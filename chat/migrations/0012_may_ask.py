from django.db import migrations

# As chat.assistants.models.AssistantQuerySet.usable_by, for one assistant and one person.
FUNCTION = """
create function chat_may_ask(asked uuid, asker uuid, is_admin boolean) returns boolean
language plpgsql stable parallel safe set search_path = pg_catalog, public, pg_temp as $$
begin
  return exists (
    select 1 from chat_assistant a
    where a.id = asked and a.is_active and a.archived_at is null and (
      a.is_open or is_admin
      or exists (select 1 from chat_assistant_users u
                 where u.assistant_id = a.id and u.user_id = asker)
      or exists (select 1 from chat_assistant_groups g join accounts_membership m using (group_id)
                 where g.assistant_id = a.id and m.user_id = asker)));
end $$
"""


class Migration(migrations.Migration):
    dependencies = [("chat", "0011_data_exports")]

    operations = [
        migrations.RunSQL(FUNCTION, "drop function chat_may_ask(uuid, uuid, boolean)"),
    ]
