import { describe, expect, it } from 'vitest';
import { TenantryError } from '../../../src/errors.ts';
import type { PatchOperation } from '../../../src/operator/inject/mutate.ts';
import { review } from '../../../src/operator/inject/review.ts';
import { patched, podOf, reviewOf, settingsOf } from './pods.ts';

const TENANTS = new Set(['customers/acme', 'customers/globex', 'other/initech']);
const context = {
  settings: settingsOf(),
  hasTenant: (namespace: string, name: string) => TENANTS.has(`${namespace}/${name}`),
};

interface Response {
  readonly uid: string;
  readonly allowed: boolean;
  readonly patchType?: string;
  readonly patch?: string;
  readonly status?: { readonly code: number; readonly reason: string; readonly message: string };
}

async function responseTo(body: unknown): Promise<Response> {
  const { answer } = await review(body, context);
  expect(answer).toMatchObject({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' });
  return (answer as { response: Response }).response;
}

const patchOf = ({ patch = '' }: Response): PatchOperation[] =>
  JSON.parse(Buffer.from(patch, 'base64').toString()) as PatchOperation[];

const asking = (tenants: string): object => reviewOf(podOf({}, { 'tenantry.dev/tenants': tenants }));

describe('an AdmissionReview', () => {
  it('of a labelled Pod is answered with a JSON Patch under its uid', async () => {
    const pod = podOf({}, { 'tenantry.dev/tenants': 'acme, globex,acme' });
    const response = await responseTo(reviewOf(pod));
    expect(response).toMatchObject({
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      allowed: true,
      patchType: 'JSONPatch',
    });
    const made = patched(pod, patchOf(response));
    const args = made.spec.initContainers?.[0]?.args as string[];
    expect(args).toEqual(expect.arrayContaining(['--namespace', 'customers']));
    expect(args.slice(-4)).toEqual(['--tenant', 'acme', '--tenant', 'globex']);
  });

  const plain = { metadata: { name: 'x' }, spec: { containers: [{ name: 'app' }] } };
  const labelled = (value: string): object => ({
    ...plain,
    metadata: { labels: { 'tenantry.dev/inject': value } },
  });

  it.each([
    ['a Pod without the label', reviewOf(plain)],
    ['a Pod that says no', reviewOf(labelled('false'))],
    ['a Pod without metadata', reviewOf({ spec: plain.spec })],
    ['a Pod that is changed', reviewOf(podOf(), { operation: 'UPDATE' })],
    ['a Pod that is deleted', reviewOf(null, { operation: 'DELETE', object: null })],
    ['a subresource', reviewOf(podOf(), { subResource: 'ephemeralcontainers' })],
    [
      'another kind',
      reviewOf({ any: 'thing' }, { kind: { group: 'apps', version: 'v1', kind: 'Deployment' } }),
    ],
  ])('of %s is let through unchanged', async (_what, body) => {
    expect(await responseTo(body)).toEqual({ uid: '705ab4f5-6393-11e8-b7cc-42010a800002', allowed: true });
  });

  const token = `gh${'p_'}0123456789abcdef`;

  it.each([
    ['without the annotation', reviewOf(podOf({}, {})), 422, 'no annotation tenantry.dev/tenants'],
    ['with an empty one', asking(''), 422, 'has "", which is no name of a Tenant'],
    ['with a comma too many', asking('acme,'), 422, 'has "", which is no name of a Tenant'],
    ['with a name that no tenant can have', asking('acme,Globex Inc'), 422, 'has "Globex Inc"'],
    ['with spaces for commas', asking('acme globex'), 422, 'has "acme globex"'],
    ['with a flag in it', asking('acme,--host=0.0.0.0'), 422, '--host'],
    ['with a secret in it', asking(token), 422, 'has (hidden)'],
    ['with too many', asking(Array.from({ length: 101 }, (_, i) => `t${i}`).join()), 422, 'at most 100'],
    [
      'with an unknown tenant',
      asking('acme,nobody'),
      403,
      'the namespace "customers" has no Tenant "nobody"',
    ],
    ['with a tenant of another namespace', asking('initech'), 403, 'has no Tenant "initech"'],
    ['that cannot have a sidecar', reviewOf(podOf({ hostNetwork: true })), 422, 'hostNetwork'],
  ])('of a Pod %s is refused with what to do', async (_what, body, code, words) => {
    const { allowed, patch, status } = await responseTo(body);
    expect(allowed).toBe(false);
    expect(patch).toBeUndefined();
    expect(status).toMatchObject({ code, message: expect.stringContaining(words) });
    expect(status?.message).toMatch(/; \w/);
    expect(status?.message).not.toContain(token);
  });

  it.each([
    ['nothing', null],
    ['text', 'x'],
    ['another version', { ...reviewOf(podOf()), apiVersion: 'admission.k8s.io/v1beta1' }],
    ['no request', { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' }],
    ['no Pod', reviewOf({ metadata: { labels: { 'tenantry.dev/inject': 'true' } } })],
  ])('that is %s is no request', async (_what, body) => {
    await expect(review(body, context)).rejects.toMatchObject({ code: 'InvalidRequest' });
  });

  it('is not answered while nobody can tell which tenants there are', async () => {
    const away = new TenantryError('KubernetesUnreachable', 'the tenants are not known yet');
    const hasTenant = () => Promise.reject(away);
    await expect(review(reviewOf(podOf()), { ...context, hasTenant })).rejects.toBe(away);
  });
});
