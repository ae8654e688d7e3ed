/** The cheap calls of a catalog entry that any good credential may make. */
import { isRequest, type PreviewRequest } from '../../../catalog/preview.ts';
import type { IntegrationView } from '../../stack/view.ts';

export interface Question {
  /** URL template. */
  readonly url: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly method: 'GET' | 'POST';
  readonly body: unknown;
}

/** A row of the first synced stream that can be asked for by itself; then whose account it is. */
export function questionsOf({ entry, document }: IntegrationView): Question[] {
  const { auth, airbyte, proxy } = entry;
  const questions: Question[] = [];
  const synced = document.spec.sync.streams?.map(({ name }) => name);
  for (const { name, preview } of proxy ? (airbyte?.streams ?? []) : []) {
    if (synced && !synced.includes(name)) continue;
    const question = isRequest(preview) && proxy && previewQuestion(preview, proxy.baseUrl, document);
    if (!question) continue;
    questions.push(question);
    break;
  }
  if (auth.kind === 'oauth2' && auth.account) {
    const { url, body } = auth.account;
    questions.push({ url, query: {}, headers: {}, method: body === undefined ? 'GET' : 'POST', body });
  }
  return questions;
}

/** Undefined where rows of another stream would have to be asked for first. */
function previewQuestion(
  { each, path, query, headers, method, body }: PreviewRequest,
  baseUrl: string,
  { spec }: IntegrationView['document'],
): Question | undefined {
  const values = each?.config === undefined ? undefined : spec.config[each.config];
  const value = [values].flat().find((one) => typeof one === 'string' && !one.includes('*'));
  if (each && typeof value !== 'string') return undefined;
  const below = path.replaceAll('{each}', () => encodeURI(String(value)));
  return { url: `${baseUrl.replace(/\/$/, '')}${below}`, query, headers, method, body };
}
