/** Takes off an object what the operator never reads, so that a copy of all objects stays small. */
import type { KubeObject } from '../objects.ts';

/** Holds the whole document once more where it was applied on the client side. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The object without `metadata.managedFields` and without kubectl's copy of the document. The argument is not changed. */
export function trim<T extends KubeObject>(object: T): T {
  const { managedFields: _fields, ...metadata } = object.metadata as T['metadata'] & {
    readonly managedFields?: unknown;
  };
  const { annotations } = metadata;
  if (annotations?.[LAST_APPLIED] === undefined) return { ...object, metadata };
  const { [LAST_APPLIED]: _applied, ...kept } = annotations;
  return { ...object, metadata: { ...metadata, annotations: kept } };
}
