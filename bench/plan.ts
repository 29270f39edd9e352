/** Which scenarios are measured in which round, and with which peers: the rows of targets are repeated, the rest is not. */
import { formsOf, isNamed, type Arguments } from './arguments.js';
import type { PeerName } from './peers/peer.js';
import type { Scenario, Stage } from './scenario.js';
import { isRepeated } from './scenarios.js';
import { targets } from './targets.js';

export interface PlannedStage {
  readonly stage: Stage;
  readonly scenarios: readonly PlannedScenario[];
}

export interface PlannedScenario {
  readonly scenario: Scenario;
  readonly peers: readonly PeerName[];
}

export function planRound(round: number, stages: readonly Stage[], chosen: Arguments): readonly PlannedStage[] {
  return stages
    .map((stage) => ({ stage, scenarios: stage.scenarios.flatMap((scenario) => plan(round, scenario, chosen)) }))
    .filter(({ scenarios }) => scenarios.length > 0);
}

function plan(round: number, scenario: Scenario, { only, form }: Arguments): readonly PlannedScenario[] {
  if (only.length > 0) return isNamed(scenario.name, only) ? [{ scenario, peers: scenario.peers }] : [];
  if (!formsOf(form).includes(scenario.form)) return [];
  if (round === 1 && form !== 'short') return [{ scenario, peers: scenario.peers }];
  return isRepeated(scenario) ? [{ scenario, peers: peersOfTargets(scenario) }] : [];
}

/** Pennypost, and whom a target compares it with here. */
function peersOfTargets({ name, peers }: Scenario): readonly PeerName[] {
  const others = targets.filter(({ scenario }) => scenario === name).map(({ against }) => against.peer);
  return peers.filter((peer) => peer === 'pennypost' || others.includes(peer));
}
