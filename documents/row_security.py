"""The second wall: PostgreSQL itself hides what the asker may not read.

Every query through a table listed here is narrowed by the setting `lontar.reader`:

- a user's id: what that user may read, by the same rule as `Collection.objects.visible_to`;
- `system`: everything, for work that nobody asked for by name (workers, the admin, migrations);
- nothing: nothing. Django's connections begin as `system` (config/settings.py), others do not.

Only `system` writes. FORCE makes the table's owner subject to it too; superusers and roles with
BYPASSRLS are not, and documents/checks.py says so. See docs/adr/0012.
"""

FUNCTIONS = """
create or replace function lontar_reader() returns uuid
language sql stable parallel safe set search_path = pg_catalog, public, pg_temp as $$
  select nullif(nullif(current_setting('lontar.reader', true), ''), 'system')::uuid
$$;

create or replace function lontar_is_system() returns boolean
language sql stable parallel safe set search_path = pg_catalog, public, pg_temp as $$
  select coalesce(current_setting('lontar.reader', true) = 'system', false)
$$;

create or replace function lontar_reads_all() returns boolean
language sql stable parallel safe set search_path = pg_catalog, public, pg_temp as $$
  select lontar_is_system() or exists (
    select 1 from accounts_user
    where id = lontar_reader() and is_active and role in ('admin', 'superadmin'))
$$;

create or replace function lontar_reads() returns uuid[]
language sql stable parallel safe set search_path = pg_catalog, public, pg_temp as $$
  with me as materialized (
    select id from accounts_user where id = lontar_reader() and is_active)
  select coalesce(array_agg(readable.id), '{}') from me, lateral (
    select c.id from documents_collection c where c.is_open
    union select c.id from documents_collection c where c.owner_id = me.id
    union select s.collection_id from documents_share s where s.user_id = me.id
    union select g.collection_id from documents_collection_groups g
      join accounts_membership m on m.group_id = g.group_id where m.user_id = me.id) readable
$$;
"""
DROP_FUNCTIONS = """
drop function lontar_reads(); drop function lontar_reads_all();
drop function lontar_is_system(); drop function lontar_reader();
"""

ME = """
create or replace function lontar_me() returns uuid
language sql stable parallel safe set search_path = pg_catalog, public, pg_temp as $$
  select id from accounts_user where id = lontar_reader() and is_active
$$;
"""
DROP_ME = "drop function lontar_me();"

# The subselects make PostgreSQL ask once a query instead of once a row.
# Collections themselves: the rule is written out, for lontar_reads() asks this table.
COLLECTION = """(
  is_open and (select lontar_me()) is not null
  or owner_id = (select lontar_me())
  or id in (select collection_id from documents_share where user_id = (select lontar_me()))
  or id in (select g.collection_id from documents_collection_groups g
            join accounts_membership m using (group_id) where m.user_id = (select lontar_me())))"""
BY_SOURCE = "exists (select 1 from documents_websource s where s.id = source_id)"
BY_COLLECTION = "collection_id = any ((select lontar_reads())::uuid[])"
BY_DOCUMENT = "exists (select 1 from documents_document d where d.id = document_id)"
ALL = "(select lontar_reads_all())"
SYSTEM = "(select lontar_is_system())"


def protect(table: str, readable: str = "") -> str:
    """SQL that puts a table behind the wall; `readable` is what others than `system` may see."""
    read = f"{ALL} or {readable}" if readable else SYSTEM
    return f"""
alter table {table} enable row level security;
alter table {table} force row level security;
create policy read on {table} for select using ({read});
create policy add on {table} for insert with check ({SYSTEM});
create policy change on {table} for update using ({SYSTEM}) with check ({SYSTEM});
create policy remove on {table} for delete using ({SYSTEM});
"""


def expose(table: str) -> str:
    """The reverse of `protect`."""
    drops = "".join(f"drop policy {p} on {table};\n" for p in ("read", "add", "change", "remove"))
    return f"""
{drops}alter table {table} no force row level security;
alter table {table} disable row level security;
"""
