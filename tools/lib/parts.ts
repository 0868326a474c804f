import { existsSync } from 'node:fs';

/** A real program that some tests run. */
interface Part {
  /** Names it may have on the PATH. */
  readonly commands: readonly string[];
  /** Places to look beside the PATH. */
  readonly places?: readonly string[];
  /** Debian's package. */
  readonly debian: string;
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
    for: 'browser tests',
  },
  { commands: ['caddy'], debian: 'caddy', for: 'tests of TLS and the handshake deadline' },
  ...(process.platform === 'linux'
    ? [{ commands: ['strace'], debian: 'strace', for: 'the test that a reply waits for the disk' }]
    : []),
];

const APT_TRIES = 3;
const APT_TIMEOUT_MS = 240_000;

/** Installs what is missing where that is possible. Returns one sentence for every part that is still missing. */
export async function ensureParts(): Promise<string[]> {
  const missing = PARTS.filter((part) => !isThere(part));
  if (missing.length === 0) return [];
  if (canInstall()) await install(missing.map((part) => part.debian));
  return missing.filter((part) => !isThere(part)).map(missingText);
}

function isThere(part: Part): boolean {
  return (
    part.commands.some((command) => Bun.which(command) !== null) ||
    (part.places ?? []).some((place) => existsSync(place))
  );
}

function missingText(part: Part): string {
  const names = part.commands.join(' or ');
  const how =
    process.platform === 'darwin'
      ? `brew install ${part.debian === 'chromium' ? '--cask chromium' : part.debian}`
      : `on Debian and Ubuntu: sudo apt-get install ${part.debian}`;
  return `${names} is missing, needed for ${part.for}. Install it (${how}), then run the tests again.`;
}

function canInstall(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0 && Bun.which('apt-get') !== null;
}

async function install(packages: readonly string[]): Promise<void> {
  console.log(`Installing ${packages.join(', ')} with apt-get, because tests run them …`);
  for (let attempt = 1; attempt <= APT_TRIES; attempt++) {
    // The package lists may be absent (fresh container) or stale; a second try starts by renewing them.
    if (
      (attempt > 1 && !(await apt(['update']))) ||
      !(await apt(['install', '-y', '--no-install-recommends', ...packages]))
    ) {
      console.log(`apt-get did not succeed (try ${attempt} of ${APT_TRIES}).`);
      continue;
    }
    return;
  }
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
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) console.log(`${out}\n${err}`.trim().split('\n').slice(-12).join('\n'));
  return code === 0;
}
