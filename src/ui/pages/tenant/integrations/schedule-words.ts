/** A schedule in words: cronstrue knows cron, and we what H means. */
import { toString as describe } from 'cronstrue';

/** E.g. `Every hour`, `Every day at 03:00 (UTC)`, `Once a day, only on Sunday (UTC)`. */
export function scheduleWords(schedule: string): string {
  if (schedule === 'manual') return 'By hand only';
  try {
    const words = wordsOf(schedule);
    // No time and no day is named: it is the same in every time zone.
    return /^(Every|Once) [\w ]+$/.test(words) ? words : `${words} (UTC)`;
  } catch {
    return `Cron ${schedule} (UTC)`;
  }
}

/** H is a minute or hour that Tenantry chooses for the document; which one, the next sync tells. */
function wordsOf(schedule: string): string {
  const [minute = '', hour = '', ...days] = schedule.split(/ +/);
  const words = (given: string): string => english(`${given} ${days.join(' ')}`);
  if (minute === 'H' && hour === 'H') return words('0 0').replace(/^At 00:00/, 'Once a day');
  if (hour === 'H') return `${words(`${minute} *`)}, in one hour of the day`;
  const isEveryDay = days.every((field) => field === '*');
  if (minute !== 'H')
    return words(`${minute} ${hour}`).replace(/^At (?=..:)/, isEveryDay ? 'Every day at ' : 'At ');
  return words(`0 ${hour}`)
    .replace(/^On the hour, every/, 'Every')
    .replace(/^At /, isEveryDay ? 'Every day in the hour from ' : 'In the hour from ');
}

function english(cron: string): string {
  return describe(cron, { use24HourTimeFormat: true });
}
