/** Contract of Transit: many values in one call, some of them wrong. */
import { beforeAll, expect, test } from 'vitest';
import { base64, type ContractTarget, callsOf } from './target.ts';

export function describeTransitBatch(target: ContractTarget): void {
  const vault = callsOf(target);
  const post = (path: string, body: unknown = {}) => vault.post(`batches/${path}`, body);
  const sealed: string[] = [];

  beforeAll(async () => {
    await vault.post('sys/mounts/batches', { type: 'transit' });
    await post('keys/k');
    const reply = await post('encrypt/k', {
      batch_input: ['a', 'b'].map((text) => ({ plaintext: base64(text) })),
    });
    sealed.push(...reply.body.data.batch_results.map((item: { ciphertext: string }) => item.ciphertext));
  });

  test('a batch is answered in its order, with the references of the items', async () => {
    const [a, b] = sealed;
    const batch_input = [{ ciphertext: b, reference: 'second' }, { ciphertext: a }];
    const reply = await post('decrypt/k', { batch_input });
    expect(reply.status).toBe(200);
    expect(reply.body.data.batch_results).toEqual([
      { plaintext: base64('b'), reference: 'second' },
      { plaintext: base64('a'), reference: '' },
    ]);
  });

  test('one wrong item makes 400, with its error in its place and the others done', async () => {
    const reply = await post('decrypt/k', {
      batch_input: [{ ciphertext: sealed[0] }, { ciphertext: 'vault:v1:aGk=' }, { ciphertext: 'nonsense' }],
    });
    expect(reply.status).toBe(400);
    expect(reply.body.data.batch_results).toEqual([
      { plaintext: base64('a'), reference: '' },
      { plaintext: '', error: 'invalid ciphertext length', reference: '' },
      { plaintext: '', error: 'invalid ciphertext: no prefix', reference: '' },
    ]);
    expect(reply.body).not.toHaveProperty('errors');
  });

  test('the caller chooses the status of a part that failed, but not of a whole', async () => {
    const partial_failure_response_code = 207;
    const wrong = { ciphertext: 'vault:v1:aGk=' };
    const part = [{ ciphertext: sealed[0] }, wrong];
    expect((await post('decrypt/k', { batch_input: part, partial_failure_response_code })).status).toBe(207);
    expect((await post('decrypt/k', { batch_input: [wrong], partial_failure_response_code })).status).toBe(
      400,
    );
  });

  test('encrypting reports its wrong items the same way', async () => {
    const reply = await post('encrypt/k', {
      batch_input: [{ plaintext: base64('a'), reference: 'r' }, { plaintext: '!!' }],
    });
    expect(reply.status).toBe(400);
    expect(reply.body.data.batch_results).toEqual([
      { ciphertext: expect.stringMatching(/^vault:v1:/), key_version: 1, reference: 'r' },
      { error: 'illegal base64 data at input byte 0', reference: '' },
    ]);
  });

  test('rewrapping a batch moves what it can, and names what it cannot', async () => {
    await post('keys/k/rotate');
    const reply = await post('rewrap/k', {
      batch_input: [...sealed.map((ciphertext) => ({ ciphertext })), { ciphertext: 'vault:v9:aGk=' }],
    });
    const [a, b, wrong] = reply.body.data.batch_results;
    expect(a).toEqual({ ciphertext: expect.stringMatching(/^vault:v2:/), key_version: 2, reference: '' });
    expect(b.key_version).toBe(2);
    expect(wrong).toEqual({ error: 'invalid ciphertext: version is too new', reference: '' });
    const opened = await post('decrypt/k', { batch_input: [{ ciphertext: a.ciphertext }] });
    expect(opened.body.data.batch_results[0].plaintext).toBe(base64('a'));
  });

  test('a value of another key fails alone', async () => {
    await post('keys/foreign');
    const { ciphertext } = (await post('encrypt/foreign', { plaintext: base64('x') })).body.data;
    const reply = await post('decrypt/k', { batch_input: [{ ciphertext: sealed[1] }, { ciphertext }] });
    expect(reply.body.data.batch_results).toEqual([
      { plaintext: base64('b'), reference: '' },
      { plaintext: '', error: 'cipher: message authentication failed', reference: '' },
    ]);
  });

  test('a batch of nothing, or of something else, is refused as a whole', async () => {
    expect(await post('decrypt/k', { batch_input: [] })).toMatchObject({
      status: 400,
      body: { errors: ['missing batch input to process'] },
    });
    expect((await post('decrypt/k', { batch_input: 'x' })).status).toBe(500);
    expect((await post('encrypt/k', { batch_input: [{ ciphertext: 'x' }] })).status).toBe(500);
  });

  test('a thousand values go through in one call', async () => {
    const texts = Array.from({ length: 1000 }, (_, n) => base64(`value ${n}`));
    const out = await post('encrypt/k', { batch_input: texts.map((plaintext) => ({ plaintext })) });
    const batch_input = out.body.data.batch_results.map(({ ciphertext }: { ciphertext: string }) => ({
      ciphertext,
    }));
    const back = await post('decrypt/k', { batch_input });
    expect(back.body.data.batch_results.map(({ plaintext }: { plaintext: string }) => plaintext)).toEqual(
      texts,
    );
  });
}
