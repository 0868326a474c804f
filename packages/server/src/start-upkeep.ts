import type { Context } from './accounts/context.ts';
import type { SignatureVerifier } from './accounts/signatures.ts';
import type { TokenService } from './accounts/tokens.ts';
import type { Attachments } from './attachments/attachments.ts';
import type { Node } from './node.ts';
import { collectAfterStorms } from './runtime/storm-gc.ts';
import { keepTidy } from './start-files.ts';

/** How often sign-ins that ended long ago are forgotten. */
const SWEEP_SESSIONS_MS = 3_600_000;

export interface Upkeep {
  readonly context: Context;
  readonly tokens: TokenService;
  readonly signatures: SignatureVerifier;
  readonly node: Node;
  readonly attachments: Attachments;
  readonly onFault: (error: unknown) => void;
}

/** What goes on beside serving; returns what ends it, the accounts and the storage for files. */
export function startUpkeep({ context, tokens, signatures, node, attachments, onFault }: Upkeep): () => Promise<void> {
  const stopTidying = keepTidy(attachments, onFault);
  const sweeping = setInterval(() => void tokens.sweep().catch(onFault), SWEEP_SESSIONS_MS);
  const stopCollecting = collectAfterStorms(
    () => node.gateway.turnover,
    () => Bun.gc(true),
  );
  return () => {
    clearInterval(sweeping);
    stopCollecting();
    tokens.close();
    signatures.close();
    context.directory.close();
    return stopTidying();
  };
}
