import { JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';

/** Why a node cannot begin with the NATS it was given. */
export type NatsProblem =
  | 'unreachable'
  | 'refused'
  | 'forbidden'
  | 'tls'
  | 'too_old'
  | 'no_jetstream'
  | 'wrong_stream'
  | 'misconfigured';

/** NATS cannot be used as it is; the message says in one sentence what to do, and holds no secret. */
export class NatsStartError extends Error {
  override readonly name = 'NatsStartError';
  readonly problem: NatsProblem;

  constructor(problem: NatsProblem, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.problem = problem;
  }
}

/**
 * Says what a failed start means.
 *
 * @param where hosts and ports, without credentials
 * @param hints `mayWantCertificate`: TLS is spoken, and this node showed no certificate
 */
export function startError(error: unknown, where: string, { mayWantCertificate = false } = {}): NatsStartError {
  if (error instanceof NatsStartError) return error;
  if (error instanceof errors.AuthorizationError || error instanceof errors.UserAuthenticationExpiredError) {
    return new NatsStartError(
      'refused',
      `NATS at ${where} refuses the user name, password or token: correct them in KONFERENCO_NATS_URL.`,
    );
  }
  if (error instanceof errors.PermissionViolationError) {
    return new NatsStartError(
      'forbidden',
      `NATS at ${where} does not permit the ${error.operation === 'publish' ? 'publishing' : 'subscription'} of '${error.subject}' to this user: allow it in the permissions of the NATS account.`,
    );
  }
  if (isTlsTrouble(error)) {
    return new NatsStartError(
      'tls',
      `The TLS connection to NATS at ${where} fails (${reasonOf(error)}): ${tlsAdvice(error)}`,
    );
  }
  if (error instanceof JetStreamApiError) {
    return new NatsStartError(
      'wrong_stream',
      `NATS at ${where} refuses a stream (${error.message}): check its JetStream limits and number of servers.`,
    );
  }
  if (mayWantCertificate && error instanceof errors.TimeoutError)
    return new NatsStartError('tls', `NATS at ${where} says nothing over TLS (timeout): ${WANTS_CERTIFICATE}`);
  return new NatsStartError(
    'unreachable',
    `NATS at ${where} does not answer (${reasonOf(error)}): start it, or correct KONFERENCO_NATS_URL.`,
  );
}

const WANTS_CERTIFICATE =
  'if it asks for a certificate of this node, set KONFERENCO_NATS_CERT_FILE and KONFERENCO_NATS_KEY_FILE.';

function tlsAdvice(error: unknown): string {
  const { code = '', message = '' } = error as { readonly code?: string; readonly message?: string };
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'name the host in KONFERENCO_NATS_URL as its certificate does.';
  if (/^(SELF_SIGNED|UNABLE_TO|DEPTH_ZERO)/.test(code))
    return 'name the authority of its certificate in KONFERENCO_NATS_CA_FILE.';
  if (/^(EBADF|ECONNRESET|EPIPE)$/.test(code) || /alert/i.test(message)) return WANTS_CERTIFICATE;
  return 'check its certificate, and whether KONFERENCO_NATS_URL should begin with tls:// or nats://.';
}

function isTlsTrouble(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  // A server that ends the handshake leaves the driver with a socket that it cannot write to.
  if (code === 'EBADF') return true;
  return /\b(tls|ssl|certificate|altname)\b|^(ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO)/i.test(
    `${String(code ?? '')} ${String(message ?? '')}`,
  );
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no reason given';
  return error.message.replace(/\s+/g, ' ').slice(0, 120);
}
