/** Decides what is to be done for a unit before anything is looked at. Pure. */

import type { IntegrationDocument } from '../../spec/integration.ts';
import type { TenantDocument } from '../../spec/tenant.ts';
import type { UnitDocuments } from '../documents/read.ts';
import { ANNOTATIONS, type AnyObject } from '../objects.ts';
import type { DocumentOutcome } from '../outcome.ts';
import type { Job } from './job.ts';
import { stateOutcome } from './outcomes.ts';
import type { Unit } from './units.ts';

export interface Sorted {
  /** What is known of objects without a look. */
  readonly outcomes: ReadonlyMap<AnyObject, DocumentOutcome>;
  /** Objects that may go at once: nothing outside of Kubernetes is to be touched for them. */
  readonly release: readonly AnyObject[];
  /** What is to be looked at. */
  readonly job: Job | undefined;
}

export interface SortInput {
  readonly unit: Unit;
  readonly documents: UnitDocuments;
  readonly refusal: (object: AnyObject) => DocumentOutcome | undefined;
  readonly light: boolean;
}

export function sortUnit(input: SortInput): Sorted {
  const { unit, documents } = input;
  const { tenant } = unit;
  const document = documents.tenant;
  const { outcomes, release, removing } = sortIntegrations(input);
  if (tenant === undefined) return { outcomes, release, job: undefined };
  const leaves = isDeleting(tenant) && unit.integrations.every((object) => release.includes(object));
  const isUntouched =
    document === undefined || document.spec.managementPolicy === 'Observe' || isAbandoned(tenant);
  if (leaves && isUntouched) return { outcomes, release: [...release, tenant], job: undefined };
  if (document === undefined) {
    outcomes.set(tenant, input.refusal(tenant) ?? stateOutcome('Pending', 'nothing is known of it yet'));
    return { outcomes, release, job: undefined };
  }
  const { integrations, refused = false } = documents;
  const makesNothing = refused && !leaves;
  const job: Job = {
    unit: { ...unit, tenant },
    document,
    integrations,
    removing,
    leaves,
    makesNothing,
    held: documents.held || makesNothing,
    light: input.light,
  };
  return { outcomes, release, job };
}

function sortIntegrations({ unit, documents, refusal }: SortInput): {
  readonly outcomes: Map<AnyObject, DocumentOutcome>;
  readonly release: AnyObject[];
  readonly removing: Job['removing'][number][];
} {
  const outcomes = new Map<AnyObject, DocumentOutcome>();
  const release: AnyObject[] = [];
  const removing: Job['removing'][number][] = [];
  for (const object of unit.integrations) {
    if (isDeleting(object)) {
      const own = documents.leaving.find((each) => each.metadata.name === object.metadata.name);
      if (mayGo(object, own, documents.tenant)) release.push(object);
      else removing.push({ object, document: own });
      continue;
    }
    const outcome = refusal(object);
    if (outcome) outcomes.set(object, outcome);
  }
  return { outcomes, release, removing };
}

/** Nothing outside of Kubernetes is to be touched for an object that is being deleted. */
function mayGo(
  object: AnyObject,
  own: IntegrationDocument | undefined,
  tenant: TenantDocument | undefined,
): boolean {
  if (tenant === undefined || isAbandoned(object)) return true;
  return tenant.spec.managementPolicy === 'Observe' || own?.spec.managementPolicy === 'Observe';
}

function isDeleting({ metadata }: AnyObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}

function isAbandoned({ metadata }: AnyObject): boolean {
  return metadata.annotations?.[ANNOTATIONS.onDelete]?.toLowerCase() === 'abandon';
}
