/** Fake Jira Cloud REST API v3 (https://developer.atlassian.com/cloud/jira/platform/rest/v3/). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { jiraCloudId, jiraSite } from '../idp/tenant-facts.ts';
import { type JiraIssue, jiraComments, jiraContent, jiraUser } from './jira-data.ts';
import { fieldsOf, sizeField, textField, type VendorApi, wholeNumber } from './vendor-api.ts';

const LIMIT = 1000;

export const jiraApi: VendorApi = {
  integration: 'jira',
  refuse: (reply) => reply.code(401).send({ code: 401, message: 'Unauthorized' }),
  headers: () => ({
    'x-ratelimit-limit': String(LIMIT),
    'x-ratelimit-remaining': String(LIMIT - 1),
    'x-ratelimit-reset': new Date(Math.ceil(Date.now() / 60_000) * 60_000).toISOString(),
  }),
  routes(api) {
    // At the site's own host, and at api.atlassian.com with the cloud id.
    siteRoutes(api);
    api.register(
      (site, _options, done) => {
        site.addHook('preHandler', async (request, reply) => {
          const { cloudId } = request.params as { cloudId: string };
          if (cloudId !== jiraCloudId(request.tenant)) await notFound(reply, 'No such site for this token.');
        });
        siteRoutes(site);
        done();
      },
      { prefix: '/ex/jira/:cloudId' },
    );
    api.get('/oauth/token/accessible-resources', async ({ tenant, scopes }) => [jiraSite(tenant, scopes)]);
    api.setNotFoundHandler((_request, reply) => notFound(reply, 'Not Found'));
  },
};

function siteRoutes(api: FastifyInstance): void {
  api.get('/rest/api/3/myself', async ({ tenant }) => jiraUser(tenant, 0));
  for (const path of ['/rest/api/3/users', '/rest/api/3/users/search']) {
    api.get(path, async (request) => offsetPage(request, jiraContent(request.tenant).users).values);
  }
  api.get('/rest/api/3/project/search', async (request) =>
    offsetPage(request, jiraContent(request.tenant).projects),
  );
  api.get('/rest/agile/1.0/board', async (request) =>
    offsetPage(request, jiraContent(request.tenant).boards),
  );
  for (const method of ['GET', 'POST'] as const) {
    api.route({ method, url: '/rest/api/3/search', handler: search });
    api.route({ method, url: '/rest/api/3/search/jql', handler: searchByToken });
  }
  api.get('/rest/api/3/issue/:key/comment', async (request, reply) => {
    const { key } = request.params as { key: string };
    const issue = jiraContent(request.tenant).issues.find((known) => known.key === key || known.id === key);
    if (issue === undefined)
      return notFound(reply, 'Issue does not exist or you do not have permission to see it.');
    const { values, ...page } = offsetPage(request, jiraComments(request.tenant, issue));
    return { ...page, comments: values };
  });
}

interface OffsetPage<T> {
  readonly startAt: number;
  readonly maxResults: number;
  readonly total: number;
  readonly isLast: boolean;
  readonly values: readonly T[];
}

function offsetPage<T>(request: FastifyRequest, all: readonly T[]): OffsetPage<T> {
  const fields = fieldsOf(request);
  const maxResults = sizeField(fields.maxResults, 50, 100);
  const startAt = wholeNumber(fields.startAt) ?? 0;
  const values = all.slice(startAt, startAt + maxResults);
  return { startAt, maxResults, total: all.length, isLast: startAt + maxResults >= all.length, values };
}

async function search(request: FastifyRequest): Promise<unknown> {
  const { values, isLast: _, ...page } = offsetPage(request, matching(request));
  return { expand: 'schema,names', ...page, issues: values.map((issue) => shown(request, issue)) };
}

/** Paging by token: there is no total. */
async function searchByToken(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { maxResults, nextPageToken } = fieldsOf(request);
  const token = textField(nextPageToken);
  const start = token === undefined ? 0 : wholeNumber(Buffer.from(token, 'base64url').toString('utf8'));
  if (start === undefined) {
    return reply
      .code(400)
      .send({ errorMessages: ['The nextPageToken is invalid or has expired.'], errors: {} });
  }
  const found = matching(request);
  const end = start + sizeField(maxResults, 50, 5000);
  const issues = found.slice(start, end).map((issue) => shown(request, issue));
  if (end >= found.length) return { issues, isLast: true };
  return { issues, isLast: false, nextPageToken: Buffer.from(String(end)).toString('base64url') };
}

/** Of JQL: `project = A`, `project in (A, B)`, `updated >= "…"`; the rest selects everything. */
function matching(request: FastifyRequest): JiraIssue[] {
  const jql = textField(fieldsOf(request).jql) ?? '';
  const project = /project\s*(?:=|in)\s*(\([^)]*\)|"[^"]*"|\w+)/i.exec(jql)?.[1];
  const keys = project?.match(/\w+/g);
  const after = /updated\s*>=?\s*["']([^"']+)["']/i.exec(jql)?.[1];
  const from =
    after === undefined ? 0 : Date.parse(/^\d{4}.\d{2}.\d{2} /.test(after) ? jqlTime(after) : after);
  return jiraContent(request.tenant).issues.filter(
    (issue) => (keys?.includes(issue.project) ?? true) && !(issue.updated.getTime() < from),
  );
}

/** JQL writes `2025/01/31 08:00` or `2025-01-31 08:00`. */
function jqlTime(text: string): string {
  return `${text.replaceAll('/', '-').replace(' ', 'T')}Z`;
}

function shown(request: FastifyRequest, issue: JiraIssue): Record<string, unknown> {
  const { fields } = fieldsOf(request);
  const names = (
    Array.isArray(fields) ? fields.map(String) : (textField(fields)?.split(',') ?? ['*all'])
  ).map((name) => name.trim());
  const all = names.some((name) => name === '*all' || name === '*navigable');
  const chosen = Object.entries(issue.fields).filter(([name]) => all || names.includes(name));
  const self = `https://${request.tenant}.atlassian.net/rest/api/3/issue/${issue.id}`;
  return { expand: '', id: issue.id, self, key: issue.key, fields: Object.fromEntries(chosen) };
}

function notFound(reply: FastifyReply, message: string): FastifyReply {
  return reply.code(404).send({ errorMessages: [message], errors: {} });
}
