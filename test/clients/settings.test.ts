import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { resolveSettings, type Settings } from '../../src/clients/settings.ts';
import { type PlatformDocument, platformDocument } from '../../src/spec/platform.ts';

const ENV = {
  VAULT_ADDR: 'https://vault.example.com:8200/',
  VAULT_TOKEN: 'canary-vault-token',
  PGHOST: 'db.example.com',
  PGPASSWORD: 'canary-pg-password',
  AIRBYTE_API_KEY: 'canary-api-key',
};

function platform(spec: object = {}): PlatformDocument {
  const head = { apiVersion: 'tenantry.dev/v1alpha1', kind: 'Platform', metadata: { name: 'dev' } };
  return platformDocument.parse({ ...head, spec });
}

function settings(spec: object = {}, env: NodeJS.ProcessEnv = ENV): Settings {
  return resolveSettings(platform(spec), env);
}

function problems(spec: object, env: NodeJS.ProcessEnv): string[] {
  try {
    settings(spec, env);
  } catch (error) {
    expect(error).toMatchObject({ code: 'MissingSetting' });
    return (error as Error).message.split('; ');
  }
  return [];
}

describe('resolveSettings', () => {
  test('takes defaults for what neither document nor environment says', () => {
    expect(settings()).toEqual({
      vault: {
        address: 'https://vault.example.com:8200',
        auth: { method: 'token', token: { from: 'env', name: 'VAULT_TOKEN' } },
        kvMount: 'secret',
        transitMount: 'transit',
        concurrency: 32,
      },
      postgres: {
        host: 'db.example.com',
        port: 5432,
        database: 'postgres',
        user: 'postgres',
        password: { from: 'env', name: 'PGPASSWORD' },
        sslMode: 'require',
        concurrency: 8,
      },
      airbyte: {
        url: 'https://api.airbyte.com/v1',
        apiKey: { from: 'env', name: 'AIRBYTE_API_KEY' },
        workspace: 'PerTenant',
        timeoutMs: 30_000,
        retries: 3,
        retryDelayMs: 1000,
        concurrency: 8,
      },
      destination: { host: 'db.example.com', port: 5432, sslMode: 'require' },
    });
  });

  test('takes every setting from its variable', () => {
    const env = {
      ...ENV,
      VAULT_NAMESPACE: 'team',
      VAULT_CACERT: '/ca.pem',
      VAULT_KV_ENGINE: 'kv',
      VAULT_TRANSIT_ENGINE: 'tr',
      PGPORT: '6543',
      PGDATABASE: 'app',
      PGUSER: 'admin',
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: '/pg.pem',
      AIRBYTE_URL: 'http://airbyte:8001/api/public/v1',
      AIRBYTE_CLIENT_ID: 'id',
      AIRBYTE_CLIENT_SECRET: 'canary-client-secret',
      AIRBYTE_WORKSPACE_ID: 'w',
      AIRBYTE_ORGANIZATION_ID: 'o',
      TENANTRY_URL: 'https://connect.example.com',
    };
    expect(settings({ airbyte: { workspace: 'Shared' } }, env)).toMatchObject({
      vault: { namespace: 'team', caCertFile: '/ca.pem', kvMount: 'kv', transitMount: 'tr' },
      postgres: { port: 6543, database: 'app', user: 'admin', sslMode: 'verify-full', caCertFile: '/pg.pem' },
      airbyte: {
        url: 'http://airbyte:8001/api/public/v1',
        clientId: 'id',
        clientSecret: { from: 'env', name: 'AIRBYTE_CLIENT_SECRET' },
        workspaceId: 'w',
        organizationId: 'o',
      },
      sidecarUrl: 'https://connect.example.com',
    });
  });

  test('prefers the document, and fills in the variables that it names', () => {
    const spec = {
      vault: {
        address: '${ENV:MY_VAULT}',
        auth: { method: 'approle', roleId: 'r', secretId: '${ENV:MY_SECRET_ID}' },
      },
      postgres: { host: 'localhost', port: '${ENV:MY_PORT}', password: '${VAULT:secret/pg:password}' },
      airbyte: { destination: { host: 'host.docker.internal', port: 5433 } },
    };
    const env = { ...ENV, MY_VAULT: 'http://v:8200', MY_SECRET_ID: 's', MY_PORT: '5999', PGHOST: 'other' };
    expect(settings(spec, env)).toMatchObject({
      vault: {
        address: 'http://v:8200',
        auth: {
          method: 'approle',
          mount: 'approle',
          roleId: 'r',
          secretId: { from: 'env', name: 'MY_SECRET_ID' },
        },
      },
      postgres: {
        host: 'localhost',
        port: 5999,
        password: { from: 'vault', path: 'secret/pg', key: 'password' },
        sslMode: 'disable',
      },
      destination: { host: 'host.docker.internal', port: 5433, sslMode: 'disable' },
    });
  });

  test('lists every missing setting at once, with field and variable', () => {
    const spec = {
      vault: { auth: { method: 'approle' }, namespace: '${ENV:TEAM}' },
      airbyte: { workspace: 'Shared', clientSecret: '${ENV:AB_SECRET}' },
    };
    expect(problems(spec, {})).toEqual([
      'spec.vault.address is not set (VAULT_ADDR)',
      'spec.vault.namespace is not set (TEAM)',
      'spec.vault.auth.roleId is not set (VAULT_ROLE_ID)',
      'spec.vault.auth.secretId is not set (VAULT_SECRET_ID)',
      'spec.postgres.host is not set (PGHOST)',
      'spec.postgres.password is not set (PGPASSWORD)',
      'spec.airbyte.clientSecret is not set (AB_SECRET)',
      expect.stringContaining('Either api_key or both client_id and client_secret are required'),
      'spec.airbyte.workspaceId is not set (AIRBYTE_WORKSPACE_ID)',
    ]);
  });

  test('says what is wrong with a variable without repeating its value', () => {
    const env = { ...ENV, VAULT_ADDR: 'canary-addr', PGPORT: '99999', PGSSLMODE: 'prefer' };
    expect(problems({}, env)).toEqual([
      'spec.vault.address: VAULT_ADDR must be an http:// or https:// URL',
      'spec.postgres.port: PGPORT must be a port, 1 to 65535',
      'spec.postgres.sslMode: PGSSLMODE must be one of disable, require, verify-ca, verify-full',
    ]);
  });

  test('refuses a login to Vault that is kept in Vault', () => {
    const spec = { vault: { auth: { method: 'token', token: '${VAULT:secret/a:b}' } } };
    expect(problems(spec, ENV)).toEqual([
      expect.stringContaining('spec.vault.auth.token: the login to Vault cannot'),
    ]);
  });

  test('holds no secret value', () => {
    expect(inspect(settings(), { depth: 9 })).not.toContain('canary');
  });
});
