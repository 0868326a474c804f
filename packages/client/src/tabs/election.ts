/** Unanswered words after which an owner is taken to be frozen: with one every {@link PULSE_MS}, after some 6 s. */
export const SILENCES_MAX = 3;
/** After this many nobody waits for another tab's takeover any more: that tab may be frozen too. */
export const SILENCES_DESPERATE = 12;
/** How often a tab without the connection asks its owner for a sign of life. */
export const PULSE_MS = 1_500;
/** A tab from which the connection is taken this often in a row, while it heard nobody, shares locks with tabs that it cannot hear: it stays by itself. */
export const THEFTS_MAX = 3;

/**
 * A tab's part in sharing. Who owns the connection only decides through whom frames go: should two tabs think that
 * they own it for a moment, there are two connections for a moment, each of them a whole one.
 */
export type ElectionState =
  | { readonly kind: 'idle' }
  /** Has asked for the lock and looks for its holder. */
  | { readonly kind: 'seeking'; readonly silences: number; readonly thefts: number }
  | { readonly kind: 'following'; readonly owner: string; readonly silences: number; readonly thefts: number }
  | { readonly kind: 'owning'; readonly thefts: number }
  /** The page is about to be frozen or kept for "back": it may not hold what others need. */
  | { readonly kind: 'suspended'; readonly wants: boolean; readonly thefts: number }
  /** Sharing does not work here: every socket is a connection of its own. */
  | { readonly kind: 'alone' }
  | { readonly kind: 'closed' };

export type ElectionInput =
  /** The tab wants a connection. */
  | { readonly kind: 'want' }
  /** The lock is ours. */
  | { readonly kind: 'granted' }
  /** Another tab has taken the lock away. `deaf`: in a term long enough for it, nobody was heard. */
  | { readonly kind: 'stolen'; readonly deaf: boolean }
  /** There are no locks here. */
  | { readonly kind: 'unavailable' }
  /** A tab says that it owns the connection; `toAll` when it has just taken office. */
  | { readonly kind: 'owner'; readonly owner: string; readonly toAll: boolean }
  | { readonly kind: 'pong'; readonly owner: string }
  | { readonly kind: 'retired'; readonly owner: string }
  /** {@link PULSE_MS} have passed. */
  | { readonly kind: 'pulse' }
  /** No other tab is taking over, and a last question has had {@link PULSE_MS} for its answer. */
  | { readonly kind: 'may_take_over' }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'close' };

export type ElectionEffect =
  /** Join the tabs and queue for the lock. */
  | { readonly kind: 'request' }
  /** Queue for the lock again. */
  | { readonly kind: 'queue' }
  /** Leave the queue, or give the lock back. */
  | { readonly kind: 'release' }
  | { readonly kind: 'seek' }
  | { readonly kind: 'ping'; readonly owner: string }
  /** Make sure that nobody else takes over, ask once more, then say `may_take_over`. */
  | { readonly kind: 'prepare' }
  /** Take the lock from its holder. */
  | { readonly kind: 'steal' }
  /** Take office. */
  | { readonly kind: 'start' }
  /** Leave office: the connection and all that hang on it close. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'follow'; readonly owner: string }
  /** The owner is no more: what hangs on it closes. */
  | { readonly kind: 'unfollow' }
  | { readonly kind: 'go_alone' };

export interface ElectionStep {
  readonly state: ElectionState;
  readonly effects: readonly ElectionEffect[];
}

const stay = (state: ElectionState): ElectionStep => ({ state, effects: [] });

/** The tab's next part, and what has to be done about it. */
export function elect(state: ElectionState, input: ElectionInput): ElectionStep {
  switch (state.kind) {
    case 'idle':
      return idle(state, input);
    case 'seeking':
      return seeking(state, input);
    case 'following':
      return following(state, input);
    case 'owning':
      return owning(state, input);
    case 'suspended':
      return suspended(state, input);
    case 'alone':
      return input.kind === 'close' ? { state: { kind: 'closed' }, effects: [{ kind: 'release' }] } : stay(state);
    case 'closed':
      return stay(state);
  }
}

function seek(thefts: number, ...before: readonly ElectionEffect[]): ElectionStep {
  return { state: { kind: 'seeking', silences: 0, thefts }, effects: [...before, { kind: 'seek' }] };
}

function takeOver(silences: number): ElectionEffect[] {
  return [{ kind: silences < SILENCES_DESPERATE ? 'prepare' : 'steal' }];
}

function idle(state: ElectionState & { kind: 'idle' }, input: ElectionInput): ElectionStep {
  switch (input.kind) {
    case 'want':
      return seek(0, { kind: 'request' });
    case 'suspend':
      return stay({ kind: 'suspended', wants: false, thefts: 0 });
    case 'unavailable':
      return { state: { kind: 'alone' }, effects: [{ kind: 'go_alone' }] };
    case 'close':
      return stay({ kind: 'closed' });
    default:
      return stay(state);
  }
}

