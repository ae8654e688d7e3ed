-- Webhooks: what of a delivery is kept beside its body, what is to be done after it, and when an endpoint is tried.

alter table tenantry.webhook_events
  add column source text not null default 'provider' check (source in ('provider', 'tenantry')),
  -- Transit cipher text of the tenant's key: JSON of the headers that are handed on.
  add column headers text,
  -- SHA-256 of the signature: ids stand in headers that nobody signs, so the same signed bytes count once whatever the id.
  add column signature_hash bytea;
create unique index webhook_events_signature
  on tenantry.webhook_events (tenant, integration, signature_hash);

-- An endpoint that fails is left alone for a while.
alter table tenantry.webhook_endpoints
  add column failures integer not null default 0,
  add column paused_until timestamptz;

alter table tenantry.webhook_deliveries
  add column next_attempt_at timestamptz not null default now(),
  add column give_up_at timestamptz not null default now() + interval '1 day';
create index webhook_deliveries_due on tenantry.webhook_deliveries (next_attempt_at) where status = 'pending';
create index webhook_deliveries_waiting on tenantry.webhook_deliveries (tenant, endpoint) where status = 'pending';

-- What an event does to the installation that it came for; the row goes when it is done.
create table tenantry.webhook_actions (
  tenant text not null,
  event uuid not null,
  installation uuid not null,
  action text not null check (action in ('revoke', 'suspend', 'resume')),
  created_at timestamptz not null default now(),
  primary key (tenant, event),
  foreign key (tenant, event) references tenantry.webhook_events (tenant, id) on delete cascade
);

-- Secrets that a provider sends before their tenant is known, for a few minutes, sealed with the app's client secret.
create table tenantry.webhook_handshakes (
  id uuid primary key default gen_random_uuid(),
  integration text not null,
  kind text not null check (kind in ('code', 'verification_token')),
  -- The provider's id of the installation; empty for a verification token.
  external_id text not null default '',
  sealed text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index webhook_handshakes_of on tenantry.webhook_handshakes (integration, kind, external_id);
create index webhook_handshakes_expiry on tenantry.webhook_handshakes (expires_at);

alter table tenantry.webhook_actions enable row level security;
alter table tenantry.webhook_actions force row level security;
create policy own_tenant on tenantry.webhook_actions to tenantry_sidecar
  using (tenant = nullif(current_setting('tenantry.tenant', true), ''));
create policy every_tenant on tenantry.webhook_actions to tenantry_platform using (true);
grant select, insert, delete on tenantry.webhook_actions to tenantry_sidecar, tenantry_platform;

alter table tenantry.webhook_handshakes enable row level security;
alter table tenantry.webhook_handshakes force row level security;
create policy every_row on tenantry.webhook_handshakes to tenantry_platform using (true);
grant select, insert, delete on tenantry.webhook_handshakes to tenantry_platform;
