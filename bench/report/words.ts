/** Figures as people read them: three digits that matter, thousands apart. */
import type { Figures } from '../measure/figures.js';
import type { TargetResult } from '../results.js';

const NONE = '–';

export function figure(value: number | undefined, digits = 3): string {
  if (value === undefined) return NONE;
  if (value >= 10 ** (digits - 1)) return Math.round(value).toLocaleString('en');
  return Number(value.toPrecision(digits)).toString();
}

export function times(ratio: number | undefined): string {
  return ratio === undefined ? NONE : `${figure(ratio)} ×`;
}

export function figuresInWords(figures: Figures, unit: string): string {
  const { rate, megabytes, p50Ms, p99Ms, serverCores, clientCores, memoryMiB } = figures;
  return [
    rate === undefined ? '' : `${figure(rate)} ${unit}/s`,
    megabytes === undefined ? '' : `${figure(megabytes)} MB/s`,
    p50Ms === undefined ? '' : `p50 ${figure(p50Ms)} ms, p99 ${figure(p99Ms)} ms`,
    serverCores === undefined ? '' : `cores ${serverCores.toFixed(2)} + ${clientCores?.toFixed(2)}`,
    memoryMiB === undefined ? '' : `${figure(memoryMiB)} MiB`,
  ]
    .filter((part) => part !== '')
    .join(', ');
}

export function verdict({ met }: TargetResult): string {
  if (met === undefined) return 'not measured';
  return met ? 'met' : 'missed';
}

export function opponent({ target: { against, allowance } }: TargetResult): string {
  if (against.figure !== undefined) return `${against.figure} MiB`;
  const where = against.scenario === undefined ? '' : ` (${against.scenario})`;
  return `${against.peer}${where}${allowance === undefined ? '' : ` + ${allowance} MiB`}`;
}
