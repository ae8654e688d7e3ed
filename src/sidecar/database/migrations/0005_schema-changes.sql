-- Schemas of the tenants' sources as they were when they were last looked at: names and types, never data.

create table tenantry.source_schemas (
  tenant text not null,
  integration text not null,
  source_id text not null,
  streams jsonb not null,
  -- SHA-256 of `streams`.
  fingerprint text not null,
  looked_at timestamptz not null,
  -- What it was before a breaking change that nobody has accepted; null where there is none.
  before_break jsonb,
  broken_at timestamptz,
  primary key (tenant, integration)
);

create table tenantry.schema_changes (
  id uuid primary key default gen_random_uuid(),
  tenant text not null,
  integration text not null,
  stream text not null,
  kind text not null
    check (kind in ('stream_added', 'stream_removed', 'field_added', 'field_removed', 'field_type_changed')),
  -- Path with dots; null where the whole stream changed.
  field text,
  is_breaking boolean not null,
  noticed_at timestamptz not null
);
create index schema_changes_newest on tenantry.schema_changes (tenant, integration, noticed_at desc);

do $$
declare
  name text;
begin
  foreach name in array array['source_schemas', 'schema_changes'] loop
    execute format('alter table tenantry.%I enable row level security', name);
    execute format('alter table tenantry.%I force row level security', name);
    execute format(
      'create policy own_tenant on tenantry.%I to tenantry_sidecar
         using (tenant = nullif(current_setting(''tenantry.tenant'', true), ''''))', name);
    execute format('create policy every_tenant on tenantry.%I to tenantry_platform using (true)', name);
  end loop;
end $$;

grant select, insert, update on tenantry.source_schemas to tenantry_sidecar, tenantry_platform;
grant select, insert, delete on tenantry.schema_changes to tenantry_sidecar, tenantry_platform;
