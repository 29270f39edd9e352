/** All that a run leaves behind, as one value: what results.json holds and what table, chart and page are made of. */
import type { Arguments } from '../arguments.js';
import { machine, type Machine } from '../measure/machine.js';
import type { FigureName } from '../measure/figures.js';
import type { Peer, PeerName } from '../peers/peer.js';
import { peers } from '../peers/peers.js';
import type { Entry, Results, TargetResult } from '../results.js';
import type { Scenario } from '../scenario.js';
import { scenarios } from '../scenarios.js';
import { targets } from '../targets.js';

export interface ReportedPeer {
  readonly name: PeerName;
  readonly title: string;
  readonly settings: readonly string[];
  /** Or why it did not take part. */
  readonly version: string;
}

export interface Row {
  readonly scenario: string;
  readonly title: string;
  readonly unit: string;
  readonly peer: PeerName;
  readonly rounds: number;
  /** Medians over the rounds. */
  readonly figures: Readonly<Partial<Record<FigureName, number>>>;
}

export interface Report {
  readonly date: string;
  readonly form: string;
  readonly rounds: number;
  readonly machine: Machine;
  readonly peers: readonly ReportedPeer[];
  readonly targets: readonly TargetResult[];
  readonly rows: readonly Row[];
  readonly entries: readonly Entry[];
}

const FIGURES: readonly FigureName[] = [
  'rate',
  'megabytes',
  'p50Ms',
  'p99Ms',
  'p999Ms',
  'cpuSecondsPerThousand',
  'serverCores',
  'clientCores',
  'memoryMiB',
];

export async function makeReport(chosen: Arguments, data: string, results: Results): Promise<Report> {
  return {
    date: new Date().toISOString().slice(0, 10),
    form: chosen.form,
    rounds: chosen.rounds,
    machine: machine(data),
    peers: await Promise.all(peers.map(reportPeer)),
    targets: targets.map((target) => results.judge(target)),
    rows: scenarios.flatMap((scenario) => rowsOf(scenario, results)),
    entries: results.entries,
  };
}

async function reportPeer(peer: Peer): Promise<ReportedPeer> {
  const { name, title, settings } = peer;
  return { name, title, settings, version: peer.missing() ?? (await peer.version()) };
}

function rowsOf({ name, title, unit, peers: names }: Scenario, results: Results): readonly Row[] {
  return names.flatMap((peer) => {
    const rounds = results.of(name, peer).filter(({ figures }) => figures !== undefined).length;
    if (rounds === 0) return [];
    const medians = FIGURES.map((figure) => [figure, results.figure(name, peer, figure)] as const);
    const figures = Object.fromEntries(medians.filter(([, value]) => value !== undefined));
    return [{ scenario: name, title, unit, peer, rounds, figures }];
  });
}
