/** Order of the check list. */
import type { Schema } from '../../../client/index.ts';

type Check = Schema<'SetupCheck'>;

const ORDER: readonly Check['state'][] = ['failed', 'unknown', 'warning', 'ok'];

/** Of the same state, in the order of the sidecar: what others depend on stands first there. */
export function worstFirst(checks: readonly Check[]): Check[] {
  return checks.toSorted((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state));
}
