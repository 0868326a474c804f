import { parseArgs } from 'node:util';
import { type Client, createClient } from '@konferenco/client';
import { type Draw, nodeWindows } from '@konferenco/core';
import { scaledObject } from './lib/scaled-object.ts';

type Programme = ReturnType<Client['programme']>;
type ProgrammeSession = ReturnType<Programme['state']>['sessions'][number];

/** Makes the KEDA triggers that start pods before what draws people, from the programme as it stands. */

const HELP = `npm run prescale -- --url https://talk.example.org --invite CODE [options] > scaled-object.yaml

Prints deploy/kubernetes/components/keda/scaled-object.yaml with one cron trigger for each time that needs more pods than usual.
Run it again when the programme changes; applying the same twice does nothing.

  --url URL        the system
  --invite CODE    an invitation to its event; without demo sign-in
  --event ID       which event's programme (the first one the invitation leads to)
  --lead MIN       minutes before a session that its pods are there (15)
  --scale X        people on line for each who said they go (1.5)
  --per-pod N      connections a pod is planned for (4000)
  --least N        pods that are there anyway (10)
  --most N         pods there may be (500)
  --time-zone TZ   of the cron triggers (UTC)
`;

const OPTIONS = {
  url: { type: 'string' },
  invite: { type: 'string' },
  event: { type: 'string' },
  lead: { type: 'string', default: '15' },
  scale: { type: 'string', default: '1.5' },
  'per-pod': { type: 'string', default: '4000' },
  least: { type: 'string', default: '10' },
  most: { type: 'string', default: '500' },
  'time-zone': { type: 'string', default: 'UTC' },
  help: { type: 'boolean' },
} as const;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help || !values.url) {
    console.log(HELP);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const draws = await drawsOf({ ...values, url: values.url, scale: Number(values.scale) });
  const windows = nodeWindows(draws, {
    lead_ms: Number(values.lead) * 60_000,
    per_node: Number(values['per-pod']),
    least: Number(values.least),
    most: Number(values.most),
  });
  console.log(
    scaledObject(windows, { timeZone: values['time-zone'], least: Number(values.least), most: Number(values.most) }),
  );
}

interface Asked {
  readonly url: string;
  readonly invite?: string | undefined;
  readonly event?: string | undefined;
  /** People on line for each who said they go. */
  readonly scale: number;
}

/** What is still to come on the programme, with how many are expected for it. */
async function drawsOf({ url, invite, event, scale }: Asked): Promise<Draw[]> {
  const client = createClient({ url });
  try {
    await client.signIn({ name: 'Autoscaler', ...(invite === undefined ? {} : { invite }) });
    await client.connect();
    const of = event ?? (await client.rest('me')).events[0]?.id;
    if (of === undefined) throw new Error('the invitation leads to no event: name one with --event');
    const sessions = await sessionsOf(client.programme(of), of);
    return sessions
      .filter(({ cancelled, ends_at }) => cancelled === null && ends_at > Date.now())
      .map(({ starts_at, ends_at, attendance }) => ({ starts_at, ends_at, people: Math.ceil(attendance * scale) }));
  } finally {
    await client.close();
  }
}

const READY_MS = 20_000;

/** @throws {Error} when the programme cannot be read within 20 s. */
function sessionsOf(programme: Programme, event: string): Promise<readonly ProgrammeSession[]> {
  return new Promise((resolve, reject) => {
    const fail = () =>
      reject(new Error(`the programme of ${event} cannot be read: is that its id, and are you a member?`));
    const timer = setTimeout(fail, READY_MS);
    const look = () => {
      const { ready, sessions } = programme.state();
      if (!ready) return;
      clearTimeout(timer);
      resolve(sessions);
    };
    programme.subscribe(look);
    look();
  });
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
