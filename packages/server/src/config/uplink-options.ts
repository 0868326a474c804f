import type { Option } from './option.ts';

/** Options of a venue's server, and of its mirror elsewhere. */
export const UPLINK_OPTIONS = {
  uplinkUrl: {
    type: 'text',
    default: '',
    pattern: /^wss?:\/\/[^/\s@]+$/,
    env: 'KONFERENCO_UPLINK_URL',
    flag: '--uplink-url',
    description:
      'At the venue: address of the mirror in a data centre, such as wss://talk.example.org. This server calls it and keeps it up to date. Empty: there is no mirror.',
  },
  uplinkSecret: {
    type: 'text',
    default: '',
    secret: true,
    pattern: /^\S{32,256}$/,
    env: 'KONFERENCO_UPLINK_SECRET',
    flag: '--uplink-secret',
    description: 'Secret that venue and mirror share, 32 characters or more, such as of openssl rand -hex 32.',
  },
  uplinkCaFile: {
    type: 'text',
    default: '',
    env: 'KONFERENCO_UPLINK_CA_FILE',
    flag: '--uplink-ca-file',
    description:
      'At the venue: certificates, in PEM format, of the authorities that sign that of the mirror, where this system does not know them. For wss:// addresses.',
  },
  mirror: {
    type: 'choice',
    default: 'no',
    choices: ['no', 'yes'],
    env: 'KONFERENCO_MIRROR',
    flag: '--mirror',
    description: 'yes: this server mirrors a venue, which calls it, and serves the people who are not there.',
  },
} as const satisfies Record<string, Option>;
