/** Pods and settings for the tests of the injection, and a reader of its patches. */
import type { PatchOperation } from '../../../src/operator/inject/mutate.ts';
import type { Pod } from '../../../src/operator/inject/pod.ts';
import { type InjectSettings, parseInjectSettings } from '../../../src/operator/inject/settings.ts';

export const IMAGE = 'registry.example.com/tenantry:1.0.0';

export function settingsOf(yaml = ''): InjectSettings {
  return parseInjectSettings(`image: ${IMAGE}\n${yaml}`);
}

/** A Pod of an application that asks for a sidecar. */
export function podOf(
  spec: Partial<Pod['spec']> = {},
  annotations: Record<string, string> | undefined = { 'tenantry.dev/tenants': 'acme' },
): Pod {
  return {
    metadata: {
      name: 'shop',
      labels: { 'tenantry.dev/inject': 'true' },
      ...(annotations !== undefined && { annotations }),
    },
    spec: { containers: [{ name: 'app', image: 'registry.example.com/shop:1' }], ...spec },
  };
}

/** The Pod after the patch, for operations `add` on members (RFC 6902, section 4.1). @throws for any other */
export function patched(pod: Pod, patch: readonly PatchOperation[]): Pod {
  const copy = structuredClone(pod) as unknown as Record<string, unknown>;
  for (const { op, path, value } of patch) {
    const parts = path
      .slice(1)
      .split('/')
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = parts.pop();
    const parent = parts.reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], copy);
    if (
      op !== 'add' ||
      last === undefined ||
      typeof parent !== 'object' ||
      parent === null ||
      Array.isArray(parent)
    ) {
      throw new Error(`no such member: ${op} ${path}`);
    }
    (parent as Record<string, unknown>)[last] = structuredClone(value);
  }
  return copy as unknown as Pod;
}

/** An AdmissionReview as the API server sends it for a new Pod. */
export function reviewOf(object: unknown, request: Record<string, unknown> = {}): object {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      namespace: 'customers',
      operation: 'CREATE',
      userInfo: { username: 'admin' },
      object,
      oldObject: null,
      dryRun: false,
      ...request,
    },
  };
}
