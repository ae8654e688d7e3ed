import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { loadCatalog } from '../../src/catalog/load.ts';

const catalog = await loadCatalog();

interface Delivery {
  readonly key: string;
  readonly body: string;
  readonly timestamp?: string;
}

/** The value of the signature header, made from nothing but what the entry says. */
function signatureHeader(id: string, { key, body, timestamp = '' }: Delivery): string {
  const webhook = catalog.get(id)?.webhook;
  if (webhook === undefined) throw new Error(`${id} has no webhook`);
  const fill = (template: string) => template.replace('{timestamp}', timestamp).replace('{body}', () => body);
  const secret = Buffer.from(key, webhook.secretEncoding);
  const mac = createHmac(webhook.scheme.replace('hmac-', ''), secret).update(fill(webhook.payload));
  return fill(webhook.signaturePattern).replace('{signature}', mac.digest(webhook.encoding));
}

describe('webhook facts', () => {
  it('give the signature of the example in GitHub’s documentation', () => {
    const delivery = { key: "It's a Secret to Everybody", body: 'Hello, World!' };
    expect(signatureHeader('github', delivery)).toBe(
      'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    );
  });

  it('give the signature of the example in Slack’s documentation', () => {
    const body =
      'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V' +
      '&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=' +
      '&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554' +
      '%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
    const delivery = { key: '8f742231b10e8888abcd99yyyzzz85a5', body, timestamp: '1531420618' };
    expect(signatureHeader('slack', delivery)).toBe(
      'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
    );
  });

  it('sign the time and the body, with a point between them, for Stripe', () => {
    const mac = createHmac('sha256', 'whsec').update('1700000000.{"id":"evt"}').digest('hex');
    const delivery = { key: 'whsec', body: '{"id":"evt"}', timestamp: '1700000000' };
    expect(signatureHeader('stripe', delivery)).toBe(`t=1700000000,v1=${mac}`);
  });
});
