/** A tenant's sandbox on GitHub: every repository exists, with issues, pull requests, commits and comments. */
import { digest } from '../idp/tenant-facts.ts';
import {
  remember,
  rows,
  seededNumber,
  seededPick,
  seededTime,
  seededTimeAfter,
  seededTitle,
} from './seed.ts';

export interface GithubRow {
  readonly updated_at: string;
  readonly state?: string;
  readonly [field: string]: unknown;
}

export interface GithubRepository {
  readonly repository: GithubRow;
  /** Newest first. As at GitHub, a pull request is an issue too. */
  readonly issues: readonly GithubRow[];
  readonly pulls: readonly GithubRow[];
  readonly commits: readonly GithubRow[];
  readonly comments: readonly GithubRow[];
}

const API = 'https://api.github.com';
const HTML = 'https://github.com';

const id = (...words: readonly string[]): number =>
  seededNumber(1_000_000, 999_999_999, 'github id', ...words);

export function githubUser(tenant: string, login: string = `${tenant}-bot`): Record<string, unknown> {
  const number = id(tenant, login);
  const links = { url: `${API}/users/${login}`, html_url: `${HTML}/${login}`, avatar_url: '' };
  return { login, id: number, node_id: `U_${number}`, ...links, type: 'User', site_admin: false };
}

/** Repositories that a listing shows: those of the tenant's own organisation. */
export function githubRepositoryNames(tenant: string, owner: string): string[] {
  return rows(seededNumber(2, 9, 'github repositories', tenant, owner), (index) => `service-${index + 1}`);
}

export function githubRepository(tenant: string, owner: string, name: string): GithubRepository {
  return repositories(JSON.stringify([tenant, owner, name]));
}

const repositories = remember((key): GithubRepository => {
  const [tenant = '', owner = '', name = ''] = JSON.parse(key) as string[];
  const repo = `${owner}/${name}`;
  const words = [tenant, repo];
  const entries = rows(seededNumber(30, 180, 'github issues', ...words), (index) =>
    issue(tenant, repo, index + 1),
  );
  const newest = entries.toReversed();
  return {
    repository: repositoryRow(tenant, owner, name),
    issues: newest,
    pulls: newest.filter((row) => row.pull_request !== undefined).map((row) => pull(repo, row)),
    commits: rows(seededNumber(20, 120, 'github commits', ...words), (index) => commit(tenant, repo, index)),
    comments: rows(seededNumber(10, 90, 'github comments', ...words), (index) =>
      comment(tenant, repo, index),
    ),
  };
});

function repositoryRow(tenant: string, owner: string, name: string): GithubRow {
  const repo = `${owner}/${name}`;
  const created = seededTime('github repository', tenant, repo);
  const number = id('repository', tenant, repo);
  return {
    id: number,
    node_id: `R_${number}`,
    name,
    full_name: repo,
    private: true,
    owner: { ...githubUser(tenant, owner), type: 'Organization' },
    html_url: `${HTML}/${repo}`,
    url: `${API}/repos/${repo}`,
    description: seededTitle('description', tenant, repo),
    fork: false,
    created_at: stamp(created),
    updated_at: stamp(seededTimeAfter(created, tenant, repo)),
    pushed_at: stamp(seededTimeAfter(created, tenant, repo)),
    default_branch: 'main',
    language: 'TypeScript',
    ...{ archived: false, disabled: false, visibility: 'private', stargazers_count: 0, forks_count: 0 },
  };
}

function issue(tenant: string, repo: string, number: number): GithubRow {
  const words = ['github issue', tenant, repo, String(number)];
  // Numbers rise with time, as at GitHub.
  const created = new Date(Date.UTC(2025, 0, 6) + number * 47 * 3_600_000);
  const updated = stamp(seededTimeAfter(created, ...words));
  const closed = seededNumber(0, 2, 'closed', ...words) === 0;
  const isPull = seededNumber(0, 3, 'pull', ...words) === 0;
  const rowId = id(...words);
  const path = `repos/${repo}/issues/${number}`;
  return {
    id: rowId,
    node_id: `I_${rowId}`,
    number,
    url: `${API}/${path}`,
    repository_url: `${API}/repos/${repo}`,
    html_url: `${HTML}/${repo}/${isPull ? 'pull' : 'issues'}/${number}`,
    title: seededTitle(...words),
    user: githubUser(tenant),
    labels: [
      { id: id('label', repo), name: seededPick(['bug', 'feature', 'chore'], ...words), color: 'ededed' },
    ],
    state: closed ? 'closed' : 'open',
    ...{ locked: false, assignee: null, assignees: [], milestone: null, comments: 0 },
    created_at: stamp(created),
    updated_at: updated,
    closed_at: closed ? updated : null,
    author_association: 'MEMBER',
    body: `Seen by ${tenant} in ${repo}.`,
    ...(isPull ? { pull_request: { url: `${API}/repos/${repo}/pulls/${number}`, merged_at: null } } : {}),
  };
}

function pull(repo: string, row: GithubRow): GithubRow {
  const { pull_request: _, repository_url: __, comments: ___, ...rest } = row;
  const sha = digest('head', repo, String(row.number)).slice(0, 40);
  return {
    ...rest,
    node_id: `PR_${String(row.id)}`,
    url: `${API}/repos/${repo}/pulls/${String(row.number)}`,
    ...{ draft: false, merged_at: null, merge_commit_sha: null, requested_reviewers: [] },
    head: { label: `change-${String(row.number)}`, ref: `change-${String(row.number)}`, sha },
    base: { label: 'main', ref: 'main', sha: digest('base', repo).slice(0, 40) },
  };
}

function commit(tenant: string, repo: string, index: number): GithubRow {
  const words = ['github commit', tenant, repo, String(index)];
  const sha = digest(...words).slice(0, 40);
  const date = stamp(new Date(Date.UTC(2025, 11, 1) - index * 31 * 3_600_000));
  const by = { name: `${tenant}-bot`, email: `bot@${tenant}.example`, date };
  return {
    sha,
    node_id: `C_${sha.slice(0, 12)}`,
    url: `${API}/repos/${repo}/commits/${sha}`,
    html_url: `${HTML}/${repo}/commit/${sha}`,
    commit: { author: by, committer: by, message: seededTitle(...words), comment_count: 0 },
    author: githubUser(tenant),
    committer: githubUser(tenant),
    parents: [],
    updated_at: date,
  };
}

function comment(tenant: string, repo: string, index: number): GithubRow {
  const words = ['github comment', tenant, repo, String(index)];
  const created = new Date(Date.UTC(2025, 1, 1) + index * 53 * 3_600_000);
  const rowId = id(...words);
  return {
    id: rowId,
    node_id: `IC_${rowId}`,
    url: `${API}/repos/${repo}/issues/comments/${rowId}`,
    issue_url: `${API}/repos/${repo}/issues/${1 + (index % 30)}`,
    user: githubUser(tenant),
    created_at: stamp(created),
    updated_at: stamp(created),
    author_association: 'MEMBER',
    body: seededTitle(...words),
  };
}

/** GitHub's times have no fraction of a second. */
function stamp(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
