/**
 * Goes through the rounds: each stage, each peer of it, each scenario, one after another and never two at a time.
 * What fails is noted and said, and the run goes on; an instance that was started is always stopped.
 */
import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Arguments } from './arguments.js';
import type { Instance, PeerName } from './peers/peer.js';
import { peerOf } from './peers/peers.js';
import { planRound, type PlannedStage } from './plan.js';
import type { Progress } from './progress.js';
import { Results } from './results.js';
import type { Bench, Scenario, Stage } from './scenario.js';
import { stages } from './scenarios.js';

export interface Run {
  readonly chosen: Arguments;
  readonly bench: Bench;
  /** Where the peers keep their mail. */
  readonly data: string;
  readonly progress: Progress;
  /** Peers and scenarios that cannot take part. */
  readonly skips: (peer: PeerName, scenario: Scenario) => boolean;
}

interface Turn extends Run {
  readonly round: number;
  readonly stage: Stage;
  readonly peer: PeerName;
  readonly scenarios: readonly Scenario[];
  readonly results: Results;
}

export async function runRounds(run: Run): Promise<Results> {
  const results = new Results();
  for (let round = 1; round <= run.chosen.rounds; round++)
    for (const planned of planRound(round, stages, run.chosen))
      for (const { peer, scenarios } of turns(planned, run))
        await takeTurn({ ...run, round, stage: planned.stage, peer, scenarios, results });
  return results;
}

function turns({ scenarios }: PlannedStage, { skips }: Run) {
  const peers = [...new Set(scenarios.flatMap((planned) => planned.peers))];
  return peers
    .map((peer) => ({
      peer,
      scenarios: scenarios
        .filter((one) => one.peers.includes(peer) && !skips(peer, one.scenario))
        .map((one) => one.scenario),
    }))
    .filter((turn) => turn.scenarios.length > 0);
}

async function takeTurn(turn: Turn): Promise<void> {
  const { stage, peer, scenarios, results, round, data, progress } = turn;
  const home = join(data, `${stage.name}-${peer}`);
  try {
    await withInstance(turn, home, (instance) => measureAll(turn, instance));
  } catch (error) {
    const failure = (error as Error).message;
    const done = new Set(results.entries.filter((e) => e.peer === peer && e.round === round).map((e) => e.scenario));
    for (const { name } of scenarios) if (!done.has(name)) results.add({ scenario: name, peer, round, failure });
    progress.failed(`${peer}, ${stage.name}`, failure);
  } finally {
    if (!stage.keepsHomes) rmSync(home, { recursive: true, force: true });
  }
}

async function withInstance(turn: Turn, home: string, work: (instance: Instance) => Promise<void>): Promise<void> {
  const { stage, peer, progress, bench } = turn;
  const isNew = !existsSync(home);
  mkdirSync(home, { recursive: true });
  // Servers that change users must be able to pass through it.
  chmodSync(home, 0o755);
  if (isNew && stage.prepare !== undefined) {
    const startedMs = performance.now();
    progress.say(`${peer}: filling ${stage.name} …`);
    const { prepare } = stage;
    await within(await peerOf(peer).start(home, stage), (instance) => prepare(instance, bench));
    progress.say(`${peer}: filled in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  }
  await within(await peerOf(peer).start(home, stage), work);
}

async function within(instance: Instance, work: (instance: Instance) => Promise<void>): Promise<void> {
  try {
    await work(instance);
  } finally {
    await instance.stop();
  }
}

async function measureAll({ scenarios, peer, round, results, bench, progress }: Turn, instance: Instance) {
  for (const scenario of scenarios) {
    const entry = { scenario: scenario.name, peer, round };
    progress.begin(entry, scenario.title);
    try {
      const figures = await scenario.run(instance, bench);
      results.add({ ...entry, figures });
      progress.end(figures, scenario.unit);
    } catch (error) {
      const failure = (error as Error).message;
      results.add({ ...entry, failure });
      progress.failed(`${peer}, ${scenario.name}`, failure);
    }
  }
}
