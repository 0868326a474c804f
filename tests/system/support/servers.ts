import { afterAll } from 'bun:test';
import { TestServer, type TestServerOptions } from '@konferenco/testkit';

/**
 * Starts servers for the tests of one file, and makes sure that none outlives them: a test that fails half-way does not
 * come to its own `stop`. To be called at the top of the file.
 */
export function useServers(): (options: TestServerOptions) => Promise<TestServer> {
  const started: TestServer[] = [];
  afterAll(async () => {
    for (const server of started) {
      await server.kill();
      await server.stop();
    }
  });
  return async (options) => {
    const server = await TestServer.start({ storage: 'disk', ...options });
    started.push(server);
    return server;
  };
}
