-- Syncs: when each connection is due, what each run came to, and how far Airbyte's jobs have been looked at.

alter table tenantry.sync_runs drop constraint sync_runs_status_check;
alter table tenantry.sync_runs
  add constraint sync_runs_status_check
    check (status in ('waiting', 'running', 'succeeded', 'failed', 'cancelled', 'skipped')),
  -- The time of the schedule that it is the run of, without jitter; null for runs that no schedule asked for.
  add column slot timestamptz,
  -- The failed run that it tries again.
  add column retries uuid,
  add column actor text,
  -- A waiting run is looked at again then.
  add column wait_until timestamptz,
  -- Who begins it now, and until when others leave it alone.
  add column claim uuid,
  add column claimed_until timestamptz,
  add column tries integer not null default 0,
  -- Set before Airbyte is asked for a job, so that a job whose id was not recorded is looked for.
  add column asked_at timestamptz,
  -- The token was refused before: it is renewed whatever its end.
  add column renew_token boolean not null default false,
  -- When the job last told of something new.
  add column progress_at timestamptz,
  add column checked_at timestamptz,
  add column cancel_requested_at timestamptz,
  add column error_class text,
  add column next_step text,
  add column retry_at timestamptz,
  -- Failures in a row, this one included, as of its end; and whether who must be told of the end was told.
  add column failures integer not null default 0,
  add column told boolean not null default true;

create unique index sync_runs_slot on tenantry.sync_runs (tenant, integration, slot) where slot is not null;
create unique index sync_runs_retries on tenantry.sync_runs (tenant, retries) where retries is not null;
create unique index sync_runs_job on tenantry.sync_runs (connection_id, job_id) where job_id is not null;
-- One at a time.
create unique index sync_runs_active on tenantry.sync_runs (tenant, integration)
  where status in ('waiting', 'running');
create index sync_runs_running on tenantry.sync_runs (checked_at) where status = 'running';
create index sync_runs_waiting on tenantry.sync_runs (wait_until) where status = 'waiting';
create index sync_runs_untold on tenantry.sync_runs (ended_at) where not told;
create index sync_runs_ended on tenantry.sync_runs (ended_at) where ended_at is not null;
create index sync_runs_newest on tenantry.sync_runs (tenant, created_at desc, id);

create table tenantry.sync_states (
  tenant text not null,
  integration text not null,
  -- As the document has it.
  schedule text not null,
  -- Who runs it: null where nobody does (suspended, only observed, document gone).
  runner text check (runner in ('Airbyte', 'Sidecar')),
  -- The next time of the schedule without jitter, and with it. Null: by hand only.
  slot timestamptz,
  next_at timestamptz,
  -- Is a first run wanted, and when is the connection looked for again.
  wants_first boolean not null default false,
  look_at timestamptz,
  looks integer not null default 0,
  -- Hints: what Airbyte called them when they were last found by name.
  connection_id text,
  source_id text,
  workspace_id text,
  -- Connection that the first run was of.
  first_of text,
  -- Version of the credential that the source was last brought in step with.
  pushed_version bigint,
  failures integer not null default 0,
  alerted boolean not null default false,
  held_code text,
  held_message text,
  updated_at timestamptz not null default now(),
  primary key (tenant, integration)
);
create index sync_states_due on tenantry.sync_states (next_at) where runner = 'Sidecar';
create index sync_states_connection on tenantry.sync_states (connection_id) where connection_id is not null;

-- Airbyte's jobs that changed before then have been looked at.
create table tenantry.sync_cursor (
  only_row boolean primary key default true check (only_row),
  seen_until timestamptz not null
);

alter table tenantry.usage_days add column sync_bytes bigint not null default 0;

alter table tenantry.sync_states enable row level security;
alter table tenantry.sync_states force row level security;
create policy own_tenant on tenantry.sync_states to tenantry_sidecar
  using (tenant = nullif(current_setting('tenantry.tenant', true), ''));
create policy every_tenant on tenantry.sync_states to tenantry_platform using (true);
grant select, insert, update on tenantry.sync_states to tenantry_sidecar, tenantry_platform;
grant delete on tenantry.sync_states, tenantry.sync_runs to tenantry_platform;

alter table tenantry.sync_cursor enable row level security;
alter table tenantry.sync_cursor force row level security;
create policy every_row on tenantry.sync_cursor to tenantry_platform using (true);
grant select, insert, update on tenantry.sync_cursor to tenantry_platform;
