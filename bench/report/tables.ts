/** The two tables of a report, as cells; the terminal and the page draw them each in its way. */
import type { Report, Row } from './report.js';
import { figure, opponent, times, verdict } from './words.js';

export interface Cells {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function targetTable({ targets }: Report): Cells {
  return {
    head: ['work', 'against', 'at least', 'measured', ''],
    rows: targets.map((result) => [
      result.target.work,
      opponent(result),
      times(result.target.atLeast),
      times(result.ratio),
      verdict(result),
    ]),
  };
}

export function rowTable({ rows }: Report): Cells {
  return {
    head: [
      'row',
      'peer',
      'per s',
      'MB/s',
      'p50 ms',
      'p99 ms',
      'p99.9 ms',
      'CPU s/1000',
      'server cores',
      'client cores',
      'MiB',
    ],
    rows: rows.map(cellsOf),
  };
}

function cellsOf({ scenario, peer, figures }: Row): readonly string[] {
  const { rate, megabytes, p50Ms, p99Ms, p999Ms, cpuSecondsPerThousand, serverCores, clientCores, memoryMiB } = figures;
  const numbers = [rate, megabytes, p50Ms, p99Ms, p999Ms, cpuSecondsPerThousand];
  return [scenario, peer, ...numbers.map((n) => figure(n)), cores(serverCores), cores(clientCores), figure(memoryMiB)];
}

function cores(value: number | undefined): string {
  return value === undefined ? figure(value) : value.toFixed(2);
}
