-- The platform tables of the sidecar. Every table has row-level security (0002); the roles that the sidecar works as own
-- none of them, so that it cannot be switched off.

-- One account of a tenant at a provider. At most one that is not revoked for each tenant and integration.
create table tenantry.installations (
  id uuid primary key default gen_random_uuid(),
  tenant text not null,
  integration text not null,
  status text not null check (status in ('active', 'suspended', 'revoked')),
  -- The organisation or workspace at the provider, and the provider's id of the installation.
  external_org_id text,
  external_org_name text,
  external_install_id text,
  scopes text[] not null default '{}',
  permissions jsonb not null default '{}',
  installed_by text,
  metadata jsonb not null default '{}',
  -- Transit cipher text; the secret that this installation's webhooks are signed with, where it has its own.
  webhook_secret text,
  -- State of the credential, for who may not look into Vault.
  credential_state text not null default 'active'
    check (credential_state in ('active', 'expired', 'needs_reauthorization', 'revoked')),
  credential_version bigint,
  reason_code text,
  reason_message text,
  expires_at timestamptz,
  last_refreshed_at timestamptz,
  next_refresh_at timestamptz,
  refresh_failures integer not null default 0,
  last_used_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  revoked_at timestamptz
);
create unique index installations_live on tenantry.installations (tenant, integration) where status <> 'revoked';
-- An account at a provider belongs to one tenant: its webhooks and tokens must not reach another.
create unique index installations_external on tenantry.installations (integration, external_install_id)
  where status <> 'revoked' and external_install_id is not null;
create index installations_org on tenantry.installations (integration, external_org_id) where status <> 'revoked';

-- A flow that was begun. The state and the browser's cookie are kept as SHA-256 only; the PKCE verifier as Transit
-- cipher text of the tenant's key.
create table tenantry.oauth_states (
  id uuid primary key default gen_random_uuid(),
  tenant text not null,
  integration text not null,
  state_hash bytea not null unique,
  browser_hash bytea not null,
  verifier text not null,
  redirect_uri text not null,
  scopes text[] not null,
  -- Where the person is sent afterwards (allow-listed), or the origin of the window that opened the popup.
  return_to text,
  opener_origin text,
  actor text not null,
  status text not null default 'pending' check (status in ('pending', 'exchanging', 'complete', 'failed')),
  error_code text,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz
);
create index oauth_states_expiry on tenantry.oauth_states (expires_at);

-- A link that a person opens to connect; good for one use. Kept as SHA-256 only.
create table tenantry.connect_links (
  id uuid primary key default gen_random_uuid(),
  tenant text not null,
  integration text not null,
  token_hash bytea not null unique,
  return_to text,
  opener_origin text,
  actor text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz,
  -- The flow that the link began, so that who made the link can ask how it went.
  flow uuid
);
create index connect_links_expiry on tenantry.connect_links (expires_at);

-- The right to refresh one credential, with a number that grows with each holder, and the record made before a call.
create table tenantry.refresh_leases (
  tenant text not null,
  integration text not null,
  fence bigint not null default 0,
  holder text,
  held_until timestamptz,
  -- KV version whose refresh token was sent to the provider and whose answer is not stored yet.
  calling_version bigint,
  calling_since timestamptz,
  calling_fence bigint,
  primary key (tenant, integration)
);

create table tenantry.api_keys (
  id text primary key,
  -- Null: a key of the platform.
  tenant text,
  name text not null,
  role text not null check (role in ('admin', 'tenant-admin', 'app', 'viewer')),
  secret_hash bytea not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  check (tenant is not null or role = 'admin')
);
create index api_keys_tenant on tenantry.api_keys (tenant);

