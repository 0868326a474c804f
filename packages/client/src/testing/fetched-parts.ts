/**
 * What a client fetches when it needs it. Whatever runs a client in virtual time imports this file: fetching takes real
 * time, which virtual time does not wait for.
 */
import '../kept/open-kept.ts';
import '../more-history.ts';
import '../notes/shared-notes.ts';
import '../presence-told.ts';
import '../rest.ts';
import '../sync/open-replicated.ts';
import '../transport/fallback.ts';
