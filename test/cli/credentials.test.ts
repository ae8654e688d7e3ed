/** credentials: stored encrypted, never printed, only where a document asks for them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type CliEnvironment,
  integrationYaml,
  startCliEnvironment,
  type TestStack,
  tenantYaml,
} from '../support/cli-environment.ts';

const SECRET = 'ntn_the-secret-of-this-test';

let environment: CliEnvironment;
beforeAll(async () => {
  environment = await startCliEnvironment();
});
afterAll(() => environment.close());

async function applied(tenant: string): Promise<TestStack> {
  const stack = await environment.stack(tenant, {
    'tenants/x.yaml':
      tenantYaml(tenant) +
      integrationYaml(tenant, 'notion') +
      integrationYaml(tenant, 'slack', { config: { start_date: '2026-01-01T00:00:00Z' } }),
  });
  expect((await stack.run(['apply', '--yes'])).code).toBe(0);
  return stack;
}

async function stored(tenant: string): Promise<Record<string, unknown>> {
  const answer = await environment.asRoot('GET', `secret/data/${tenant}/notion`);
  return (answer['data'] as { data: Record<string, unknown> }).data;
}

describe('set', () => {
  it('reads the secret from standard input, encrypts it and never prints it', async () => {
    const stack = await applied('set');
    const text = await stack.run(['credentials', 'set', 'set', 'notion'], { input: `${SECRET}\n` });
    expect(text).toEqual({
      code: 0,
      stdout: 'Stored set/notion, version 1, encrypted. `tenantry apply --stack set` takes it to Airbyte.\n',
      stderr: '',
    });
    const { json, stderr } = await stack.json(['credentials', 'set', 'set', 'notion'], { input: SECRET });
    expect(json).toEqual({ ok: true, tenant: 'set', integration: 'notion', version: 2 });
    expect(JSON.stringify(json) + stderr).not.toContain(SECRET);
    const data = await stored('set');
    expect(data).toMatchObject({ token_type: 'bearer', access_token: expect.stringMatching(/^vault:v1:/) });
    const { plaintext } = (
      await environment.asRoot('POST', 'transit/decrypt/set', { ciphertext: data['access_token'] })
    )['data'] as { plaintext: string };
    expect(Buffer.from(plaintext, 'base64').toString()).toBe(SECRET);
  });

  it('keeps what else the credential holds, but not the end of the old token', async () => {
    const stack = await applied('facts');
    const set = (...more: string[]): Promise<unknown> =>
      stack.run(['credentials', 'set', 'facts', 'notion', ...more], { input: SECRET });
    await set('--field', 'workspace_id=T1', 'bot_id=B1', '--expires-at', '2030-01-31T12:00:00+01:00');
    expect(await stored('facts')).toMatchObject({
      workspace_id: 'T1',
      expires_at: '2030-01-31T11:00:00.000Z',
    });
    await set('--secret', 'refresh_token');
    expect(await stored('facts')).toMatchObject({ expires_at: '2030-01-31T11:00:00.000Z' });
    await set('--field', 'bot_id=B2');
    const data = await stored('facts');
    expect(data).toMatchObject({ workspace_id: 'T1', bot_id: 'B2' });
    expect(data).toHaveProperty('refresh_token');
    expect(data).not.toHaveProperty('expires_at');
  });

  it.each([
    ['an empty standard input', [], '', 'standard input is empty', 'pipe the secret in'],
    ['a field that is no secret', ['--secret', 'acess_token'], 'x', 'did you mean "access_token"?', 'one of'],
    ['a fact without a value', ['--field', SECRET], 'x', '--field wants name=value', 'standard input'],
    [
      'a secret as a fact',
      ['--field', `api_token=${SECRET}`],
      'x',
      'api_token is a secret',
      'standard input',
    ],
    ['a time without a zone', ['--expires-at', '2030-01-31T12:00:00'], 'x', 'with its zone', '2027-01-31'],
  ])('refuses %s and does not repeat it', async (_name, more, input, message, hint) => {
    const stack = await environment.stack('refuse', {
      'tenants/x.yaml': tenantYaml('refuse') + integrationYaml('refuse', 'notion'),
    });
    await stack.run(['apply', '--yes']);
    const { code, stdout, stderr } = await stack.run(['credentials', 'set', 'refuse', 'notion', ...more], {
      input,
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
    expect(stderr).not.toContain(SECRET);
  });

  it('refuses a place that no document names', async () => {
    const stack = await applied('place');
    const run = (...place: string[]): Promise<{ stderr: string }> =>
      stack.run(['credentials', 'set', ...place], { input: SECRET });
    expect((await run('plaec', 'notion')).stderr).toContain('did you mean "place"?');
    expect((await run('place', 'notio')).stderr).toContain('did you mean "notion"?');
    expect((await run('place', 'github')).stderr).toContain('place has notion, slack');
  });

  it('refuses a tenant that was not applied yet: Vault would make a key that is in the way later', async () => {
    const stack = await environment.stack('early', {
      'tenants/x.yaml': tenantYaml('early') + integrationYaml('early', 'notion'),
    });
    const { code, stderr } = await stack.run(['credentials', 'set', 'early', 'notion'], { input: SECRET });
    expect(code).toBe(1);
    expect(stderr).toContain('→ first run `tenantry apply --tenant early --stack early`');
    expect((await stack.run(['apply', '--yes'])).code).toBe(0);
  });

  it('refuses a tenant of another stack', async () => {
    const files = { 'tenants/x.yaml': tenantYaml('claimed') + integrationYaml('claimed', 'notion') };
    await (await environment.stack('claimer', files)).run(['apply', '--yes']);
    const other = await environment.stack('stranger', files);
    const { code, stderr } = await other.run(['credentials', 'set', 'claimed', 'notion'], { input: SECRET });
    expect(code).toBe(1);
    expect(stderr).toContain('OwnedByAnother: tenant claimed belongs to cli:claimer');
    expect(stderr).toContain('`--owner cli:claimer`');
    const set = (owner: string): Promise<{ code: number; stderr: string; stdout: string }> =>
      other.run(['credentials', 'set', 'claimed', 'notion', '--owner', owner], { input: SECRET });
    expect((await set('cli:other')).stderr).toContain('belongs to cli:claimer, and this is cli:other');
    expect((await set('claimer')).stderr).toContain('"claimer" is no owner');
    const done = await set('cli:claimer');
    expect(done.code, done.stderr).toBe(0);
    expect(done.stdout).toContain('The next run of cli:claimer takes it to Airbyte');
  });
});

describe('list, encrypt and delete', () => {
  it('show, encrypt in place, and remove', async () => {
    const stack = await applied('rest');
    await environment.asRoot('POST', 'secret/data/rest/notion', { data: { access_token: SECRET } });
    const before = await stack.run(['credentials', 'list']);
    expect(before.stdout.replace(/\d{4}-\S+Z/, '<time>')).toMatchInlineSnapshot(`
      "TENANT  INTEGRATION  CONNECTED  VERSION  ENCRYPTED    SINCE
      rest    notion       yes        1        not checked  <time>
      rest    slack        no         -        -            -

      2 integrations, 1 connected.
      "
    `);
    expect(await stack.run(['credentials', 'encrypt'])).toEqual({
      code: 0,
      stdout: 'Encrypted rest/notion: access_token\n1 credential looked at, 1 encrypted.\n',
      stderr: '',
    });
    expect((await stack.json(['credentials', 'encrypt'])).json).toEqual({
      ok: true,
      checked: 1,
      encrypted: [],
    });
    expect(await stored('rest')).toEqual({ access_token: expect.stringMatching(/^vault:v1:/) });
    expect((await stack.json(['credentials', 'list'])).json).toMatchObject({
      credentials: [{ integration: 'notion', encrypted: true, version: 2 }, { connected: false }],
    });

    const place = ['credentials', 'delete', 'rest', 'notion'];
    expect(await stack.run(place)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('pass --confirm rest/notion'),
    });
    expect((await stack.run([...place, '--confirm', 'rest/notion'])).stdout).toBe('Removed rest/notion.\n');
    expect(await stack.run([...place, '--confirm', 'rest/notion'])).toMatchObject({
      code: 0,
      stdout: 'There is no credential rest/notion; nothing to remove.\n',
    });
  });
});
