import type { Authentication, Authenticator } from '@konferenco/core';
import type { Context } from './context.ts';
import { ensureDemoUser } from './people.ts';
import { Refused } from './refused.ts';
import type { TicketService } from './tickets.ts';
import type { TokenService } from './tokens.ts';

export interface AuthenticatorOptions {
  /** With `demoEvent` set, a bare name or number is taken as a token. */
  readonly context: Context;
  readonly tokens: TokenService;
  readonly tickets: TicketService;
}

/** Device of people who come by a bare name: the same every time, so that their inbox goes on where it was. */
const DEMO_DEVICE = 'default';
/** A JWT: three base64url parts, the first a JSON object. */
const JWT = /^eyJ[\w-]*\.[\w-]*\.[\w-]*$/;

/** Verifies what opens sockets and requests: tickets, access tokens, in demo mode bare names. */
export function createAuthenticator({ context, tokens, tickets }: AuthenticatorOptions): Authenticator {
  const unlessEnded = (authentication: Authentication): Authentication =>
    authentication.ok && tokens.endedRecently(authentication.identity.session)
      ? { ok: false, error: 'token_revoked' }
      : authentication;
  return {
    ticket(ticket) {
      const authentication = tickets.verify(ticket);
      return authentication instanceof Promise ? authentication.then(unlessEnded) : unlessEnded(authentication);
    },
    async token(token) {
      if (context.demoEvent === undefined || JWT.test(token)) return tokens.verify(token);
      return demoIdentity(context, token);
    },
  };
}

async function demoIdentity(context: Context, name: string): Promise<Authentication> {
  try {
    const user = await ensureDemoUser(context, name);
    return { ok: true, identity: { user, device: DEMO_DEVICE, session: '', expires_at: null } };
  } catch (error) {
    if (error instanceof Refused)
      return { ok: false, error: error.error === 'invalid' ? 'token_invalid' : error.error };
    throw error;
  }
}
