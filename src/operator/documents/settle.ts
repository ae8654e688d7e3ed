/** Finds which documents can be valid together: who came first keeps what it has, and a newcomer has the mistake. */
import type { Catalog } from '../../catalog/entry.ts';
import type { Problem } from '../../errors.ts';
import { findMistakes } from '../../spec/checks.ts';
import type { Precedence } from '../../spec/collisions.ts';
import type { Loaded } from '../../spec/documents.ts';
import type { IntegrationDocument } from '../../spec/integration.ts';
import type { PlatformDocument } from '../../spec/platform.ts';
import type { Finding } from '../../spec/positions.ts';
import type { TenantDocument } from '../../spec/tenant.ts';
import { inWords } from './parse.ts';

export interface SettleInput {
  /** The oldest first; with the remnants of those that are not valid by themselves. */
  readonly tenants: readonly Loaded<TenantDocument>[];
  /** The same; each belongs to one of these Tenants. */
  readonly integrations: readonly Loaded<IntegrationDocument>[];
  readonly catalog: Catalog;
  readonly platform: Loaded<PlatformDocument>;
  readonly makesSources: boolean;
  readonly precedence: Precedence;
}

/**
 * A document with a mistake of its own still keeps from others what it names, because it may have been valid before;
 * one that wants what another has gives everything up, so that it stands in nobody's way.
 */
export function settle(input: SettleInput): Map<object, readonly Problem[]> {
  const { catalog, platform, makesSources, precedence } = input;
  const mistakes = new Map<object, readonly Problem[]>();
  let { tenants, integrations } = input;
  for (;;) {
    // Who belongs to which Tenant was looked at before.
    const options = { catalog, makesSources, precedence, mayHaveTenant: () => true };
    const findings = Map.groupBy(
      findMistakes({ platform, tenants, integrations }, options),
      (each) => each.document,
    );
    const yielding = yieldersOf(findings, tenants, integrations);
    for (const [document, own] of findings) {
      const counting = own.filter(({ keeper }) => keeper === undefined || !yielding.has(keeper));
      if (counting.length > 0) mistakes.set(document, problemsOf(counting));
    }
    if (yielding.size === 0) return mistakes;
    tenants = tenants.filter((tenant) => !yielding.has(tenant));
    integrations = integrations.filter((each) => !yielding.has(each));
  }
}

/** Documents that want what another has which keeps it. One that yields itself keeps nothing, nor do a Tenant's own. */
function yieldersOf(
  findings: ReadonlyMap<object, readonly Finding[]>,
  tenants: SettleInput['tenants'],
  integrations: SettleInput['integrations'],
): Set<object> {
  const yields = new Map<object, boolean>();
  if (findings.size === 0) return new Set();
  const byName = new Map(tenants.map((tenant) => [tenant.metadata.name, tenant]));
  const owners = new Map<object, object | undefined>(
    integrations.map((each) => [each, byName.get(each.spec.tenant)]),
  );
  const decide = (document: object): boolean => {
    const known = yields.get(document);
    if (known !== undefined) return known;
    // Two that have what the other wants would ask each other forever; then the one that was asked first yields.
    yields.set(document, false);
    const owner = owners.get(document);
    const result =
      (owner !== undefined && decide(owner)) ||
      (findings.get(document) ?? []).some(({ keeper }) => keeper !== undefined && !decide(keeper));
    yields.set(document, result);
    return result;
  };
  for (const document of [...tenants, ...integrations]) decide(document);
  return new Set([...yields].flatMap(([document, is]) => (is ? [document] : [])));
}

function problemsOf(findings: readonly Finding[]): Problem[] {
  const problems = findings.map(({ problem }) => inWords(problem));
  return problems.sort((a, b) => compare(a.path ?? '', b.path ?? '') || compare(a.message, b.message));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
