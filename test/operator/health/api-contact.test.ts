import { describe, expect, test } from 'vitest';
import { type ApiContact, createApiContact } from '../../../src/operator/health/api-contact.ts';

function setUp(): { contact: ApiContact; call: (at: number, code: string, seconds?: number) => number } {
  let now = 0;
  const contact = createApiContact(() => now * 1000);
  return {
    contact,
    call(at, code, seconds = 0) {
      now = at;
      contact.onCall({ method: 'GET', code, seconds });
      return contact.unansweredSeconds();
    },
  };
}

describe('the contact with the API server', () => {
  test('is there while calls are answered, also with refusals', () => {
    const { contact, call } = setUp();
    expect(contact.unansweredSeconds()).toBe(0);
    expect(call(10, '200')).toBe(0);
    expect(call(100, '503')).toBe(0);
  });

  test('counts from the beginning of the first call without an answer to the end of the last', () => {
    const { call } = setUp();
    call(10, '200');
    expect(call(40, '<error>', 30)).toBe(30);
    expect(call(72, '<error>', 30)).toBe(62);
    expect(call(73, '401')).toBe(0);
    expect(call(80, '<error>', 1)).toBe(1);
  });

  test('one call that was cancelled long after the last answer is no outage', () => {
    const { call } = setUp();
    call(10, '200');
    expect(call(5_000, '<error>', 2)).toBe(2);
  });
});
