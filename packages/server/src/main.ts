import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ObjectsUnavailableError, StoreUnavailableError } from '@konferenco/core';
import { NatsStartError } from './adapters/nats/errors.ts';
import { RedisStartError } from './adapters/redis/errors.ts';
import { NameTakenError } from './cluster/claim.ts';
import { ConfigError, helpText, isDemo, isLoopback, loadConfig } from './config/load.ts';
import type { Config } from './config/options.ts';
import { DRAIN_MS } from './gateway/gateway.ts';
import { createLog } from './observability/log.ts';
import { type RunningServer, startServer } from './start.ts';

/** The command: reads the configuration, starts the server, says where it is, and stops it on a signal. */
async function main(argv: readonly string[]): Promise<void> {
  if (argv.includes('--help')) {
    console.log(helpText());
    return;
  }
  const config = readConfig(argv);
  const log = createLog(config.logLevel);
  const webDir = join(import.meta.dir, '../../../apps/web/dist');
  const onNamesake = ({ message }: NameTakenError) => end(`Konferenco ends:\n${message}`, 1);
  const page = existsSync(webDir) ? { webDir } : {};
  const server = await startServer({ config, log, seed: true, onNamesake, ...page }).catch((error: unknown) =>
    giveUp(startFailure(config, error)),
  );
  announce(config, server);
  const stop = async (signal: string, drain_ms: number) => {
    log.info({ signal }, 'stopping');
    await server.stop({ drain_ms });
    process.exit(0);
  };
  process.once('SIGTERM', () => void stop('SIGTERM', DRAIN_MS));
  // Somebody waits at the terminal.
  process.once('SIGINT', () => void stop('SIGINT', 2_000));
}

function readConfig(argv: readonly string[]): Config {
  try {
    return loadConfig(process.env, argv);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return giveUp(error.message, 2);
  }
}

function giveUp(reason: string, code = 1): never {
  return end(`Konferenco cannot start:\n${reason}`, code);
}

function end(reason: string, code: number): never {
  console.error(reason);
  process.exit(code);
}

/** What went wrong, in words that say what to do about it; faults of our own keep their stack. */
function startFailure({ port, data, postgresUrl }: Config, error: unknown): string {
  // Of a database the message names the place itself.
  if (error instanceof StoreUnavailableError)
    return postgresUrl ? error.message : `${error.message} (data folder: ${data})`;
  const isAdvice = [ObjectsUnavailableError, NatsStartError, RedisStartError, NameTakenError, ConfigError].some(
    (kind) => error instanceof kind,
  );
  if (isAdvice) return (error as Error).message;
  const { code, stack } = error as { readonly code?: string; readonly stack?: string };
  if (code === 'EADDRINUSE') return `Port ${port} is in use. Stop what uses it, or choose another: PORT=8081 npm start`;
  if (code === 'EACCES') return `No permission to use port ${port} or the folder ${data}.`;
  return stack ?? String(error);
}

function announce(config: Config, { url, ownerInvite }: RunningServer): void {
  console.log(`Konferenco listens on ${url}`);
  if (isDemo(config))
    console.log('Demo sign-in: a name is enough. Anybody who reaches this machine can come in; others cannot.');
  if (!isLoopback(config.host) && !config.publicUrl.startsWith('https:')) {
    console.log(
      'Warning: this port speaks plain HTTP. Put a TLS proxy in front before people use it: docs/guides/deploy-with-caddy.md',
    );
  }
  if (ownerInvite) console.log(`Open ${url}/join/${ownerInvite} to become the owner of this system.`);
}

await main(process.argv.slice(2));
