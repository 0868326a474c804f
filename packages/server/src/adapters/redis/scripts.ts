/** Milliseconds of Redis's own clock, so that nodes with different clocks agree on when something ends. */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/**
 * Holds a value for a holder, unless it holds a newer one. Holders whose time is over are swept.
 * KEYS: hash. ARGV: holder, version, value, milliseconds.
 */
const HOLD = `${NOW}
local held = redis.call('HGET', KEYS[1], ARGV[1])
if held and tonumber(string.match(held, '^%d+')) > tonumber(ARGV[2]) then return 0 end
local ends = string.format('%.0f', now + ARGV[4])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ends .. ' ' .. ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
if redis.call('HLEN', KEYS[1]) > 4 then
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    if tonumber(string.match(all[i + 1], '^%d+ (%d+)')) <= now then redis.call('HDEL', KEYS[1], all[i]) end
  end
end
return 1`;

/** What is held. KEYS: hash. Returns holder, version, milliseconds left and value of each, one after the other. */
const HELD = `${NOW}
local all = redis.call('HGETALL', KEYS[1])
local held = {}
for i = 1, #all, 2 do
  local version, ends, value = string.match(all[i + 1], '^(%d+) (%d+) (.*)$')
  local left = tonumber(ends) - now
  if left > 0 then
    held[#held + 1] = all[i]
    held[#held + 1] = version
    held[#held + 1] = string.format('%.0f', left)
    held[#held + 1] = value
  end
end
return held`;

/**
 * Counts one message, in the outbox's allowance if it may, else in the window: 0 when allowed, else milliseconds to wait.
 * KEYS: times in the window, the allowance. ARGV: count, window in ms, 1 if the allowance may be used, its size, its refill per ms.
 */
const TAKE = `${NOW}
if ARGV[3] == '1' then
  local size = tonumber(ARGV[4])
  local bucket = redis.call('HMGET', KEYS[2], 'tokens', 'at')
  local elapsed = math.max(0, now - (tonumber(bucket[2]) or now))
  local tokens = math.min(size, (tonumber(bucket[1]) or size) + elapsed * ARGV[5])
  if tokens >= 1 then
    redis.call('HSET', KEYS[2], 'tokens', string.format('%.6f', tokens - 1), 'at', string.format('%.0f', now))
    redis.call('PEXPIRE', KEYS[2], math.ceil((size - tokens + 1) / ARGV[5]))
    return 0
  end
end
local oldest = redis.call('LINDEX', KEYS[1], -ARGV[1])
if oldest and oldest + ARGV[2] > now then return oldest + ARGV[2] - now end
redis.call('RPUSH', KEYS[1], string.format('%.0f', now))
redis.call('LTRIM', KEYS[1], -ARGV[1], -1)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 0`;

/**
 * Takes a token: 0 when there was one, else milliseconds until there is.
 * KEYS: bucket. ARGV: its size, its refill per ms.
 */
const DRAW = `${NOW}
local size = tonumber(ARGV[1])
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local elapsed = math.max(0, now - (tonumber(bucket[2]) or now))
local tokens = math.min(size, (tonumber(bucket[1]) or size) + elapsed * ARGV[2])
if tokens < 1 then return math.ceil((1 - tokens) / ARGV[2]) end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens - 1), 'at', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((size - tokens + 1) / ARGV[2]))
return 0`;

/** Scripts by the name of the command they become; atomic, each on keys of one hash slot. */
export const SCRIPTS = {
  konferencoHold: { lua: HOLD, numberOfKeys: 1 },
  konferencoHeld: { lua: HELD, numberOfKeys: 1, readOnly: true },
  konferencoTake: { lua: TAKE, numberOfKeys: 2 },
  konferencoDraw: { lua: DRAW, numberOfKeys: 1 },
} as const;

/** The commands in use, as the client has them. */
export interface Commands {
  konferencoHold(key: string, holder: string, version: number, value: string, ms: number): Promise<number>;
  konferencoHeld(key: string): Promise<readonly string[]>;
  konferencoTake(
    window: string,
    allowance: string,
    ...rate: readonly [count: number, window_ms: number, mayUseAllowance: 0 | 1, size: number, refill_per_ms: number]
  ): Promise<number>;
  konferencoDraw(bucket: string, size: number, refill_per_ms: number): Promise<number>;
  set(key: string, value: string, px: 'PX', ms: number, nx: 'NX'): Promise<'OK' | null>;
  ping(): Promise<string>;
}
