import type { Option } from './option.ts';
import type { Config } from './options.ts';

/** Options of the connections to PostgreSQL, NATS and Redis over TLS. Files are in PEM format, and read anew for each connection. */
export const TLS_OPTIONS = {
  postgresCaFile: {
    type: 'text',
    default: '',
    env: 'KONFERENCO_POSTGRES_CA_FILE',
    flag: '--postgres-ca-file',
    description:
      'Certificates of the authorities that sign those of PostgreSQL, where this system does not know them. Connections are then over TLS, and the host name is checked too.',
  },
  postgresCertFile: {
    type: 'text',
    default: '',
    env: 'KONFERENCO_POSTGRES_CERT_FILE',
    flag: '--postgres-cert-file',
    description: 'Certificate that this node shows to PostgreSQL.',
  },
  postgresKeyFile: {
    type: 'text',
    default: '',
    env: 'KONFERENCO_POSTGRES_KEY_FILE',
    flag: '--postgres-key-file',
    description: 'Private key of that certificate, without a password.',
  },
  natsCaFile: {
    type: 'text',
    default: '',
    env: 'KONFERENCO_NATS_CA_FILE',
    flag: '--nats-ca-file',
    description:
      'Certificates of the authorities that sign those of NATS, where this system does not know them. Connections are then over TLS only.',
  },
  natsCertFile: {
    type: 'text',
    default: '',
    env: 'KONFERENCO_NATS_CERT_FILE',
    flag: '--nats-cert-file',
    description: 'Certificate that this node shows to NATS.',
  },
  natsKeyFile: {
    type: 'text',
    default: '',
    env: 'KONFERENCO_NATS_KEY_FILE',
    flag: '--nats-key-file',
    description: 'Private key of that certificate, without a password.',
  },
  redisCaFile: {
    type: 'text',
    default: '',
    env: 'KONFERENCO_REDIS_CA_FILE',
    flag: '--redis-ca-file',
    description:
      'Certificates of the authorities that sign those of Redis, where this system does not know them. For rediss:// addresses.',
  },
  redisCertFile: {
    type: 'text',
    default: '',
    env: 'KONFERENCO_REDIS_CERT_FILE',
    flag: '--redis-cert-file',
    description: 'Certificate that this node shows to Redis.',
  },
  redisKeyFile: {
    type: 'text',
    default: '',
    env: 'KONFERENCO_REDIS_KEY_FILE',
    flag: '--redis-key-file',
    description: 'Private key of that certificate, without a password.',
  },
} as const satisfies Record<string, Option>;

/** What of the TLS options cannot be together, in words. */
export function halfATls(config: Config): string[] {
  const { postgresUrl, natsUrl, redisUrl } = config;
  const parts = [
    ['POSTGRES', postgresUrl, config.postgresCaFile, config.postgresCertFile, config.postgresKeyFile],
    ['NATS', natsUrl, config.natsCaFile, config.natsCertFile, config.natsKeyFile],
    ['REDIS', redisUrl, config.redisCaFile, config.redisCertFile, config.redisKeyFile],
    ['UPLINK', config.uplinkUrl, config.uplinkCaFile, '', ''],
  ] as const;
  return parts.flatMap(([part, url, ca, cert, key]) => {
    const name = `KONFERENCO_${part}`;
    if (cert === '' && key !== '') return [`${name}_KEY_FILE belongs to a certificate: set ${name}_CERT_FILE too`];
    if (cert !== '' && key === '') return [`${name}_CERT_FILE needs its private key: set ${name}_KEY_FILE too`];
    if (ca === '' && cert === '') return [];
    if (url === '') return [`The TLS files of ${name}_… are for a part that is not used: set ${name}_URL too`];
    if (part === 'REDIS' && !url.startsWith('rediss'))
      return [
        `The TLS files of ${name}_… are for connections over TLS: begin ${name}_URL with rediss instead of redis`,
      ];
    if (part === 'UPLINK' && !url.startsWith('wss:'))
      return [`${name}_CA_FILE is for a connection over TLS: begin ${name}_URL with wss instead of ws`];
    if (part === 'POSTGRES' && /[?&]sslmode=(disable|allow|prefer)\b/.test(url))
      return [`The TLS files of ${name}_… are for connections over TLS: take sslmode out of ${name}_URL`];
    return [];
  });
}
