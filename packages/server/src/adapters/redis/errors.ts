/** Why Redis cannot be used at the start. */
export type RedisStartReason =
  | 'bad_address'
  | 'unreachable'
  | 'password_missing'
  | 'password_refused'
  | 'not_redis'
  | 'not_trusted'
  | 'too_old'
  | 'is_cluster'
  | 'no_cluster'
  | 'is_replica'
  | 'no_such_master';

/** Redis cannot be used at the start. The message is one sentence for the operator: what is wrong and what to do; no secrets. */
export class RedisStartError extends Error {
  override readonly name = 'RedisStartError';
  readonly reason: RedisStartReason;

  constructor(reason: RedisStartReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Redis does not answer now, or refused a command. The cause says which. */
export class RedisUnavailableError extends Error {
  override readonly name = 'RedisUnavailableError';
}
