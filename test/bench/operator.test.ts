import { describe, expect, it } from 'vitest';
import { quantileOf, seededRandom } from '../../bench/operator/context.ts';
import { benchOperator } from '../../bench/operator/main.ts';
import { Metrics } from '../../bench/operator/operator-process.ts';

const TEXT = `# HELP calls_total Calls
# TYPE calls_total counter
calls_total{backend="vault",method="GET"} 3
calls_total{backend="vault",method="POST"} 4
calls_total{backend="airbyte",method="PATCH"} 5
up 1
wait_seconds_bucket{le="1",name="tenant"} 50
wait_seconds_bucket{le="2",name="tenant"} 90
wait_seconds_bucket{le="4",name="tenant"} 98
wait_seconds_bucket{le="+Inf",name="tenant"} 100
`;

describe('the metrics of an operator', () => {
  const metrics = new Metrics(TEXT);

  it('are summed over the series whose labels fit', () => {
    expect(metrics.sum('calls_total')).toBe(12);
    expect(metrics.sum('calls_total', { backend: 'vault' })).toBe(7);
    expect(metrics.sum('calls_total', { method: /POST|PATCH/ })).toBe(9);
    expect(metrics.sum('up')).toBe(1);
    expect(metrics.sum('nothing')).toBe(0);
  });

  it('give the quantile that Prometheus would', () => {
    expect(metrics.quantile('wait_seconds', 0.25)).toBe(0.5);
    expect(metrics.quantile('wait_seconds', 0.94)).toBe(3);
    expect(metrics.quantile('wait_seconds', 0.99)).toBe(4);
    expect(metrics.quantile('nothing', 0.99)).toBeNaN();
  });
});

it('a quantile is one of the values', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(quantileOf(values, 0.5)).toBe(51);
  expect(quantileOf(values, 0.99)).toBe(100);
  expect(quantileOf([7], 0.99)).toBe(7);
});

it('the same seed draws the same numbers, all of them at least 0 and below 1', () => {
  const draw = (seed: number): number[] => Array.from({ length: 1_000 }, seededRandom(seed));
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  expect(draw(7).every((value) => value >= 0 && value < 1)).toBe(true);
  const mean = draw(7).reduce((sum, value) => sum + value, 0) / 1_000;
  expect(mean).toBeCloseTo(0.5, 1);
});

it.each([
  ['--only', 'everything'],
  ['--tenants', '0'],
  ['--tenants', 'many'],
  ['--sizes', '10,x'],
])('refuses %s %s before anything is started', async (...args) => {
  await expect(benchOperator(args)).rejects.toThrow(RangeError);
});
