/** The two custom resources on a real API server: their definitions installed, and calls that tell its verdict. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { type KubeApi, startKubeApi } from '../../support/engines/kube-api.ts';

export const PROJECT = join(import.meta.dirname, '../../..');
const PLURALS = { Tenant: 'tenants', TenantIntegration: 'tenantintegrations' } as const;

export type CustomKind = keyof typeof PLURALS;
/** A document as it is sent. */
export type Sent = Readonly<Record<string, unknown>>;

export interface Verdict {
  readonly status: number;
  /** The API server's own words; empty when it took the document. */
  readonly message: string;
  /** As the API server would keep it. */
  readonly body: { readonly spec?: unknown; readonly metadata?: Record<string, unknown> } & Sent;
}

export interface CustomResources {
  readonly api: KubeApi;
  /** Asks for the verdict on a new document; nothing is kept. Default field validation: Strict. */
  verdictOn(kind: CustomKind, document: unknown, fieldValidation?: string): Promise<Verdict>;
  create(kind: CustomKind, document: Sent): Promise<Verdict>;
  /** Server-side apply. */
  apply(kind: CustomKind, document: Sent, options?: ApplyOptions): Promise<Verdict>;
  /** JSON merge patch (RFC 7396), as `kubectl apply` and `kubectl edit` send it. */
  merge(kind: CustomKind, name: string, patch: unknown, subresource?: string): Promise<Verdict>;
  get(kind: CustomKind, name: string): Promise<Verdict>;
  remove(kind: CustomKind, name: string): Promise<Verdict>;
}

export interface ApplyOptions {
  /** Default `test`. */
  readonly manager?: string;
  readonly force?: boolean;
  readonly subresource?: string;
}

const NAMESPACE = 'customers';
const path = (kind: CustomKind, name = ''): string =>
  `/apis/tenantry.dev/v1alpha1/namespaces/${NAMESPACE}/${PLURALS[kind]}${name && `/${name}`}`;

export async function startCustomResources(): Promise<CustomResources> {
  const api = await startKubeApi();
  const ask = async (
    method: string,
    where: string,
    body?: unknown,
    contentType?: string,
  ): Promise<Verdict> => {
    const answer = await api.call(method, where, {
      ...(body !== undefined && { body }),
      ...(contentType !== undefined && { contentType }),
    });
    const message = answer.status < 300 ? '' : String(answer.body['message']);
    return { status: answer.status, message, body: answer.body };
  };
  const nameOf = (document: Sent): string => (document['metadata'] as { name: string }).name;
  const resources: CustomResources = {
    api,
    verdictOn: (kind, document, fieldValidation = 'Strict') =>
      ask('POST', `${path(kind)}?dryRun=All&fieldValidation=${fieldValidation}`, document),
    create: (kind, document) => ask('POST', `${path(kind)}?fieldValidation=Strict`, document),
    apply: (kind, document, { manager = 'test', force = false, subresource } = {}) => {
      const where = `${path(kind, nameOf(document))}${subresource === undefined ? '' : `/${subresource}`}`;
      const query = `fieldManager=${manager}&force=${force}&fieldValidation=Strict`;
      return ask('PATCH', `${where}?${query}`, document, 'application/apply-patch+yaml');
    },
    merge: (kind, name, patch, subresource) => {
      const where = `${path(kind, name)}${subresource === undefined ? '' : `/${subresource}`}`;
      return ask('PATCH', `${where}?fieldValidation=Strict`, patch, 'application/merge-patch+json');
    },
    get: (kind, name) => ask('GET', path(kind, name)),
    remove: (kind, name) => ask('DELETE', path(kind, name)),
  };
  try {
    await install(api);
    return resources;
  } catch (error) {
    await api.close();
    throw error;
  }
}

async function install(api: KubeApi): Promise<void> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
  expect((await api.call('POST', '/api/v1/namespaces', { body: namespace })).status).toBe(201);
  for (const kind of Object.keys(PLURALS) as CustomKind[]) {
    const name = `${PLURALS[kind]}.tenantry.dev`;
    const where = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}?fieldManager=test&fieldValidation=Strict`;
    const body = readFileSync(join(PROJECT, `crds/tenantry.dev_${PLURALS[kind]}.yaml`), 'utf8');
    const answer = await api.call('PATCH', where, { body, contentType: 'application/apply-patch+yaml' });
    // A rule that would cost too much is refused here.
    expect(answer.body['message'], 'the definition is refused').toBeUndefined();
  }
  for (const kind of Object.keys(PLURALS) as CustomKind[]) {
    await vi.waitFor(async () => expect((await api.call('GET', path(kind))).status).toBe(200), 20_000);
  }
}
