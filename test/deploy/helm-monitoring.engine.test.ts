import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOperatorMetrics } from '../../src/operator/metrics/registry.ts';
import { createMetrics } from '../../src/sidecar/metrics.ts';
import { resolveEngine } from '../engines/resolve.ts';
import { CHART, NAMESPACE, one, type Rendered, render } from './helm-chart.ts';

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Selector {
  readonly expression: number;
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
}

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}

const ALL = {
  cluster: 'prod',
  monitoring: {
    serviceMonitor: { enabled: true },
    prometheusRule: { enabled: true },
    dashboards: { enabled: true },
  },
};

let program = '';
let checker = '';
let dir = '';
let objects: readonly Rendered[] = [];
beforeAll(async () => {
  [program, checker] = await Promise.all([resolveEngine('helm'), resolveEngine('deploy-check')]);
  dir = await mkdtemp(join(tmpdir(), 'tenantry-promql-'));
  objects = await render(program, ALL);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

function alerts(rendered = objects): readonly Alert[] {
  const { groups } = one(rendered, 'PrometheusRule', 'tenantry').spec as { groups: { rules: Alert[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

async function panels(): Promise<readonly Panel[]> {
  const names = await readdir(join(CHART, 'files', 'dashboards'));
  expect(names.sort()).toEqual(['operator.json', 'sidecar.json']);
  return names.flatMap((name) => {
    const { data = {} } = one(objects, 'ConfigMap', `tenantry-dashboard-${name.replace('.json', '')}`);
    return (JSON.parse(data[`tenantry-${name}`] ?? '') as { panels: Panel[] }).panels;
  });
}

/** What Prometheus’ own parser finds: its objections, and the metrics that are read. */
async function parsed(
  expressions: readonly string[],
): Promise<{ readonly findings: string; readonly selectors: readonly Selector[] }> {
  const file = join(dir, 'expressions.json');
  await writeFile(file, JSON.stringify(expressions));
  const { stdout, stderr } = await promisify(execFile)(checker, ['promql', file]).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
  const selectors = stderr
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Selector);
  return { findings: stdout, selectors };
}

/** Every expression, with Grafana's variables filled in as Grafana does. */
async function expressions(): Promise<readonly string[]> {
  const ofPanels = (await panels()).flatMap(({ targets }) => targets.map(({ expr }) => expr));
  return [
    ...alerts().map(({ expr }) => expr),
    ...ofPanels.map((expr) => expr.replaceAll('$__rate_interval', '5m')),
  ];
}

/** Name → labels, of everything that the two programs tell; a histogram has three names. */
async function existing(): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>([['up', []]]);
  const operator = (await createOperatorMetrics({ processMetrics: true }).text()).body;
  const sidecar = createMetrics({ processMetrics: true });
  for (const [, name = '', type] of operator.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    for (const suffix of type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''])
      found.set(name + suffix, []);
  }
  for (const metric of sidecar.registry.getMetricsAsArray()) {
    const { name, labelNames = [] } = metric as { name: string; labelNames?: string[] };
    const isHistogram = metric.constructor.name === 'Histogram';
    for (const suffix of isHistogram ? ['_bucket', '_sum', '_count'] : [''])
      found.set(name + suffix, labelNames);
  }
  return found;
}

describe('the expressions of alerts and dashboards', () => {
  it('are read by the parser of Prometheus', async () => {
    const { findings, selectors } = await parsed(await expressions());
    expect(findings).toBe('');
    expect(selectors.length).toBeGreaterThan(60);
    expect((await parsed(['sum(rate(tenantry_drift_total[5m])'])).findings).toContain(
      'unclosed left parenthesis',
    );
  });

  it('read only metrics that the operator or the sidecar has', async () => {
    const there = await existing();
    expect(there.size).toBeGreaterThan(40);
    const { selectors } = await parsed(await expressions());
    expect(
      [...new Set(selectors.map(({ metric }) => metric))].filter((metric) => !there.has(metric)),
    ).toEqual([]);
  });

  it('read the metrics of this release only', async () => {
    const { selectors } = await parsed(alerts().map(({ expr }) => expr));
    const services = objects.filter(({ kind }) => kind === 'Service').map(({ metadata }) => metadata.name);
    for (const { metric, labels } of selectors) {
      expect(labels['namespace'], metric).toBe(NAMESPACE);
      // Prometheus calls a job after the Service.
      expect(services, metric).toContain(labels['job']);
    }
  });

  it('read every metric of Tenantry’s own that the operator has: none is left out of sight', async () => {
    const { selectors } = await parsed(await expressions());
    const read = new Set(selectors.map(({ metric }) => metric.replace(/_(bucket|sum|count)$/, '')));
    const { body } = await createOperatorMetrics().text();
    const own = [...body.matchAll(/^# TYPE (tenantry_\S+)/gm)].map(([, name]) => name);
    expect(own.length).toBeGreaterThan(8);
    expect(own.filter((name) => !read.has(name ?? ''))).toEqual([]);
  });
});

describe('the alerts', () => {
  it('each name a section of the handbook, and the handbook has no others', async () => {
    const page = await readFile(join(CHART, '..', '..', '..', 'docs', 'kubernetes', 'operations.md'), 'utf8');
    const sections = [...page.matchAll(/^### (Tenantry\w+)\n+([\s\S]*?)(?=^##|(?![\s\S]))/gm)];
    const named = alerts().map(({ alert }) => alert);
    expect(sections.map(([, name]) => name)).toEqual(named);
    for (const [, name, text = ''] of sections) {
      for (const part of ['**Meaning.**', '**Cause.**', '**Remedy.**']) expect(text, name).toContain(part);
    }
    for (const { alert, annotations } of alerts()) {
      expect(annotations['runbook_url']).toBe(`docs/kubernetes/operations.md#${alert.toLowerCase()}`);
    }
  });

  it('say how bad it is, and what', () => {
    for (const { alert, labels, annotations, for: wait = '0s' } of alerts()) {
      expect(['critical', 'warning', 'info'], alert).toContain(labels['severity']);
      expect(annotations['summary']?.length, alert).toBeGreaterThan(20);
      expect(annotations['description']?.length, alert).toBeGreaterThan(20);
      expect(wait, alert).toMatch(/^\d+[smhdw]$/);
    }
    expect(new Set(alerts().map(({ alert }) => alert)).size).toBe(alerts().length);
  });

  it('can be left out one by one, and without the sidecar so are its own', async () => {
    const some = await render(program, {
      ...ALL,
      sidecar: { enabled: false },
      monitoring: {
        prometheusRule: {
          enabled: true,
          disabled: ['TenantryDrift'],
          ruleLabels: { team: 'platform', severity: 'page' },
          runbookUrl: 'https://wiki.example.com/tenantry',
        },
      },
    });
    const left = alerts(some);
    expect(left.map(({ alert }) => alert)).not.toContain('TenantryDrift');
    expect(left.map(({ alert }) => alert)).toContain('TenantryNoLeader');
    expect(left.filter(({ alert }) => alert.includes('Sidecar'))).toEqual([]);
    for (const { labels, annotations } of left) {
      expect(labels).toMatchObject({ team: 'platform', severity: 'page' });
      expect(annotations['runbook_url']).toMatch(/^https:\/\/wiki\.example\.com\/tenantry#tenantry[a-z]+$/);
    }
  });
});

describe('the ServiceMonitors', () => {
  it('find the Services with the metrics, each one, and a port of it', () => {
    const services = objects.filter(({ kind }) => kind === 'Service');
    const monitors = objects.filter(({ kind }) => kind === 'ServiceMonitor');
    expect(monitors).toHaveLength(2);
    for (const { spec } of monitors) {
      const { selector, endpoints } = spec as unknown as {
        selector: { matchLabels: Record<string, string> };
        endpoints: [{ port: string }];
      };
      const found = services.filter(({ metadata }) =>
        Object.entries(selector.matchLabels).every(([name, value]) => metadata.labels?.[name] === value),
      );
      expect(found).toHaveLength(1);
      expect(found[0]?.spec?.['ports']).toEqual([expect.objectContaining({ name: endpoints[0].port })]);
    }
  });
});
