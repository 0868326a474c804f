import type { Scenario } from '../harness/scenario.ts';
import { clusterFanOut } from './cluster-fan-out.ts';
import { coldStart } from './cold-start.ts';
import { connect } from './connect.ts';
import { connections, MANY, MOST } from './connections.ts';
import { crdt } from './crdt.ts';
import { direct } from './direct.ts';
import { durable } from './durable.ts';
import { fanOut } from './fan-out.ts';
import { growth } from './growth.ts';
import { idle } from './idle.ts';
import { model } from './model.ts';
import { offlineSync } from './offline-sync.ts';
import { postgres } from './postgres.ts';
import { recovery } from './recovery.ts';
import { script } from './script.ts';
import { storm } from './storm.ts';
import { waves } from './waves.ts';

/** Every scenario, in the order of running. */
export const SCENARIOS: readonly Scenario[] = [
  coldStart,
  connect,
  fanOut(1000, false),
  fanOut(10_000, true),
  direct,
  durable,
  recovery,
  offlineSync,
  crdt('text', 'three people write one text, letter by letter'),
  crdt('chat', 'fifty people append to one log'),
  crdt('favourites', 'ten thousand people with a small set each'),
  crdt('one-person', 'one set, two devices, a thousand changes'),
  crdt('programme', 'fields of five hundred sessions'),
  crdt('counters', 'two hundred counters, twenty-five replicas'),
  crdt('agenda', 'items inserted, moved, edited and removed by two'),
  script,
  waves,
  idle(10_000, false),
  idle(19_000, true),
  postgres,
  clusterFanOut,
  growth,
  model(18_000, false),
  model(100_000, true),
  storm,
  connections(100_000, MANY, true),
  connections(1_000_000, MOST, false),
];
