/**
 * Writes a report's figures into docs/performance.md, between its two marks, and the chart beside it.
 * The rest of the page is written by hand and stays.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import type { Report } from './report.js';
import { chart } from './chart.js';
import { rowTable, targetTable, type Cells } from './tables.js';

const BEGIN = '<!-- figures: written by `npm run bench -- --publish`; do not edit -->';
const END = '<!-- end of the figures -->';

export async function publish(report: Report, root: string): Promise<readonly string[]> {
  const [page, picture] = [`${root}docs/performance.md`, `${root}docs/performance.svg`];
  const text = withFigures(readFileSync(page, 'utf8'), figuresOf(report));
  writeFileSync(page, await format(text, { ...(await resolveConfig(page)), parser: 'markdown' }));
  writeFileSync(picture, chart(report));
  return [page, picture];
}

/** @throws Error when the page has lost its marks. */
export function withFigures(page: string, figures: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error('docs/performance.md has no marks between which figures could stand');
  return `${page.slice(0, begin)}${BEGIN}\n\n${figures}\n\n${page.slice(end)}`;
}

function figuresOf(report: Report): string {
  const { date, form, rounds, machine, peers } = report;
  const { p50, p99 } = machine.fdatasyncMs;
  return [
    `${date}, the ${form} form, ${rounds} ${rounds === 1 ? 'round' : 'rounds'}. ${machine.cores} virtual cores shared with the load generator, ` +
      `${machine.memoryGiB} GiB, ${machine.kernel}, Node ${machine.node}; mail on ${machine.fileSystem}, ` +
      `fdatasync of 4 KiB ${p50.toFixed(2)} ms (p99 ${p99.toFixed(2)} ms). Memory is ${machine.memoryIs}.`,
    '![Ratios and curves](performance.svg)',
    '### Targets',
    markdown(targetTable(report)),
    '### Rows',
    markdown(rowTable(report)),
    '### Peers',
    peers
      .map(({ title, version, settings }) =>
        [`- **${title}** (${version})`, ...settings.map((s) => `  - ${s}`)].join('\n'),
      )
      .join('\n'),
  ].join('\n\n');
}

function markdown({ head, rows }: Cells): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
