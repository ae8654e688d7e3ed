/**
 * Pulumi without an engine: resources are recorded and answer with what a create would give. Mocks skip transforms,
 * previews and states; test/pulumi/e2e has the real engine for those.
 */
import * as pulumi from '@pulumi/pulumi';
import { vi } from 'vitest';

export interface RecordedResource {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly custom: boolean;
  readonly urn: string;
  readonly parent: string;
  readonly dependencies: readonly string[];
  readonly retainOnDelete: boolean;
  readonly protect: boolean;
  readonly provider: string;
  readonly ignoreChanges: readonly string[];
}

export interface CredentialAnswer {
  readonly connected: boolean;
  readonly tokenVersion: string;
  readonly encrypted: boolean;
  readonly hasSource: boolean;
}

export interface MockOptions {
  readonly project?: string;
  readonly stack?: string;
  /** By `tenant/integration`. Default: connected, version 1. */
  readonly credentials?: Readonly<Record<string, Partial<CredentialAnswer>>>;
  /** Ids of shared objects, `kind/name`, that somebody else made. Default none. */
  readonly othersShared?: ReadonlySet<string>;
  /** Owners of tenants that are claimed already. Default none. */
  readonly claims?: Readonly<Record<string, string>>;
  /** Calls that fail, by token and, where they have one, name: `tenantry:index:getShared tenant-acme`. */
  readonly failing?: Readonly<Record<string, Error>>;
}

export interface Recording {
  readonly resources: readonly RecordedResource[];
  readonly logs: readonly string[];
  /** Custom resources of a type, by name. */
  of(type: string): ReadonlyMap<string, RecordedResource>;
  one(type: string, name: string): RecordedResource;
}

interface RegisterRequest {
  getType(): string;
  getName(): string;
  getObject(): { toJavaScript(): unknown } | undefined;
  getCustom(): boolean;
  getParent(): string;
  getDependenciesList(): string[];
  getRetainondelete(): boolean | undefined;
  getProtect(): boolean | undefined;
  getProvider(): string;
  getIgnorechangesList(): string[];
}

interface RegisterResponse {
  getUrn(): string;
}

interface Monitor {
  registerResource(
    request: RegisterRequest,
    callback: (error: unknown, answer: RegisterResponse | undefined) => void,
  ): unknown;
}

/** What the provider would answer beyond the inputs. */
const OUTPUTS: Readonly<Record<string, Record<string, string>>> = {
  'tenantry:index:GeneratedSecret': { version: '1@2026-01-01T00:00:00Z', value: 'password-of-the-loader' },
  'tenantry:index:Credential': { tokenVersion: '7' },
};

/** Runs a program under mocks and waits until everything is registered. */
export async function record<T>(
  program: () => Promise<T> | T,
  options: MockOptions = {},
): Promise<Recording & { readonly result: T }> {
  const resources: RecordedResource[] = [];
  const logs: string[] = [];
  // Without an engine Pulumi's log is the console.
  const console = vi
    .spyOn(globalThis.console, 'log')
    .mockImplementation((line) => void logs.push(String(line)));
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs, custom }) => {
        const id = custom === false ? undefined : `${name}-id`;
        const ids = Object.fromEntries(
          ['workspaceId', 'sourceId', 'destinationId', 'connectionId'].map((key) => [key, `${name}-id`]),
        );
        const own = type.startsWith('tenantry:index:') ? ids : {};
        return { id, state: { ...own, ...(OUTPUTS[type] ?? {}), ...withoutUndefined(inputs) } };
      },
      call: ({ token, inputs }) => answer(token, inputs, options),
    },
    options.project ?? 'tenantry',
    options.stack ?? 'dev',
  );
  tap(resources);
  let result: T;
  try {
    result = await program();
  } finally {
    // Also after a failure: what was begun before it must not end in the next test.
    await pulumi.runtime.disconnect();
    console.mockRestore();
  }
  const of = (type: string): ReadonlyMap<string, RecordedResource> =>
    new Map(resources.filter((each) => each.type === type).map((each) => [each.name, each]));
  const one = (type: string, name: string): RecordedResource => {
    const found = of(type).get(name);
    if (!found) throw new Error(`no ${type} ${name}; there are ${[...of(type).keys()].join(', ')}`);
    return found;
  };
  return { resources, logs, of, one, result };
}

function withoutUndefined(inputs: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== undefined));
}

function answer(
  token: string,
  inputs: Record<string, unknown>,
  options: MockOptions,
): Record<string, unknown> {
  const failure = options.failing?.[`${token} ${String(inputs['name'] ?? '')}`.trim()];
  // As gRPC has it.
  if (failure) throw Object.assign(failure, { details: failure.message });
  if (token === 'tenantry:index:getCredential') {
    const known = options.credentials?.[`${String(inputs['tenant'])}/${String(inputs['integration'])}`];
    return { connected: true, tokenVersion: '1', encrypted: true, hasSource: false, ...known };
  }
  if (token === 'tenantry:index:getSecretVersion')
    return { version: `version of ${String(inputs['reference'])}` };
  if (token === 'tenantry:index:getShared') {
    return { ours: !options.othersShared?.has(`${String(inputs['kind'])}/${String(inputs['name'])}`) };
  }
  if (token === 'tenantry:index:getClaim') return { owner: options.claims?.[String(inputs['tenant'])] ?? '' };
  throw new Error(`no answer to ${token}`);
}

/** The mocks do not tell options such as dependencies: they are read from the requests. */
function tap(resources: RecordedResource[]): void {
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor | undefined;
  if (!monitor) throw new Error('there are no mocks');
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) =>
    register(request, (error, response) => {
      if (!error && response) resources.push(recorded(request, response));
      callback(error, response);
    });
}

function recorded(request: RegisterRequest, response: RegisterResponse): RecordedResource {
  return {
    type: request.getType(),
    name: request.getName(),
    inputs: (request.getObject()?.toJavaScript() ?? {}) as Record<string, unknown>,
    custom: request.getCustom(),
    urn: response.getUrn(),
    parent: request.getParent(),
    dependencies: request.getDependenciesList(),
    retainOnDelete: request.getRetainondelete() ?? false,
    protect: request.getProtect() ?? false,
    provider: request.getProvider(),
    ignoreChanges: request.getIgnorechangesList(),
  };
}
