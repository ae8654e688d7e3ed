/** The part of `pulumi stack export` that the benchmark reads. */

export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly custom: boolean;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly parent?: string;
  readonly dependencies?: readonly string[];
  readonly propertyDependencies?: Readonly<Record<string, readonly string[] | null>>;
  /** `<urn>::<id>` */
  readonly provider?: string;
  readonly additionalSecretOutputs?: readonly string[];
}

export interface Deployment {
  readonly resources: readonly StateResource[];
}

/** Number of resources by type. */
export function countTypes({ resources }: Deployment): Record<string, number> {
  const byType = Map.groupBy(resources, ({ type }) => type);
  return Object.fromEntries([...byType].map(([type, items]) => [type, items.length]).toSorted());
}
