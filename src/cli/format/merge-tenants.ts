/** Tells once what a plan does for many tenants in the same way: 300 new tenants are one block and not 300. */

export interface TenantBlock {
  readonly tenant: string;
  readonly lines: readonly string[];
}

export interface TitledBlock {
  readonly title: string;
  readonly lines: readonly string[];
}

/** Up to so many tenants are shown one by one. */
const ONE_BY_ONE = 5;

/** So many names stand in the title of a block. */
const NAMED = 4;

/** Blocks in the order of their first tenants. */
export function mergeTenants(blocks: readonly TenantBlock[]): TitledBlock[] {
  if (blocks.length <= ONE_BY_ONE) return blocks.map(alone);
  const alike = Map.groupBy(blocks, ({ tenant, lines }) =>
    lines.map((line) => withoutName(line, tenant)).join('\n'),
  );
  return [...alike].flatMap(([text, group]) => {
    const [first] = group;
    if (!first) return [];
    return group.length === 1 ? [alone(first)] : [{ title: titleOf(group), lines: text.split('\n') }];
  });
}

function alone({ tenant, lines }: TenantBlock): TitledBlock {
  return { title: `Tenant ${tenant}`, lines };
}

function titleOf(group: readonly TenantBlock[]): string {
  const names = group.map(({ tenant }) => tenant);
  const more = names.length - NAMED;
  const list = more > 1 ? `${names.slice(0, NAMED).join(', ')} and ${more} more` : names.join(', ');
  return `${group.length} tenants, the same for each <tenant>: ${list}`;
}

/** Names of schemas and roles have `_` where the tenant's name has `-`. */
function withoutName(line: string, tenant: string): string {
  const underscored = tenant.replaceAll('-', '_');
  const pattern = new RegExp(`(?<![a-z0-9])(?:${tenant}|${underscored})(?![a-z0-9])`, 'g');
  return line.replace(pattern, '<tenant>');
}