function seeking(state: ElectionState & { kind: 'seeking' }, input: ElectionInput): ElectionStep {
  const { silences, thefts } = state;
  switch (input.kind) {
    case 'granted':
      return { state: { kind: 'owning', thefts }, effects: [{ kind: 'start' }] };
    case 'owner':
      return {
        state: { kind: 'following', owner: input.owner, silences: 0, thefts },
        effects: [{ kind: 'follow', owner: input.owner }],
      };
    case 'pulse': {
      const next = silences + 1;
      const effects: ElectionEffect[] = next < SILENCES_MAX ? [{ kind: 'seek' }] : takeOver(next);
      return { state: { ...state, silences: next }, effects };
    }
    case 'may_take_over':
      return silences < SILENCES_MAX ? stay(state) : { state, effects: [{ kind: 'steal' }] };
    // Granted while this tab slept, and gone before it woke.
    case 'stolen':
      return { state, effects: [{ kind: 'queue' }] };
    case 'unavailable':
      return { state: { kind: 'alone' }, effects: [{ kind: 'go_alone' }] };
    case 'suspend':
      return { state: { kind: 'suspended', wants: true, thefts }, effects: [{ kind: 'release' }] };
    case 'close':
      return { state: { kind: 'closed' }, effects: [{ kind: 'release' }] };
    default:
      return stay(state);
  }
}

function following(state: ElectionState & { kind: 'following' }, input: ElectionInput): ElectionStep {
  const { owner, silences, thefts } = state;
  switch (input.kind) {
    case 'granted':
      return { state: { kind: 'owning', thefts }, effects: [{ kind: 'unfollow' }, { kind: 'start' }] };
    case 'owner':
      if (input.owner === owner) return stay({ ...state, silences: 0 });
      // An answer to an old question may still come from who has lost the lock and does not know it yet.
      if (!input.toAll) return stay(state);
      return {
        state: { kind: 'following', owner: input.owner, silences: 0, thefts },
        effects: [{ kind: 'unfollow' }, { kind: 'follow', owner: input.owner }],
      };
    case 'pong':
      return stay(input.owner === owner ? { ...state, silences: 0 } : state);
    case 'retired':
      return input.owner === owner ? seek(thefts, { kind: 'unfollow' }) : stay(state);
    case 'pulse': {
      const effects: ElectionEffect[] = silences < SILENCES_MAX ? [{ kind: 'ping', owner }] : takeOver(silences);
      return { state: { ...state, silences: silences + 1 }, effects };
    }
    case 'may_take_over':
      return silences <= SILENCES_MAX ? stay(state) : { state, effects: [{ kind: 'steal' }] };
    case 'stolen':
      return { state, effects: [{ kind: 'queue' }] };
    case 'unavailable':
      return { state: { kind: 'alone' }, effects: [{ kind: 'unfollow' }, { kind: 'go_alone' }] };
    case 'suspend':
      return {
        state: { kind: 'suspended', wants: true, thefts },
        effects: [{ kind: 'unfollow' }, { kind: 'release' }],
      };
    case 'close':
      return { state: { kind: 'closed' }, effects: [{ kind: 'unfollow' }, { kind: 'release' }] };
    default:
      return stay(state);
  }
}

function owning(state: ElectionState & { kind: 'owning' }, input: ElectionInput): ElectionStep {
  switch (input.kind) {
    case 'stolen': {
      const thefts = input.deaf ? state.thefts + 1 : 0;
      if (thefts < THEFTS_MAX) return seek(thefts, { kind: 'stop' }, { kind: 'request' });
      return { state: { kind: 'alone' }, effects: [{ kind: 'stop' }, { kind: 'release' }, { kind: 'go_alone' }] };
    }
    case 'suspend':
      return {
        state: { kind: 'suspended', wants: true, thefts: state.thefts },
        effects: [{ kind: 'stop' }, { kind: 'release' }],
      };
    case 'close':
      return { state: { kind: 'closed' }, effects: [{ kind: 'stop' }, { kind: 'release' }] };
    default:
      return stay(state);
  }
}

function suspended(state: ElectionState & { kind: 'suspended' }, input: ElectionInput): ElectionStep {
  switch (input.kind) {
    case 'want':
      return stay({ ...state, wants: true });
    case 'resume':
      if (!state.wants) return stay({ kind: 'idle' });
      return seek(state.thefts, { kind: 'request' });
    case 'close':
      return stay({ kind: 'closed' });
    default:
      return stay(state);
  }
}
