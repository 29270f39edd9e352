/** The chart of a report: targets as bars, then curves of growth, of workers, and of the mix over time where measured. */
import type { Report } from './report.js';
import { bars, lines, svg, type Line, type Panel } from './svg.js';
import { opponent, times } from './words.js';

const STORED = { 'stored-0': 0, 'stored-10k': 10_000, 'stored-100k': 100_000, 'stored-1m': 1_000_000 } as const;
const WORKERS = { 'workers-1': 1, 'workers-2': 2, 'workers-4': 4, 'workers-8': 8 } as const;

export function chart(report: Report): string {
  return svg([targetPanel(report), ...growthPanel(report), ...workersPanel(report), ...mixPanel(report)]);
}

function targetPanel({ targets }: Report): Panel {
  const measured = targets.flatMap((result) => {
    const { ratio, target, met } = result;
    if (ratio === undefined) return [];
    const note = `${times(ratio)} (${times(target.atLeast)})`;
    return [{ label: `${target.work}: ${opponent(result)}`, value: ratio / target.atLeast, note, good: met === true }];
  });
  return bars('Measured ratio and, in parentheses, its target (dashes: just met)', measured);
}

function growthPanel(report: Report): readonly Panel[] {
  const axes = { x: 'messages stored', y: 'messages accepted a second', logarithmic: true };
  return panel('Throughput as the store grows', [curve(report, STORED)], axes);
}

function workersPanel(report: Report): readonly Panel[] {
  const axes = { x: 'workers', y: 'messages accepted a second' };
  return panel('Throughput with more workers on the same cores', [curve(report, WORKERS)], axes);
}

function mixPanel({ entries }: Report): readonly Panel[] {
  const found = entries.filter(({ scenario, figures }) => scenario === 'mix' && figures?.windows !== undefined);
  const all = found.map(({ peer, figures }): Line => {
    return { label: peer, points: (figures?.windows ?? []).map(({ atSeconds, p99 }) => [atSeconds, p99]) };
  });
  return panel('Half sending, half reading: p99 of DATA to 250 in each second', all, { x: 'seconds', y: 'ms' });
}

function panel(title: string, all: readonly Line[], axes: Parameters<typeof lines>[2]): readonly Panel[] {
  const drawable = all.filter(({ points }) => points.length > 1);
  return drawable.length === 0 ? [] : [lines(title, drawable, axes)];
}

function curve({ rows }: Report, places: Readonly<Record<string, number>>): Line {
  const points = Object.entries(places).flatMap(([scenario, x]) => {
    const rate = rows.find((row) => row.scenario === scenario && row.peer === 'pennypost')?.figures.rate;
    return rate === undefined ? [] : [[x, rate] as const];
  });
  return { label: 'Pennypost', points };
}
