import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorCodes } from '../../../src/errors.ts';
import type { Condition, IntegrationObject, IntegrationStatus } from '../../../src/operator/objects.ts';
import type { DocumentOutcome } from '../../../src/operator/outcome.ts';
import { integrationStatus } from '../../../src/operator/status/integration.ts';
import { STATUS_REASONS } from '../../../src/operator/status/reasons.ts';
import { sameStatus, statusBody } from '../../../src/operator/status/status.ts';
import { tenantStatus } from '../../../src/operator/status/tenant.ts';
import { DELETED, integrationObject, tenantObject } from '../documents/objects.ts';
import { CLEAN, FOR_CREDENTIAL, failed, failedWith, outcome, result, step } from './outcomes.ts';

const T0 = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;

const fresh = integrationObject('acme-notion', { tenant: 'acme', integration: 'notion' });

/** The object after the operator wrote what it concluded. */
function settled(
  object: IntegrationObject,
  found: DocumentOutcome,
  minutes = 0,
): IntegrationObject & { readonly status: IntegrationStatus } {
  return { ...object, status: integrationStatus(object, found, { now: T0 + minutes * MINUTE }) };
}

function changed(object: IntegrationObject): IntegrationObject {
  return { ...object, metadata: { ...object.metadata, generation: object.metadata.generation + 1 } };
}

/** `Type=Status Reason` of each condition. */
function brief({ status }: IntegrationObject): string[] {
  return (status?.conditions ?? []).map(({ type, status: is, reason }) => `${type}=${is} ${reason}`);
}

function find(object: IntegrationObject, type: Condition['type']): Condition {
  const found = object.status?.conditions?.find((condition) => condition.type === type);
  if (!found) throw new Error(`no condition ${type}`);
  return found;
}

