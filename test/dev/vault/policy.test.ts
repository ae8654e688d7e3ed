import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Capability, type PolicyRule, parsePolicy } from '../../../src/dev/vault/policy-document.ts';
import { compileAcl } from '../../../src/dev/vault/policy-match.ts';

const rulesOf = (text: string) => parsePolicy(text).map((rule) => [rule.path, [...rule.capabilities].sort()]);

test('HCL with comments and JSON give the same rules', () => {
  const hcl = `# one
    path "secret/data/a/*" { // two
      capabilities = ["read", /* three */ "list",]
    }
    path "/sys/x" { policy = "write" comment = "old" }`;
  const json =
    '{"path": {"secret/data/a/*": {"capabilities": ["read", "list"]}, "sys/x": {"policy": "write"}}}';
  expect(rulesOf(hcl)).toEqual([
    ['secret/data/a/*', ['list', 'read']],
    ['sys/x', ['create', 'delete', 'list', 'read', 'update']],
  ]);
  expect(rulesOf(json)).toEqual(rulesOf(hcl));
});

test.each([
  ['foo = 1', 'invalid key "foo" on line 1'],
  ['path "a" { capabilities = ["nope"] }', 'path "a": invalid capability "nope"'],
  ['path "a" {\n capabilites = ["read"] }', 'path "a": invalid key "capabilites" on line 2'],
  ['path "a+*" { capabilities = ["read"] }', "invalid use of wildcards ('+*' is forbidden)"],
  ['path "a" { capabilities = ["read" }', 'error parsing list, expected comma or list end, got: RBRACE'],
  ['path "a" { capabilities = ["read"]', 'object expected closing RBRACE got: EOF'],
  ['path "a" { capabilities = ["read"] capabilities = [] }', 'was already set'],
  ['path "a/{{identity.entity.id}}" { capabilities = ["read"] }', 'does not support templated paths'],
  [
    'path "a" { capabilities = ["read"] allowed_parameters = { "x" = [] } }',
    'does not support allowed_parameters',
  ],
  ['path "a', 'literal not terminated'],
  ['{"path": ', 'error parsing JSON'],
])('the policy %j is refused: %s', (text, message) => {
  expect(() => parsePolicy(text)).toThrow(message);
});

const acl = (text: string) => compileAcl(parsePolicy(text));
const granted = (text: string, path: string, isList = false) =>
  [...(acl(text).capabilities(path, isList) ?? [])].sort().join();

test('deny wins over what other blocks of the same path allow', () => {
  const text = 'path "a/*" { capabilities = ["read"] } path "a/*" { capabilities = ["deny", "read"] }';
  expect(granted(text, 'a/b')).toBe('deny');
});

test('the most specific path counts, even when it allows less', () => {
  const text = `path "a/*" { capabilities = ["read"] } path "a/b/*" { capabilities = ["list"] }
    path "a/b/c" { capabilities = ["delete"] } path "a/+/d" { capabilities = ["update"] }`;
  expect(granted(text, 'a/x')).toBe('read');
  expect(granted(text, 'a/b/x')).toBe('list');
  expect(granted(text, 'a/b/c')).toBe('delete');
  expect(granted(text, 'a/x/d')).toBe('update');
  expect(granted(text, 'a/b/d')).toBe('list');
  expect(granted(text, 'b')).toBe('');
});

test('listing a folder is covered by a rule without its trailing slash', () => {
  expect(granted('path "a/b" { capabilities = ["list"] }', 'a/b/', true)).toBe('list');
  expect(granted('path "a/b" { capabilities = ["list"] }', 'a/b/', false)).toBe('');
});

/** The documented rules, written down as plainly as possible: a regular expression and a list of criteria. */
function reference(rules: readonly PolicyRule[], path: string): string {
  const literal = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = (rule: string) => {
    const glob = rule.endsWith('*');
    const segments = (glob ? rule.slice(0, -1) : rule)
      .split('/')
      .map((one) => (one === '+' ? '[^/]*' : literal(one)));
    return new RegExp(`^${segments.join('/')}${glob ? '.*' : ''}$`);
  };
  const isWild = (rule: string) => rule.endsWith('*') || rule.split('/').includes('+');
  const firstWild = (rule: string) =>
    Math.min(...['+', '*'].map((mark) => rule.indexOf(mark)).filter((index) => index >= 0), rule.length);
  // Higher is better, criterion after criterion.
  const criteria = (rule: string): (number | string)[] => [
    isWild(rule) ? 0 : 1,
    firstWild(rule),
    rule.endsWith('*') ? 0 : 1,
    -rule.split('/').filter((one) => one === '+').length,
    rule.length,
    rule,
  ];
  const better = (a: string, b: string): number => {
    const [left, right] = [criteria(a), criteria(b)];
    const differs = left.findIndex((value, index) => value !== right[index]);
    if (differs < 0) return 0;
    return (left[differs] as number) > (right[differs] as number) ? -1 : 1;
  };
  const best = rules
    .map((rule) => rule.path)
    .filter((rule) => pattern(rule).test(path))
    .sort(better)[0];
  const all = rules.filter((rule) => rule.path === best).flatMap((rule) => [...rule.capabilities]);
  return all.includes('deny') ? 'deny' : [...new Set(all)].sort().join();
}

test('matching agrees with a plain reading of the documentation', () => {
  const segment = fc.constantFrom('a', 'b', 'ab', 'abc', '');
  const rulePath = fc
    .tuple(fc.array(fc.oneof(segment, fc.constant('+')), { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(([parts, glob]) => parts.join('/') + (glob && parts.at(-1) !== '+' ? '*' : ''))
    .filter((path) => path !== '');
  const capability = fc.constantFrom<Capability>('read', 'list', 'create', 'deny');
  const rule = fc.record({ path: rulePath, capabilities: fc.uniqueArray(capability, { minLength: 1 }) });
  const requestPath = fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 8 }), requestPath, (made, path) => {
      const rules = made.map((one) => ({
        path: one.path,
        capabilities: new Set<Capability>(one.capabilities.includes('deny') ? ['deny'] : one.capabilities),
      }));
      const found = [...(compileAcl(rules).capabilities(path, false) ?? [])].sort().join();
      expect(found).toBe(reference(rules, path));
    }),
    { numRuns: 3000 },
  );
});