create table tenantry.sessions (
  id_hash bytea primary key,
  tenant text,
  caller jsonb not null,
  csrf_hash bytea not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index sessions_expiry on tenantry.sessions (expires_at);

create table tenantry.token_access_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  tenant text not null,
  integration text not null,
  action text not null,
  actor text not null,
  request_id text,
  outcome text not null,
  detail text
);
create index token_access_log_tenant on tenantry.token_access_log (tenant, at desc);
-- The whole table is in the order of time: a few pages suffice to find what is old.
create index token_access_log_at on tenantry.token_access_log using brin (at);

create table tenantry.usage_minutes (
  tenant text not null,
  minute timestamptz not null,
  calls bigint not null default 0,
  primary key (tenant, minute)
);
create index usage_minutes_minute on tenantry.usage_minutes (minute);

create table tenantry.usage_days (
  tenant text not null,
  integration text not null,
  day date not null,
  calls bigint not null default 0,
  errors bigint not null default 0,
  bytes_in bigint not null default 0,
  bytes_out bigint not null default 0,
  syncs bigint not null default 0,
  rows bigint not null default 0,
  primary key (tenant, integration, day)
);

create table tenantry.webhook_endpoints (
  id uuid primary key default gen_random_uuid(),
  tenant text not null,
  url text not null,
  -- Integrations whose events go there; empty: all.
  integrations text[] not null default '{}',
  -- Transit cipher text of the tenant's key.
  secret text not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  disabled_at timestamptz,
  unique (tenant, id)
);

-- What came in, once per id of the provider. The body is Transit cipher text of the tenant's key.
create table tenantry.webhook_events (
  id uuid primary key default gen_random_uuid(),
  tenant text not null,
  integration text not null,
  external_id text not null,
  event_type text,
  content_type text,
  body text not null,
  received_at timestamptz not null default now(),
  unique (tenant, integration, external_id),
  -- For foreign keys: Postgres checks those without row-level security, so they carry the tenant.
  unique (tenant, id)
);
create index webhook_events_received on tenantry.webhook_events (received_at);

create table tenantry.webhook_deliveries (
  id uuid primary key default gen_random_uuid(),
  tenant text not null,
  event uuid not null,
  endpoint uuid not null,
  status text not null default 'pending' check (status in ('pending', 'delivered', 'dead')),
  attempts integer not null default 0,
  last_status integer,
  last_error text,
  created_at timestamptz not null default now(),
  delivered_at timestamptz,
  unique (event, endpoint),
  foreign key (tenant, event) references tenantry.webhook_events (tenant, id) on delete cascade,
  foreign key (tenant, endpoint) references tenantry.webhook_endpoints (tenant, id) on delete cascade
);
-- Deleting an endpoint deletes its deliveries.
create index webhook_deliveries_endpoint on tenantry.webhook_deliveries (tenant, endpoint);
create index webhook_deliveries_tenant on tenantry.webhook_deliveries (tenant, created_at desc);

create table tenantry.sync_runs (
  id uuid primary key default gen_random_uuid(),
  tenant text not null,
  integration text not null,
  connection_id text,
  job_id text,
  trigger text not null check (trigger in ('schedule', 'manual', 'retry', 'first')),
  status text not null check (status in ('waiting', 'running', 'succeeded', 'failed', 'cancelled')),
  attempt integer not null default 1,
  rows bigint,
  bytes bigint,
  error_code text,
  error_message text,
  due_at timestamptz,
  started_at timestamptz,
  ended_at timestamptz,
  created_at timestamptz not null default now()
);
create index sync_runs_tenant on tenantry.sync_runs (tenant, integration, created_at desc);

-- Processes that work off the queue. The jobs of one that has not been seen for a while are given to others.
create table tenantry.queue_workers (
  -- Name of its pool, as the queue's locks bear it.
  pool text primary key,
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now()
);

-- What the names of NOTIFY channels are made from. Every login of the database may listen to a channel whose name it
-- knows, the tenants' own logins too; this one they cannot read.
create table tenantry.notice_key (
  only_row boolean primary key default true check (only_row),
  key text not null
);
insert into tenantry.notice_key (key) values (gen_random_uuid()::text || gen_random_uuid()::text);
