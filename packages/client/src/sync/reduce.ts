import type { DocumentKey, DocumentState } from '@konferenco/core';
import { applyOperation, documentsOf } from '@konferenco/core/sync/documents';
import type { Envelope, SyncNamespace } from '@konferenco/protocol';
import type { Reduce } from './scope-state.ts';

/** What operations do to one person's documents of a namespace. */
export function reducerOf(namespace: SyncNamespace, me: string): Reduce {
  return (documents, envelopes) => {
    let after: Map<DocumentKey, DocumentState> | null = null;
    for (const envelope of envelopes) {
      for (const { key } of keysOf(namespace, envelope, me)) {
        after ??= new Map(documents);
        after.set(key, applyOperation(key, after.get(key) ?? null, envelope));
      }
    }
    return after ?? documents;
  };
}

function keysOf(namespace: SyncNamespace, envelope: Envelope, me: string) {
  return documentsOf(envelope, me).filter((name) => name.namespace === namespace);
}
