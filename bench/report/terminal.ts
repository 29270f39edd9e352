/** The report on standard output. */
import Table from 'cli-table3';
import type { Report } from './report.js';
import { rowTable, targetTable, type Cells } from './tables.js';

export function printReport(report: Report): void {
  const { machine, peers } = report;
  const versions = peers.map(({ title, version }) => `  ${title}: ${version}`);
  const text = [
    draw(rowTable(report)),
    draw(targetTable(report)),
    `${machine.cores} cores, ${machine.kernel}, Node ${machine.node}, ${machine.fileSystem}, ` +
      `fdatasync ${machine.fdatasyncMs.p50.toFixed(2)} ms; memory is ${machine.memoryIs}`,
    ...versions,
  ];
  process.stdout.write(`${text.join('\n')}\n`);
}

function draw({ head, rows }: Cells): string {
  const table = new Table({ head: [...head], style: { head: [], border: [], compact: true } });
  table.push(...rows.map((row) => [...row]));
  return table.toString();
}
