/** Bars by day; the table beside it has the same figures. */
import { BarController, BarElement, CategoryScale, Chart as ChartOf, LinearScale, Tooltip } from 'chart.js';
import { useEffect, useRef, useState } from 'react';
import { bytes, shortCount } from '../../../parts/figures.ts';
import { type DayFigures, dayWords, type MEASURES } from './figures.ts';

ChartOf.register(BarController, BarElement, CategoryScale, LinearScale, Tooltip);

interface Props {
  readonly days: readonly DayFigures[];
  readonly measure: (typeof MEASURES)[number];
}

export function Chart({ days, measure }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const isDark = useMedia('(prefers-color-scheme: dark)');
  const isStill = useMedia('(prefers-reduced-motion: reduce)');
  // Made anew by its content alone: an answer that says the same draws nothing.
  const values = JSON.stringify(days.map((day) => [day.day, day[measure.value]]));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are others in the dark
  useEffect(() => {
    if (!canvas.current) return;
    const bars = JSON.parse(values) as [string, number][];
    const colours = coloursOf(canvas.current);
    const axis = { ticks: { color: colours.quiet }, grid: { color: colours.line } };
    const chart = new ChartOf(canvas.current, {
      type: 'bar',
      data: {
        labels: bars.map(([day]) => dayWords(day)),
        datasets: [
          { label: measure.text, data: bars.map(([, value]) => value), backgroundColor: colours.accent },
        ],
      },
      options: {
        animation: isStill ? false : { duration: 250 },
        maintainAspectRatio: false,
        scales: {
          x: {
            ...axis,
            ticks: { ...axis.ticks, maxRotation: 0, autoSkipPadding: 12 },
            grid: { display: false },
          },
          y: {
            ...axis,
            beginAtZero: true,
            ticks: {
              ...axis.ticks,
              precision: 0,
              callback: (value) =>
                measure.value === 'syncBytes' ? bytes(Number(value)) : shortCount(Number(value)),
            },
          },
        },
        plugins: {
          tooltip: {
            callbacks: { label: ({ parsed }) => `${measure.text}: ${measure.show(parsed.y ?? 0)}` },
          },
        },
      },
    });
    return () => chart.destroy();
  }, [values, measure, isDark, isStill]);
  return (
    <div className="tenant-chart">
      <canvas
        ref={canvas}
        role="img"
        aria-label={`${measure.text} by day. The table below has the same figures.`}
      />
    </div>
  );
}

function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const look = (): void => setMatches(media.matches);
    media.addEventListener('change', look);
    return () => media.removeEventListener('change', look);
  }, [query]);
  return matches;
}

/** The design's colours as the canvas takes them: a property resolves to a colour only where it is used as one. */
function coloursOf(canvas: HTMLCanvasElement): Record<'accent' | 'quiet' | 'line', string> {
  const resolved = (name: string): string => {
    canvas.style.color = `var(--${name})`;
    const { color } = getComputedStyle(canvas);
    canvas.style.color = '';
    return color;
  };
  return { accent: resolved('accent'), quiet: resolved('quiet'), line: resolved('line') };
}