describe('conditions', () => {
  it('are Ready alone when everything is as the document says', () => {
    expect(settled(fresh, CLEAN).status.conditions).toEqual([
      {
        type: 'Ready',
        status: 'True',
        reason: 'Reconciled',
        message: 'everything is as the document says',
        observedGeneration: 1,
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ]);
    expect(brief(settled(fresh, outcome({ suspended: true })))).toEqual(['Ready=True Suspended']);
  });

  it('keep their time for as long as their status is the same', () => {
    const ready = settled(fresh, CLEAN);
    expect(settled(ready, CLEAN, 60).status).toEqual(ready.status);
    const suspended = settled(changed(ready), outcome({ suspended: true }), 60);
    expect(find(suspended, 'Ready')).toMatchObject({
      lastTransitionTime: '2026-01-01T00:00:00Z',
      observedGeneration: 2,
    });
    const waiting = settled(suspended, outcome({ results: [FOR_CREDENTIAL] }), 61);
    expect(find(waiting, 'Ready').lastTransitionTime).toBe('2026-01-01T01:01:00Z');
  });

  it('say how the credential comes while it is waited for, and that nothing is tried', () => {
    const waiting = settled(fresh, outcome({ results: [FOR_CREDENTIAL] }));
    expect(brief(waiting)).toEqual([
      'Ready=False WaitingForCredential',
      'CredentialReady=False WaitingForCredential',
    ]);
    expect(find(waiting, 'Ready').message).toBe(
      'waits for credential acme/notion; next step: make a link: tenantry connect acme notion --documents kubernetes',
    );
    expect(find(waiting, 'CredentialReady').message).toBe(
      'there is no credential yet; next step: make a link: tenantry connect acme notion --documents kubernetes',
    );
    expect(waiting.status.credential).toEqual({ state: 'Missing' });
  });

  it('say that the credential is there once the gate is open, also without a sidecar to ask', () => {
    const waiting = settled(fresh, outcome({ results: [FOR_CREDENTIAL] }));
    expect(brief(settled(waiting, CLEAN))).toEqual([
      'Ready=True Reconciled',
      'CredentialReady=True Connected',
    ]);
    // A look that failed knows nothing of it.
    expect(settled(waiting, failedWith('VaultSealed')).status.credential).toEqual({ state: 'Missing' });
  });

  it.each([
    [
      'NeedsReauthorization',
      'Ready=False NeedsReauthorization',
      'CredentialReady=False NeedsReauthorization',
    ],
    ['Revoked', 'Ready=False NeedsReauthorization', 'CredentialReady=False NeedsReauthorization'],
    ['Expired', 'Ready=True Reconciled', 'CredentialReady=False CredentialExpired'],
    ['Ready', 'Ready=True Reconciled', 'CredentialReady=True Connected'],
  ] as const)('tell of a credential that is %s', (state, ...expected) => {
    const object = settled(fresh, outcome({ credential: { state, scopes: ['read'] } }));
    expect(brief(object)).toEqual(expected);
    if (expected[0]?.includes('Needs')) {
      expect(find(object, 'Ready').message).toMatch(
        /; next step: tenantry connect acme notion --documents kubernetes$/,
      );
    }
  });

  it('are Stalled with the code when trying again is of no use', () => {
    const refused = outcome({
      results: [
        result('vault:policy/tenant-acme', 'updated'),
        failed('postgres:schema/b', 'NotOwned', 'schema b is there already'),
        failed('postgres:schema/a', 'NotOwned', 'schema a is there already'),
      ],
    });
    const object = settled(fresh, refused);
    expect(brief(object)).toEqual(['Ready=False NotOwned', 'Stalled=True NotOwned']);
    expect(find(object, 'Stalled').message).toBe(
      'postgres:schema a: schema a is there already (and 1 more); next step: do this',
    );
    // In whatever order they ended.
    const turned = outcome({ results: refused.results.toReversed() });
    expect(sameStatus(object.status, settled(object, turned, 60).status)).toBe(true);
    expect(brief(settled(fresh, failedWith('InvalidDocument')))).toEqual([
      'Ready=False InvalidDocument',
      'Stalled=True InvalidDocument',
    ]);
  });

  it('name what a person must mend before what passes by itself', () => {
    const both = outcome({
      results: [failed('a:a/a', 'VaultUnreachable'), failed('b:b/b', 'PostgresForbidden')],
    });
    expect(brief(settled(fresh, both))).toEqual([
      'Ready=False PostgresForbidden',
      'Stalled=True PostgresForbidden',
    ]);
  });

  it('wait for what failed elsewhere', () => {
    const blocked = outcome({ results: [result('airbyte:source/acme-notion', 'blocked')] });
    expect(brief(settled(fresh, blocked))).toEqual(['Ready=False Blocked']);
  });
});

describe('a system that is away', () => {
  const away = failedWith('VaultUnreachable', 'no answer from Vault');

  it('leaves Ready as it was for five minutes, then nobody knows', () => {
    let object = settled(fresh, CLEAN);
    const ready = find(object, 'Ready');
    object = settled(object, away, 1);
    expect(brief(object)).toEqual(['Ready=True Reconciled', 'Reconciling=True VaultUnreachable']);
    expect(find(object, 'Ready')).toEqual(ready);
    expect(sameStatus(object.status, settled(object, away, 5).status)).toBe(true);
    object = settled(object, away, 6);
    expect(brief(object)).toEqual(['Ready=Unknown VaultUnreachable', 'Reconciling=True VaultUnreachable']);
    expect(sameStatus(object.status, settled(object, away, 600).status)).toBe(true);
    object = settled(object, CLEAN, 601);
    expect(brief(object)).toEqual(['Ready=True Reconciled']);
  });

  it('makes a changed document, and a new one, not ready at once, and that stays so', () => {
    for (const object of [fresh, changed(settled(fresh, CLEAN))]) {
      const failing = settled(object, away, 1);
      expect(brief(failing)).toEqual(['Ready=False VaultUnreachable', 'Reconciling=True VaultUnreachable']);
      expect(sameStatus(failing.status, settled(failing, away, 30).status)).toBe(true);
    }
  });

  it('is one message although each try fails at another call', () => {
    let object = settled(settled(fresh, CLEAN), failedWith('VaultUnreachable', 'GET /v1/a: timed out'), 1);
    const same = settled(object, failedWith('VaultUnreachable', 'GET /v1/b: timed out'), 2);
    expect(sameStatus(object.status, same.status)).toBe(true);
    object = settled(object, failedWith('PostgresUnreachable', 'no answer'), 3);
    expect(find(object, 'Reconciling')).toMatchObject({
      reason: 'PostgresUnreachable',
      lastTransitionTime: '2026-01-01T00:01:00Z',
    });
  });

  it('forgets nothing that was known of the world', () => {
    const known = outcome({
      claim: 'operator:prod',
      ids: { 'airbyte/source': 'x' },
      credential: { state: 'Ready' },
    });
    const object = settled(fresh, known);
    const { conditions: _, ...facts } = settled(object, away, 1).status;
    const { conditions: __, ...before } = object.status;
    expect(facts).toEqual(before);
  });

  it('does not make an integration flicker whose Tenant fails for a moment', () => {
    const state = { reason: 'TenantNotReady', message: 'the Tenant is not ready; see its status' } as const;
    let object = settled(settled(fresh, CLEAN), outcome({ state }), 1);
    expect(brief(object)).toEqual(['Ready=True Reconciled', 'Reconciling=True TenantNotReady']);
    object = settled(object, outcome({ state }), 6);
    expect(brief(object)).toEqual(['Ready=False TenantNotReady']);
    expect(sameStatus(object.status, settled(object, outcome({ state }), 60).status)).toBe(true);
    expect(brief(settled(fresh, outcome({ state })))).toEqual(['Ready=False TenantNotReady']);
  });

  it('counts a run that was stopped half-way as passing', () => {
    const stopped = outcome({ results: [result('a:a/a', 'cancelled')] });
    expect(brief(settled(settled(fresh, CLEAN), stopped, 1))).toEqual([
      'Ready=True Reconciled',
      'Reconciling=True Cancelled',
    ]);
  });
});

describe('what is only observed', () => {
  it('is not ready while it differs, and says what would be done', () => {
    const changes = [step({}), ...Array.from({ length: 29 }, () => step({ would: 'create' }))];
    const object = settled(fresh, outcome({ observeOnly: true, changes }));
    expect(brief(object)).toEqual(['Ready=False Differs']);
    expect(object.status.plan?.total).toBe(30);
    expect(object.status.plan?.changes).toHaveLength(20);
    expect(object.status.plan?.changes.slice(0, 2)).toEqual([
      'update airbyte:connection acme-notion: schedule "manual" → "0 0 3 * * ?"',
      'create airbyte:connection acme-notion',
    ]);
    expect(settled(object, outcome({ observeOnly: true })).status).not.toHaveProperty('plan');
    expect(brief(settled(object, outcome({ observeOnly: true })))).toEqual(['Ready=True Reconciled']);
  });

  it('keeps a line of the plan short', () => {
    const long = step({
      changes: [
        { path: 'a', after: 'x'.repeat(5000) },
        { path: 'b', before: 'y\n'.repeat(999) },
      ],
    });
    const [line = ''] =
      settled(fresh, outcome({ observeOnly: true, changes: [long] })).status.plan?.changes ?? [];
    expect([...line].length).toBeLessThanOrEqual(300);
    expect(line).not.toContain('\n');
  });

  it('has no plan where the document is managed', () => {
    expect(settled(fresh, outcome({ changes: [step({ action: 'update' })] })).status).not.toHaveProperty(
      'plan',
    );
  });
});

describe('a deletion', () => {
  const leaving = integrationObject(
    'acme-notion',
    { tenant: 'acme', integration: 'notion' },
    { meta: { ...DELETED, generation: 2 } },
  );

  it('is not ready, and is worked on', () => {
    expect(brief(settled(leaving, CLEAN))).toEqual(['Ready=False Deleting', 'Reconciling=True Deleting']);
    const state = { reason: 'IntegrationsRemain', message: 'acme-notion is still there' } as const;
    expect(brief(settled(leaving, outcome({ state })))).toEqual(['Ready=False IntegrationsRemain']);
  });

  it('says at once what keeps it, and how to give up', () => {
    const deleting = settled(leaving, CLEAN);
    const stuck = settled(deleting, failedWith('AirbyteUnreachable', 'no answer from Airbyte'), 1);
    expect(brief(stuck)).toEqual(['Ready=False AirbyteUnreachable', 'Reconciling=True AirbyteUnreachable']);
    expect(find(stuck, 'Ready').message).toMatch(
      /^no answer from Airbyte; next step: .*; if that system is gone for good, annotate the object with tenantry\.dev\/on-delete=Abandon$/,
    );
    expect(brief(settled(deleting, failedWith('VaultForbidden'), 1))).toEqual([
      'Ready=False VaultForbidden',
      'Stalled=True VaultForbidden',
    ]);
  });
});

describe('a status', () => {
  it('follows the annotation that asks for a reconcile', () => {
    const asked = { ...fresh.metadata, annotations: { 'tenantry.dev/reconcile-requested-at': 'now' } };
    const object = settled({ ...fresh, metadata: asked }, failedWith('VaultSealed'));
    expect(object.status.lastHandledReconcileAt).toBe('now');
    expect(settled({ ...object, metadata: fresh.metadata }, CLEAN).status.lastHandledReconcileAt).toBe('now');
  });

  it('keeps the namespace that was acted on, for as long as a mistake stands in the document', () => {
    const spec = { tenant: 'acme', integration: 'notion', sync: { namespace: 'one' } };
    const object = settled({ ...fresh, spec }, CLEAN);
    expect(object.status.namespace).toBe('one');
    const wrong = { ...object, spec: { ...spec, sync: { namespace: 'two' } } };
    expect(settled(changed(wrong), failedWith('InvalidDocument')).status.namespace).toBe('one');
    expect(settled(changed(wrong), CLEAN).status.namespace).toBe('two');
    expect(settled({ ...object, spec: fresh.spec }, CLEAN).status).not.toHaveProperty('namespace');
  });

  it('of a Tenant has its schema and the number of its integrations', () => {
    const object = tenantObject('acme');
    const status = tenantStatus(object, outcome({ schema: 'tenant_acme', integrations: 2 }), { now: T0 });
    expect(status).toMatchObject({ schema: 'tenant_acme', integrations: 2, observedGeneration: 1 });
    expect(tenantStatus({ ...object, status }, failedWith('VaultSealed'), { now: T0 })).toMatchObject({
      schema: 'tenant_acme',
      integrations: 2,
    });
  });

  it('of a Tenant says whether the claim is the operator’s, and goes on to say so while nothing can be looked at', () => {
    const object = tenantObject('acme');
    expect(tenantStatus(object, failedWith('VaultSealed'), { now: T0 })).not.toHaveProperty('owned');
    for (const owned of [true, false]) {
      const status = tenantStatus(object, outcome({ owned }), { now: T0 });
      expect(status).toMatchObject({ owned });
      expect(tenantStatus({ ...object, status }, failedWith('VaultSealed'), { now: T0 })).toMatchObject({
        owned,
      });
    }
  });

  it('is the same whatever the order of fields and conditions, and whoever adds conditions', () => {
    const { status } = settled(fresh, outcome({ results: [FOR_CREDENTIAL] }));
    const others = { type: 'Audited', status: 'True' } as unknown as Condition;
    const turned = {
      ...status,
      conditions: [others, ...(status.conditions ?? []).toReversed()],
      claim: undefined,
    };
    expect(sameStatus(turned as unknown as IntegrationStatus, status)).toBe(true);
    expect(sameStatus({ ...status, claim: 'operator:prod' }, status)).toBe(false);
    expect(sameStatus(undefined, status)).toBe(false);
    expect(sameStatus({ observedGeneration: -1 }, status)).toBe(false);
  });

  it('is applied to the one object that it is about', () => {
    const { status } = settled(fresh, CLEAN);
    expect(statusBody(fresh, status)).toEqual({
      apiVersion: 'tenantry.dev/v1alpha1',
      kind: 'TenantIntegration',
      metadata: { name: 'acme-notion', namespace: 'prod', uid: fresh.metadata.uid },
      status,
    });
  });
});

describe('any history', () => {
  const codes = errorCodes().map(({ code }) => code);
  const message = fc.oneof(fc.string({ maxLength: 3000 }), fc.constant('é\n'.repeat(900)));
  const outcomes: fc.Arbitrary<DocumentOutcome> = fc.oneof(
    fc.constant(CLEAN),
    fc.tuple(fc.constantFrom(...codes), message).map(([code, text]) => failedWith(code, text)),
    fc
      .tuple(fc.constantFrom(...STATUS_REASONS), message)
      .map(([reason, text]) => outcome({ state: { reason, message: text } })),
    fc
      .array(fc.tuple(fc.constantFrom('a:a/a', 'b:b/b', 'c:c/c'), fc.constantFrom(...codes), message))
      .map((list) => outcome({ results: list.map(([id, code, text]) => failed(id, code, text)) })),
    fc
      .boolean()
      .map((observeOnly) => outcome({ observeOnly, changes: [step({})], results: [FOR_CREDENTIAL] })),
  );
  const events = fc.array(fc.record({ minutes: fc.nat({ max: 8 }), change: fc.boolean(), found: outcomes }), {
    minLength: 1,
    maxLength: 8,
  });

  it('has conditions as kstatus and the API server want them, and settles after one write', () => {
    fc.assert(
      fc.property(events, (list) => {
        let object = fresh;
        let minutes = 0;
        for (const event of list) {
          minutes += event.minutes;
          if (event.change) object = changed(object);
          object = settled(object, event.found, minutes);
          const types = (object.status?.conditions ?? []).map(({ type }) => type);
          expect(types[0]).toBe('Ready');
          expect(new Set(types).size).toBe(types.length);
          expect(types.includes('Reconciling') && types.includes('Stalled')).toBe(false);
          for (const condition of object.status?.conditions ?? []) {
            expect([...condition.message].length).toBeLessThanOrEqual(1024);
            expect(condition.observedGeneration).toBe(object.metadata.generation);
            expect(condition.lastTransitionTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
          }
          // The same again at the same time is nothing new.
          expect(sameStatus(object.status, settled(object, event.found, minutes).status)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
