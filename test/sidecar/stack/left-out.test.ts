import { describe, expect, it } from 'vitest';
import { createLeftOut } from '../../../src/sidecar/stack/left-out.ts';

type Read = Parameters<ReturnType<typeof createLeftOut>['tell']>[0];

function start() {
  const lines: string[] = [];
  const line = (facts: unknown, text: string): number => lines.push(`${text} ${JSON.stringify(facts)}`);
  const log = { warn: line, info: line } as unknown as Parameters<typeof createLeftOut>[0];
  return { leftOut: createLeftOut(log), lines };
}

const wrong = (object: string, message: string): Read => ({
  problems: new Map([[object, [{ message, path: 'spec.config' }]]]),
  states: new Map(),
});
const NOTHING: Read = { problems: new Map(), states: new Map() };

describe('what is not served', () => {
  it('is told with its mistakes once, again when they are others, and when it is over', () => {
    const { leftOut, lines } = start();
    leftOut.tell(wrong('TenantIntegration t/acme-notion', 'is not set'));
    leftOut.tell(wrong('TenantIntegration t/acme-notion', 'is not set'));
    expect(lines).toEqual([
      'left out {"object":"TenantIntegration t/acme-notion","reason":"spec.config: is not set"}',
    ]);
    leftOut.tell(wrong('TenantIntegration t/acme-notion', 'is a number'));
    expect(lines).toHaveLength(2);
    leftOut.tell(NOTHING);
    leftOut.tell(NOTHING);
    expect(lines.slice(2)).toEqual(['no longer left out {"objects":["TenantIntegration t/acme-notion"]}']);
  });

  it('is told where its Tenant is missing', () => {
    const { leftOut, lines } = start();
    const state = { reason: 'TenantNotFound', message: 'there is no Tenant "acme"' } as const;
    leftOut.tell({ problems: new Map(), states: new Map([['TenantIntegration t/a', state]]) });
    expect(lines).toEqual([
      'left out {"object":"TenantIntegration t/a","reason":"there is no Tenant \\"acme\\""}',
    ]);
  });

  it('does not fill the log when thousands are concerned at once', () => {
    const { leftOut, lines } = start();
    const names = Array.from({ length: 3_000 }, (_each, index) => `TenantIntegration t/n${index}`);
    leftOut.tell({ problems: new Map(names.map((name) => [name, [{ message: 'x' }]])), states: new Map() });
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toContain('"objects":2980');
  });
});
