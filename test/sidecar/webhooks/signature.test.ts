import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CatalogWebhook } from '../../../src/catalog/entry.ts';
import { loadCatalog } from '../../../src/catalog/load.ts';
import { type SignedRequest, verifySignature } from '../../../src/sidecar/webhooks/signature.ts';

const catalog = await loadCatalog();
const NOW = Date.parse('2026-03-01T12:00:00Z');

function webhookOf(id: string): CatalogWebhook {
  const webhook = catalog.get(id)?.webhook;
  if (webhook === undefined) throw new Error(`${id} has no webhook`);
  return webhook;
}

function request(headers: Record<string, string>, body: string | Buffer): SignedRequest {
  const listed = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value]]);
  const uri = 'https://connect.example.com/webhooks/x';
  return { method: 'POST', uri, headers: Object.fromEntries(listed), body: Buffer.from(body) };
}

/** A delivery of Stripe with these signatures, made for this moment. */
function stripe(body: string, parts: (right: string, seconds: number) => string): SignedRequest {
  const seconds = NOW / 1000;
  const right = createHmac('sha256', 'whsec_1').update(`${seconds}.${body}`).digest('hex');
  return request({ 'Stripe-Signature': parts(right, seconds) }, body);
}

const isRight = (webhook: CatalogWebhook, secret: string, given: SignedRequest, now = NOW): boolean =>
  verifySignature(webhook, secret, given, now) !== undefined;

describe('verifySignature', () => {
  it('accepts the examples of GitHub’s and Slack’s documentation', () => {
    const github = request(
      { 'X-Hub-Signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' },
      'Hello, World!',
    );
    expect(isRight(webhookOf('github'), "It's a Secret to Everybody", github)).toBe(true);
    const body =
      'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V' +
      '&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=' +
      '&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554' +
      '%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
    const slack = request(
      {
        'X-Slack-Signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
        'X-Slack-Request-Timestamp': '1531420618',
      },
      body,
    );
    expect(isRight(webhookOf('slack'), '8f742231b10e8888abcd99yyyzzz85a5', slack, 1_531_420_618_000)).toBe(
      true,
    );
  });

  it('takes one right signature among several, in any order, while a secret is rolled', () => {
    const webhook = webhookOf('stripe');
    const wrong = 'a'.repeat(64);
    const rolled = stripe('{}', (right, seconds) => `v1=${wrong}, t=${seconds},v1=${right},v0=${wrong}`);
    expect(isRight(webhook, 'whsec_1', rolled)).toBe(true);
  });

  it.each<[string, (right: string, seconds: number) => string]>([
    ['only in the scheme of test deliveries', (right, seconds) => `t=${seconds},v0=${right}`],
    ['without a time', (right) => `v1=${right}`],
    ['with two times', (right, seconds) => `t=${seconds},t=${seconds},v1=${right}`],
    ['with another time', (right, seconds) => `t=${seconds - 1},v1=${right}`],
    ['among a thousand guesses', (right, seconds) => `t=${seconds},${'v1=00,'.repeat(1000)}v1=${right}`],
    ['as another text of the same bytes', (right, seconds) => `t=${seconds},v1=${right.slice(0, 62)}`],
  ])('refuses a signature %s', (_name, parts) => {
    expect(isRight(webhookOf('stripe'), 'whsec_1', stripe('{}', parts))).toBe(false);
  });

  it('compares a token as it is, and nothing like it', () => {
    const webhook = webhookOf('google-drive');
    const of = (token: string): SignedRequest => request({ 'X-Goog-Channel-Token': token }, '');
    expect(isRight(webhook, 'token of a channel', of('token of a channel'))).toBe(true);
    for (const token of ['', 'token', 'token of a channel ', 'Token of a channel']) {
      expect(isRight(webhook, 'token of a channel', of(token))).toBe(false);
    }
    expect(isRight(webhook, '', of(''))).toBe(false);
  });

  it('accepts whatever bytes were signed, and nothing else', () => {
    const webhook = webhookOf('airtable');
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        fc.nat(),
        (bytes, key, at) => {
          const body = Buffer.from(bytes);
          const secret = Buffer.from(key).toString('base64');
          const mac = createHmac('sha256', key).update(body).digest('hex');
          const headers = { 'X-Airtable-Content-MAC': `hmac-sha256=${mac}` };
          expect(isRight(webhook, secret, request(headers, body))).toBe(true);
          const changed = Buffer.concat([body, Buffer.from([0])]);
          if (body.length > 0) changed.writeUInt8((body[at % body.length] ?? 0) ^ 1, at % body.length);
          expect(isRight(webhook, secret, request(headers, changed))).toBe(false);
          expect(isRight(webhook, secret, request(headers, changed.subarray(0, body.length)))).toBe(
            body.length === 0,
          );
        },
      ),
    );
  });

  it('throws at no header, whatever stands in it', () => {
    const webhooks = [...catalog.values()].flatMap(({ webhook }) => (webhook ? [webhook] : []));
    fc.assert(
      fc.property(
        fc.constantFrom(...webhooks),
        fc.string({ unit: 'binary' }),
        fc.string(),
        (webhook, signature, time) => {
          const headers = {
            [webhook.signatureHeader]: signature,
            ...(webhook.timestampHeader && { [webhook.timestampHeader]: time }),
          };
          expect(isRight(webhook, 'c2VjcmV0LW9mLWEtdGVzdA==', request(headers, '{}'))).toBe(false);
        },
      ),
    );
  });
});
