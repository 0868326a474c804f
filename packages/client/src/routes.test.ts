import { expect, test } from 'bun:test';
import { ROUTES, type Route } from '@konferenco/protocol/schema';
import { ROUTE_PATHS } from './routes.ts';

test('the table of routes says what the protocol says', () => {
  const protocol = Object.fromEntries(
    Object.entries<Route>(ROUTES)
      .filter(([, { auth }]) => auth !== 'operator')
      .map(([name, { method, path }]) => [name, `${method} ${path}`]),
  );
  expect(ROUTE_PATHS as Record<string, string>).toEqual(protocol);
});
