/** What a client fetches when it needs it: fetching takes real time, which a run in virtual time has none of. */
export async function fetchParts(): Promise<void> {
  await Promise.all([
    import('../../packages/client/src/kept/open-kept.ts'),
    import('../../packages/client/src/more-history.ts'),
    import('../../packages/client/src/presence-told.ts'),
    import('../../packages/client/src/rest.ts'),
    import('../../packages/client/src/notes/shared-notes.ts'),
    import('../../packages/client/src/sync/open-replicated.ts'),
    import('../../packages/client/src/transport/fallback.ts'),
  ]);
}
