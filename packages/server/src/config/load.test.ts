import { describe, expect, test } from 'bun:test';
import { ConfigError, helpText, isDemo, loadConfig } from './load.ts';
import { OPTIONS } from './options.ts';

describe('loadConfig', () => {
  test('defaults listen on loopback with demo sign-in', () => {
    const config = loadConfig({}, []);
    expect(config).toMatchObject({ host: '127.0.0.1', port: 8080, storage: 'disk', rateLimits: 'on' });
    expect(isDemo(config)).toBe(true);
  });

  test('a flag wins over the environment, with either form of writing it', () => {
    expect(loadConfig({ PORT: '1000' }, ['--port', '2000']).port).toBe(2000);
    expect(loadConfig({ PORT: '1000' }, ['--port=3000']).port).toBe(3000);
  });

  test('any sign of being more than a trial turns demo sign-in off', () => {
    expect(isDemo(loadConfig({ KONFERENCO_HOST: '0.0.0.0' }, []))).toBe(false);
    expect(isDemo(loadConfig({ KONFERENCO_PUBLIC_URL: 'https://talk.example.org' }, []))).toBe(false);
    expect(isDemo(loadConfig({ KONFERENCO_DEMO: 'off' }, []))).toBe(false);
  });

  test('every mistake is named at once, with what would be right', () => {
    const bad = {
      PORT: 'http',
      KONFERENCO_STORAGE: 'floppy',
      KONFERENCO_TYPO: '1',
      KONFERENCO_EVENT_TIME_ZONE: 'Middle/Earth',
    };
    expect(() => loadConfig(bad, ['--nonsense', 'x'])).toThrow(ConfigError);
    try {
      loadConfig(bad, ['--nonsense', 'x']);
    } catch (error) {
      const { message } = error as ConfigError;
      for (const part of ['PORT', '0 to 65535', 'disk, memory', 'KONFERENCO_TYPO', 'Middle/Earth', '--nonsense'])
        expect(message).toContain(part);
    }
  });

  test('rates cannot be lifted where strangers can connect', () => {
    expect(() => loadConfig({ KONFERENCO_RATE_LIMITS: 'off', KONFERENCO_HOST: '0.0.0.0' }, [])).toThrow('loopback');
  });

  test('half a cluster is refused with what is missing', () => {
    const postgres = { KONFERENCO_POSTGRES_URL: 'postgres://u:secret@localhost/k' };
    const nats = { KONFERENCO_NATS_URL: 'nats://localhost:4222' };
    const redis = { KONFERENCO_REDIS_URL: 'redis://localhost:6379' };
    expect(() => loadConfig(nats, [])).toThrow('KONFERENCO_POSTGRES_URL');
    expect(() => loadConfig({ ...postgres, ...redis }, [])).toThrow('KONFERENCO_NATS_URL');
    expect(() => loadConfig({ ...postgres, KONFERENCO_STORAGE: 'memory' }, [])).toThrow('exclude each other');
    expect(loadConfig({ ...postgres, ...nats, ...redis }, [])).toMatchObject({ natsUrl: 'nats://localhost:4222' });
    expect(loadConfig(postgres, [])).toMatchObject({ natsUrl: '' });
  });

  // proves UP-14
  test('half an uplink is refused with what is missing', () => {
    const secret = { KONFERENCO_UPLINK_SECRET: 's'.repeat(32) };
    const venue = { KONFERENCO_UPLINK_URL: 'wss://talk.example.org' };
    const mirror = { KONFERENCO_MIRROR: 'yes' };
    expect(() => loadConfig(venue, [])).toThrow('needs KONFERENCO_UPLINK_SECRET');
    expect(() => loadConfig(mirror, [])).toThrow('needs KONFERENCO_UPLINK_SECRET');
    expect(() => loadConfig(secret, [])).toThrow('KONFERENCO_UPLINK_URL at the venue');
    expect(() => loadConfig({ ...venue, ...mirror, ...secret }, [])).toThrow('leave one of them out');
    const postgres = { KONFERENCO_POSTGRES_URL: 'postgres://u:p@localhost/k' };
    expect(() => loadConfig({ ...venue, ...secret, ...postgres }, [])).toThrow('leave out KONFERENCO_POSTGRES_URL');
    expect(() => loadConfig({ ...mirror, ...secret, KONFERENCO_STORAGE: 'memory' }, [])).toThrow('outlives a restart');
    expect(() => loadConfig({ ...mirror, ...secret, KONFERENCO_RESTORED: 'yes' }, [])).toThrow('is for the venue');
    const bare = { ...secret, KONFERENCO_UPLINK_URL: 'ws://talk.example.org' };
    expect(() => loadConfig(bare, [])).toThrow('use wss://');
    expect(loadConfig({ ...secret, KONFERENCO_UPLINK_URL: 'ws://127.0.0.1:8081' }, [])).toMatchObject({ mirror: 'no' });
    expect(loadConfig({ ...mirror, ...secret }, [])).toMatchObject({ mirror: 'yes' });
    const file = { KONFERENCO_UPLINK_CA_FILE: '/etc/authority.pem' };
    expect(() => loadConfig({ ...mirror, ...secret, ...file }, [])).toThrow('set KONFERENCO_UPLINK_URL too');
    const local = { ...secret, KONFERENCO_UPLINK_URL: 'ws://127.0.0.1:8081' };
    expect(() => loadConfig({ ...local, ...file }, [])).toThrow('begin KONFERENCO_UPLINK_URL with wss');
    const short = { ...venue, KONFERENCO_UPLINK_SECRET: 'too-short' };
    expect(() => loadConfig(short, [])).toThrow('KONFERENCO_UPLINK_SECRET');
    expect(() => loadConfig(short, [])).not.toThrow('too-short');
  });

  test('a wrong address is refused without repeating it: it may hold a password', () => {
    const wrong = { KONFERENCO_POSTGRES_URL: 'mysql://u:secret@localhost/k' };
    expect(() => loadConfig(wrong, [])).toThrow('KONFERENCO_POSTGRES_URL');
    expect(() => loadConfig(wrong, [])).not.toThrow('secret');
  });

  test('help names every option', () => {
    for (const option of Object.values(OPTIONS)) expect(helpText()).toContain(option.env);
  });
});
