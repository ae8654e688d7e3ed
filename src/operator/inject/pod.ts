/** What a Pod says about its injection: whether it wants a sidecar, and for which tenants. */
import { TenantryError } from '../../errors.ts';
import { looksLikeSecret } from '../../spec/literal-secrets.ts';
import { documentName } from '../../spec/names.ts';
import { GROUP } from '../objects.ts';

/** The label that asks for a sidecar; its value is `true`. A webhook configuration selects Pods by it. */
export const INJECT_LABEL = `${GROUP}/inject`;
/** Names of Tenants of the Pod's namespace, with commas between. */
export const TENANTS_ANNOTATION = `${GROUP}/tenants`;
/** Marks a Pod whose sidecar is ours, so that it can be told from a container that happens to have the same name. */
export const INJECTED_ANNOTATION = `${GROUP}/injected`;

/** One sidecar with more tenants than this is a gateway. */
const MOST_TENANTS = 100;

export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: unknown;
}

export interface Container {
  readonly name: string;
  readonly env?: readonly EnvVar[];
  readonly ports?: readonly { readonly containerPort: number; readonly protocol?: string }[];
  readonly volumeMounts?: readonly VolumeMount[];
  /** `Always` in an init container makes it a sidecar (Kubernetes 1.29 and later). */
  readonly restartPolicy?: string;
  readonly [field: string]: unknown;
}

export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly [field: string]: unknown;
}

export interface Volume {
  readonly name: string;
  readonly [source: string]: unknown;
}

/** The part of a Pod that injection reads and writes; https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ */
export interface Pod {
  readonly metadata?: {
    readonly name?: string;
    readonly generateName?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly containers: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly volumes?: readonly Volume[];
    readonly hostNetwork?: boolean;
    readonly shareProcessNamespace?: boolean;
    readonly os?: { readonly name?: string };
  };
}

/** True when the Pod asks for a sidecar. */
export function wantsSidecar(pod: Pod): boolean {
  return pod.metadata?.labels?.[INJECT_LABEL] === 'true';
}

/**
 * The tenants that the Pod names, each once, in its order.
 * @throws InvalidDocument, with what to write instead
 */
export function tenantsOf(pod: Pod): readonly string[] {
  const text = pod.metadata?.annotations?.[TENANTS_ANNOTATION];
  if (text === undefined) {
    throw refusal(`the Pod has the label ${INJECT_LABEL}, but no annotation ${TENANTS_ANNOTATION}`);
  }
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !documentName.safeParse(name).success);
  if (wrong !== undefined) {
    const shown = looksLikeSecret(wrong) ? '(hidden)' : JSON.stringify(wrong.slice(0, 63));
    throw refusal(`the annotation ${TENANTS_ANNOTATION} has ${shown}, which is no name of a Tenant`);
  }
  const tenants = [...new Set(names)];
  if (tenants.length > MOST_TENANTS) {
    throw refusal(
      `the annotation ${TENANTS_ANNOTATION} names ${tenants.length} tenants; a sidecar takes at most ${MOST_TENANTS}`,
      'use a sidecar in posture gateway for an application with so many tenants',
    );
  }
  return tenants;
}

const HOW = `write the names of Tenants of this namespace with commas between, e.g. ${TENANTS_ANNOTATION}: acme,globex`;

function refusal(message: string, hint = HOW): TenantryError {
  return new TenantryError('InvalidDocument', message, { hint });
}
