/** Answers an AdmissionReview about a Pod: unchanged, injected, or refused in words for who made the Pod. */
import { z } from 'zod';
import { TenantryError } from '../../errors.ts';
import { injection } from './mutate.ts';
import { type Pod, tenantsOf, wantsSidecar } from './pod.ts';
import type { InjectSettings } from './settings.ts';

/** https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#webhook-request-and-response */
const VERSION = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' } as const;

const container = z.looseObject({ name: z.string() });
const pod = z.looseObject({
  metadata: z.looseObject({}).optional(),
  spec: z.looseObject({
    containers: z.array(container),
    initContainers: z.array(container).optional(),
    volumes: z.array(z.looseObject({ name: z.string() })).optional(),
  }),
});

const admissionReview = z.looseObject({
  apiVersion: z.literal(VERSION.apiVersion),
  kind: z.literal(VERSION.kind),
  request: z.looseObject({
    uid: z.string().min(1),
    kind: z.looseObject({ group: z.string().default(''), version: z.string(), kind: z.string() }),
    /** Absent for a request without a subresource. */
    subResource: z.string().optional(),
    namespace: z.string().default(''),
    operation: z.string(),
    object: z.unknown(),
  }),
});

export interface ReviewContext {
  readonly settings: InjectSettings;
  /** Is there such a Tenant in that namespace, and is the tenant its? May throw while nothing is known of Tenants yet. */
  readonly hasTenant: (namespace: string, name: string) => boolean | Promise<boolean>;
}

export type ReviewOutcome = 'unchanged' | 'injected' | 'refused';

export interface Review {
  /** The AdmissionReview to answer with. */
  readonly answer: object;
  readonly outcome: ReviewOutcome;
  /** For the log. */
  readonly facts: {
    readonly namespace: string;
    readonly pod: string;
    readonly tenants?: readonly string[];
    /** Why it was refused. */
    readonly message?: string;
  };
}

/**
 * @throws InvalidRequest for what is no AdmissionReview of a Pod; whatever `hasTenant` throws. Then the API server decides
 *   by the webhook's failurePolicy.
 */
export async function review(body: unknown, context: ReviewContext): Promise<Review> {
  const parsed = admissionReview.safeParse(body);
  if (!parsed.success)
    throw new TenantryError('InvalidRequest', 'the body is no AdmissionReview (admission.k8s.io/v1)');
  const { uid, kind, subResource, namespace, operation, object } = parsed.data.request;
  const isNewPod =
    kind.group === '' &&
    kind.kind === 'Pod' &&
    operation === 'CREATE' &&
    !subResource &&
    object !== undefined;
  if (!isNewPod) return reviewed(uid, 'unchanged', { namespace, pod: '' });
  const made = pod.safeParse(object);
  if (!made.success) throw new TenantryError('InvalidRequest', 'request.object is no Pod');
  return await reviewPod(made.data as Pod, { uid, namespace, ...context });
}

async function reviewPod(
  made: Pod,
  {
    uid,
    namespace,
    settings,
    hasTenant,
  }: ReviewContext & { readonly uid: string; readonly namespace: string },
): Promise<Review> {
  const facts = { namespace, pod: made.metadata?.name ?? `${made.metadata?.generateName ?? ''}*` };
  if (!wantsSidecar(made)) return reviewed(uid, 'unchanged', facts);
  try {
    const tenants = tenantsOf(made);
    const known = await Promise.all(tenants.map((name) => hasTenant(namespace, name)));
    const unknown = tenants.filter((_, index) => !known[index]);
    if (unknown.length > 0) return refused(uid, facts, notOfNamespace(unknown, namespace));
    const patch = injection(made, { settings, namespace, tenants });
    return reviewed(uid, 'injected', { ...facts, tenants }, patched(patch));
  } catch (error) {
    if (error instanceof TenantryError && error.code === 'InvalidDocument') return refused(uid, facts, error);
    throw error;
  }
}

function notOfNamespace(names: readonly string[], namespace: string): TenantryError {
  const shown = names.map((name) => `"${name}"`).join(', ');
  return new TenantryError(
    'Forbidden',
    `the namespace "${namespace}" has no Tenant ${shown} that the operator has claimed for it`,
    {
      hint: 'a Pod may use the Tenants of its own namespace, a new one after seconds; see `kubectl get tenants`',
    },
  );
}

function patched(patch: readonly object[]): object {
  if (patch.length === 0) return {};
  return { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
}

function refused(uid: string, facts: Review['facts'], { message, hint, code }: TenantryError): Review {
  const text = `${message}; ${hint}`;
  const status = code === 'Forbidden' ? { code: 403, reason: 'Forbidden' } : { code: 422, reason: 'Invalid' };
  const response = { uid, allowed: false, status: { ...status, message: text } };
  return { answer: { ...VERSION, response }, outcome: 'refused', facts: { ...facts, message: text } };
}

function reviewed(uid: string, outcome: ReviewOutcome, facts: Review['facts'], more: object = {}): Review {
  return { answer: { ...VERSION, response: { uid, allowed: true, ...more } }, outcome, facts };
}
