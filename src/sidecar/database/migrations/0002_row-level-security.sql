-- Who may do what with the platform tables. tenantry_sidecar works for one tenant at a time, the one of the setting
-- tenantry.tenant; without it, it sees nothing and writes nothing. tenantry_platform works for all tenants. The roles
-- themselves are made before the migrations, because roles belong to the whole cluster.

revoke all on schema tenantry from public;
grant usage on schema tenantry to tenantry_sidecar, tenantry_platform, tenantry_retention;

do $$
declare
  name text;
begin
  foreach name in array array[
    'installations', 'oauth_states', 'connect_links', 'refresh_leases', 'api_keys', 'sessions', 'token_access_log',
    'usage_minutes', 'usage_days', 'webhook_endpoints', 'webhook_events', 'webhook_deliveries', 'sync_runs'
  ] loop
    execute format('alter table tenantry.%I enable row level security', name);
    execute format('alter table tenantry.%I force row level security', name);
    -- A setting that was SET LOCAL is '' after its transaction, not null; neither is a tenant.
    execute format(
      'create policy own_tenant on tenantry.%I to tenantry_sidecar
         using (tenant = nullif(current_setting(''tenantry.tenant'', true), ''''))', name);
    execute format('create policy every_tenant on tenantry.%I to tenantry_platform using (true)', name);
  end loop;
  foreach name in array array['queue_workers', 'notice_key'] loop
    execute format('alter table tenantry.%I enable row level security', name);
    execute format('alter table tenantry.%I force row level security', name);
  end loop;
end $$;

grant select, insert, update on
  tenantry.installations, tenantry.oauth_states, tenantry.connect_links, tenantry.refresh_leases,
  tenantry.usage_minutes, tenantry.usage_days, tenantry.webhook_deliveries, tenantry.sync_runs
  to tenantry_sidecar, tenantry_platform;
grant select, insert, update, delete on tenantry.sessions, tenantry.webhook_endpoints
  to tenantry_sidecar, tenantry_platform;

-- Whose a key is, what it may do and its hash never change.
grant select, insert, update (name, expires_at, last_used_at, revoked_at) on tenantry.api_keys
  to tenantry_sidecar, tenantry_platform;

-- What came in and who used what is only added to.
grant select, insert on tenantry.webhook_events, tenantry.token_access_log to tenantry_sidecar, tenantry_platform;

-- Retention.
grant delete on tenantry.oauth_states, tenantry.connect_links, tenantry.usage_minutes, tenantry.webhook_events
  to tenantry_platform;

grant select on tenantry.notice_key to tenantry_platform;
create policy every_row on tenantry.notice_key to tenantry_platform using (true);

-- The queue's role sees of the platform tables only who works off the queue.
grant usage on schema tenantry to tenantry_queue;
grant select, insert, update, delete on tenantry.queue_workers to tenantry_queue;
create policy every_row on tenantry.queue_workers to tenantry_queue using (true);

-- The audit can be shortened by this function only, and never by its last 30 days.
grant select, delete on tenantry.token_access_log to tenantry_retention;
create policy what_is_old on tenantry.token_access_log to tenantry_retention using (at < now() - interval '30 days');

create function tenantry.purge_token_access_log(before timestamptz, most integer) returns bigint
  language sql volatile security definer
  set search_path = pg_catalog, pg_temp
as $$
  with gone as (
    delete from tenantry.token_access_log
    where ctid = any (array(select ctid from tenantry.token_access_log where at < before limit most))
    returning 1
  )
  select count(*) from gone
$$;
revoke all on function tenantry.purge_token_access_log from public;
grant execute on function tenantry.purge_token_access_log to tenantry_platform;
grant create on schema tenantry to tenantry_retention;
alter function tenantry.purge_token_access_log owner to tenantry_retention;
revoke create on schema tenantry from tenantry_retention;
