import { POSITIONS_MAINTAINED_MS, type PositionStore } from '@konferenco/core';
import type { Context } from './accounts/context.ts';
import type { SignatureVerifier } from './accounts/signatures.ts';
import type { TokenService } from './accounts/tokens.ts';
import type { Attachments } from './attachments/attachments.ts';
import type { Node } from './node.ts';
import { collectAfterStorms } from './runtime/storm-gc.ts';
import { keepTidy, type Tidies } from './start-files.ts';

/** How often sign-ins that ended long ago are forgotten. */
const SWEEP_SESSIONS_MS = 3_600_000;

export interface Upkeep {
  readonly context: Context;
  readonly tokens: TokenService;
  readonly signatures: SignatureVerifier;
  readonly node: Node;
  readonly attachments: Attachments;
  readonly positions: PositionStore;
  readonly tidies: Tidies;
  /** The venue forgets sign-ins that have ended. */
  readonly isMirror: boolean;
  readonly onFault: (error: unknown) => void;
}

/** What goes on beside serving; returns what ends it, the accounts and the storage for files. */
export function startUpkeep(upkeep: Upkeep): () => Promise<void> {
  const { context, tokens, signatures, node, attachments, positions, tidies, isMirror, onFault } = upkeep;
  const stopTidying = keepTidy(attachments, { tidies, onFault });
  // What became too old while nobody ran goes at once.
  const forget = () => void positions.maintain(context.clock.now()).catch(onFault);
  forget();
  const forgetting = setInterval(forget, POSITIONS_MAINTAINED_MS);
  const sweep = () => void (isMirror || tokens.sweep().catch(onFault));
  const sweeping = setInterval(sweep, SWEEP_SESSIONS_MS);
  const stopCollecting = collectAfterStorms(
    () => node.gateway.turnover,
    () => Bun.gc(true),
  );
  return () => {
    clearInterval(sweeping);
    clearInterval(forgetting);
    stopCollecting();
    tokens.close();
    signatures.close();
    context.directory.close();
    return stopTidying();
  };
}
