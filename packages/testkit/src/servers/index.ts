export { type Caddy, type CaddyOptions, startCaddy } from './caddy.ts';
export { startNats } from './nats.ts';
export { type PostgresOptions, type PostgresReplica, startPostgres, startPostgresReplica } from './postgres.ts';
export { freePort, type Program, type RunningProgram, runProgram, type WhereToRun } from './program.ts';
export { startRedis } from './redis.ts';
export { type RunningS3, startS3 } from './s3.ts';
