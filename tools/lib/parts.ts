import { existsSync } from 'node:fs';

/** A real program that some tests run. */
interface Part {
  /** Names it may have on the PATH. */
  readonly commands: readonly string[];
  /** Places to look beside the PATH. */
  readonly places?: readonly string[];
  /** Debian's package. */
  readonly debian: string;
  /** Homebrew's, where its name is another. */
  readonly brew?: string;
  readonly linuxOnly?: true;
  readonly for: string;
}

const PARTS: readonly Part[] = [
  {
    commands: ['chromium', 'chromium-browser', 'google-chrome'],
    places: [
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      '/Applications/Chromium.app/Contents/MacOS/Chromium',
    ],
    debian: 'chromium',
    brew: '--cask chromium',
    for: 'browser tests',
  },
  { commands: ['caddy'], debian: 'caddy', for: 'tests of TLS and the handshake deadline' },
  {
    commands: ['postgres'],
    // Debian keeps it off the PATH.
    places: [13, 14, 15, 16, 17, 18].map((version) => `/usr/lib/postgresql/${version}/bin/postgres`),
    debian: 'postgresql',
    for: 'tests of the PostgreSQL store',
  },
  { commands: ['nats-server'], debian: 'nats-server', for: 'tests of the NATS bus and streams' },
  { commands: ['redis-server'], debian: 'redis-server', brew: 'redis', for: 'tests of what nodes share in Redis' },
  { commands: ['strace'], debian: 'strace', linuxOnly: true, for: 'the test that a reply waits for the disk' },
];

const APT_TRIES = 3;
const APT_TIMEOUT_MS = 240_000;

/** What the search for parts needs of the machine. */
export interface Machine {
  readonly platform: string;
  /** Whether packages may be installed: Debian's tool is there and we are root. */
  readonly mayInstall: boolean;
  readonly has: (command: string) => boolean;
  /** Runs apt-get; true when it succeeded. */
  readonly apt: (args: readonly string[]) => Promise<boolean>;
  readonly say: (text: string) => void;
}

/** Installs what is missing where that is possible. Returns one sentence for every part that is still missing. */
export async function ensureParts(machine: Machine = thisMachine()): Promise<string[]> {
  const wanted = PARTS.filter((part) => !part.linuxOnly || machine.platform === 'linux');
  const isThere = (part: Part) => [...part.commands, ...(part.places ?? [])].some(machine.has);
  const missing = wanted.filter((part) => !isThere(part));
  if (missing.length > 0 && machine.mayInstall) {
    await install(
      machine,
      missing.map((part) => part.debian),
    );
  }
  return missing.filter((part) => !isThere(part)).map((part) => missingText(part, machine.platform));
}

function missingText(part: Part, platform: string): string {
  const brew = part.brew ?? part.debian;
  const how =
    platform === 'darwin' ? `brew install ${brew}` : `on Debian and Ubuntu: sudo apt-get install ${part.debian}`;
  return `${part.commands.join(' or ')} is missing, needed for ${part.for}. Install it (${how}), then run the tests again.`;
}

async function install({ apt, say }: Machine, packages: readonly string[]): Promise<void> {
  say(`Installing ${packages.join(', ')} with apt-get, because tests run them …`);
  for (let attempt = 1; attempt <= APT_TRIES; attempt++) {
    // The package lists may be absent (a fresh container) or stale: every further try begins by renewing them.
    if (attempt > 1) await apt(['update']);
    if (await apt(['install', '-y', '--no-install-recommends', ...packages])) return;
    say(`apt-get did not succeed (try ${attempt} of ${APT_TRIES}).`);
  }
}

function thisMachine(): Machine {
  return {
    platform: process.platform,
    mayInstall: process.platform === 'linux' && process.getuid?.() === 0 && Bun.which('apt-get') !== null,
    has: (command) => (command.startsWith('/') ? existsSync(command) : Bun.which(command) !== null),
    apt,
    say: (text) => console.log(text),
  };
}

async function apt(args: readonly string[]): Promise<boolean> {
  const options = [
    '-q',
    '-o',
    'Acquire::Retries=3',
    '-o',
    'Acquire::http::Timeout=30',
    '-o',
    'DPkg::Lock::Timeout=120',
  ];
  const child = Bun.spawn(['apt-get', ...options, ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: APT_TIMEOUT_MS,
  });
  const output = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const code = await child.exited;
  if (code !== 0) console.log((await output).join('\n').trim().split('\n').slice(-12).join('\n'));
  return code === 0;
}
