import { createTicketService } from '../../../packages/server/src/accounts/tickets.ts';
import { systemClock, systemRandom } from '../../../packages/server/src/runtime/system.ts';

/** Makes socket tickets as `/api/connect` does, from the secret that the servers share. @param secret base64url */
export function createMint(secret: string): (user: string) => string {
  const tickets = createTicketService({
    secret: Buffer.from(secret, 'base64url'),
    clock: systemClock,
    random: systemRandom,
  });
  return (user) => tickets.issue({ user, device: 'default', session: '', expires_at: null }).ticket;
}
