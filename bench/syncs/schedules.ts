/** Schedules of the benchmark of syncs. */

/**
 * `day`: of each twenty connections one on an hourly cron, four every six hours (two on one cron, two with H), and the
 * rest once a day (five of them on one cron). `hourly`: all on one hourly cron.
 */
export function scheduleOf(mix: 'day' | 'hourly', index: number): string {
  if (mix === 'hourly') return '0 * * * *';
  const part = index % 20;
  if (part === 0) return '0 * * * *';
  if (part <= 2) return '0 */6 * * *';
  if (part <= 4) return 'H */6 * * *';
  return part <= 14 ? 'H H * * *' : '0 3 * * *';
}
