import { type Config, type Option, OPTIONS } from './options.ts';
import { halfATls } from './tls-options.ts';

/** One or more options are wrong; the message names each and what would be right. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * The configuration from the environment and command line (which wins), over the defaults.
 *
 * @throws {ConfigError} naming every option that is wrong, unknown or dangerous in combination.
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>, argv: readonly string[]): Config {
  const problems: string[] = [];
  const flags = parseFlags(argv, problems);
  const values: Record<string, string | number> = {};
  for (const [name, option] of Object.entries<Option>(OPTIONS)) {
    const raw = flags.get(option.flag) ?? env[option.env];
    const value = raw === undefined || raw === '' ? option.default : parseValue(option, raw);
    if (value === null) problems.push(`${option.env} (${option.flag}): ${describe(option)}`);
    else values[name] = value;
  }
  const known = new Set(Object.values(OPTIONS).map((option): string => option.env));
  for (const name of Object.keys(env)) {
    if (name.startsWith('KONFERENCO_') && !known.has(name)) problems.push(`${name}: there is no such option`);
  }
  const config = values as unknown as Config;
  if (config.eventTimeZone && !isTimeZone(config.eventTimeZone)) {
    problems.push(`KONFERENCO_EVENT_TIME_ZONE: ${config.eventTimeZone} is no time zone this machine knows`);
  }
  problems.push(...halfACluster(config), ...halfATls(config), ...halfAStorage(config), ...halfAnUplink(config));
  if (problems.length === 0 && config.rateLimits === 'off' && !isLoopback(config.host)) {
    problems.push('KONFERENCO_RATE_LIMITS=off is possible on a loopback address only');
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  return Object.freeze(config);
}

/** Nodes that are joined in one way and not in the other would each be right alone and wrong together. */
function halfACluster({ postgresUrl, natsUrl, redisUrl, storage }: Config): string[] {
  const problems: string[] = [];
  if (natsUrl && !postgresUrl)
    problems.push('KONFERENCO_NATS_URL joins nodes that share one store: set KONFERENCO_POSTGRES_URL too');
  if (redisUrl && !natsUrl)
    problems.push('KONFERENCO_REDIS_URL is for nodes that are joined: set KONFERENCO_NATS_URL too');
  if (postgresUrl && storage === 'memory')
    problems.push('KONFERENCO_STORAGE=memory and KONFERENCO_POSTGRES_URL exclude each other: leave one of them out');
  return problems;
}

/** A venue and its mirror are one process each, and both know the secret. */
function halfAnUplink(config: Config): string[] {
  const { uplinkUrl, uplinkSecret, mirror, postgresUrl, storage, restored } = config;
  const isMirror = mirror === 'yes';
  if (!uplinkUrl && !isMirror)
    return uplinkSecret
      ? [
          'KONFERENCO_UPLINK_SECRET is for an uplink: set KONFERENCO_UPLINK_URL at the venue, or KONFERENCO_MIRROR=yes at its mirror',
        ]
      : [];
  const own = isMirror ? 'KONFERENCO_MIRROR' : 'KONFERENCO_UPLINK_URL';
  const problems: string[] = [];
  if (uplinkUrl && isMirror)
    problems.push(
      'KONFERENCO_UPLINK_URL is for the venue, KONFERENCO_MIRROR=yes for the mirror: leave one of them out',
    );
  if (!uplinkSecret) problems.push(`${own} needs KONFERENCO_UPLINK_SECRET, the same at venue and mirror: set it`);
  if (postgresUrl)
    problems.push(`${own} joins two servers of one process each: leave out KONFERENCO_POSTGRES_URL, or the uplink`);
  if (storage === 'memory') problems.push(`${own} needs what outlives a restart: leave out KONFERENCO_STORAGE=memory`);
  if (isMirror && restored === 'yes')
    problems.push(
      'KONFERENCO_RESTORED=yes is for the venue; a mirror is given a copy of the venue’s data folder instead',
    );
  if (uplinkUrl.startsWith('ws:') && !isLoopback(new URL(uplinkUrl).hostname))
    problems.push('KONFERENCO_UPLINK_URL: without TLS (ws://) only a loopback address is called: use wss://');
  return problems;
}

/** An S3 storage takes all of its options, and a storage that is not used none. */
function halfAStorage(config: Config): string[] {
  const wanted = {
    KONFERENCO_S3_BUCKET: config.s3Bucket,
    KONFERENCO_S3_KEY: config.s3Key,
    KONFERENCO_S3_SECRET: config.s3Secret,
  };
  const names = Object.entries(wanted);
  if (config.s3Endpoint === '') {
    const [extra] = names.filter(([, value]) => value !== '');
    return extra ? [`${extra[0]} is for files in S3: set KONFERENCO_S3_ENDPOINT too`] : [];
  }
  return names
    .filter(([, value]) => value === '')
    .map(([name]) => `KONFERENCO_S3_ENDPOINT says that files are kept in S3: set ${name} too`);
}

/** Demo sign-in: on loopback, as long as nothing says that this is more than a trial. */
export function isDemo(config: Config): boolean {
  return config.demo === 'auto' && isLoopback(config.host) && config.publicUrl === '';
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** The text of `--help`. */
export function helpText(): string {
  const rows = Object.values<Option>(OPTIONS).map((option) => {
    const unit = option.unit ? ` ${option.unit}` : '';
    return `  ${option.flag.padEnd(20)} ${option.env}\n      ${option.description}\n      ${describe(option)}; default ${JSON.stringify(option.default)}${unit}`;
  });
  return `Konferenco: messages, presence and meetings for people who meet.\n\nOptions, as flag (--port 80) or environment (PORT=80):\n${rows.join('\n')}\n`;
}

function parseFlags(argv: readonly string[], problems: string[]): Map<string, string> {
  const flags = new Map<string, string>();
  const known = new Set(Object.values(OPTIONS).map((option): string => option.flag));
  for (let i = 0; i < argv.length; i++) {
    const [flag = '', inline] = (argv[i] ?? '').split(/=(.*)/s, 2);
    const value = inline ?? argv[++i];
    if (!known.has(flag)) problems.push(`${flag}: there is no such option; see --help`);
    else if (value === undefined) problems.push(`${flag}: needs a value`);
    else flags.set(flag, value);
  }
  return flags;
}

function parseValue(option: Option, raw: string): string | number | null {
  switch (option.type) {
    case 'integer': {
      const value = Number(raw);
      return Number.isInteger(value) && value >= option.min && value <= option.max ? value : null;
    }
    case 'choice':
      return option.choices.includes(raw) ? raw : null;
    case 'text':
      return option.pattern && !option.pattern.test(raw) ? null : raw;
  }
}

function describe(option: Option): string {
  switch (option.type) {
    case 'integer':
      return `a whole number from ${option.min} to ${option.max}`;
    case 'choice':
      return `one of ${option.choices.join(', ')}`;
    case 'text':
      return option.pattern ? `a text like ${option.pattern.source}` : 'a text';
  }
}
