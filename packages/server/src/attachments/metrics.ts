import { Counter, type Registry } from 'prom-client';

/** What an operator can watch of uploads and files. */
export interface AttachmentMetrics {
  /** Bytes of chunks taken, and of files served by this server itself. */
  bytes(direction: 'in' | 'out', count: number): void;
  upload(outcome: 'begun' | 'completed' | 'cancelled' | 'abandoned'): void;
  refused(error: string): void;
  link(): void;
  /** A file whose bytes were deleted, or an object that belonged to nothing. */
  removed(what: 'attachment' | 'orphan'): void;
}

/** Counts in `registry`. */
export function createAttachmentMetrics(registry: Registry): AttachmentMetrics {
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name, help, labelNames: [...labelNames], registers: [registry] });
  const bytes = counter('konferenco_attachment_bytes_total', 'Bytes of files taken in and served, by direction.', [
    'direction',
  ]);
  const uploads = counter('konferenco_uploads_total', 'Uploads by what became of them.', ['outcome']);
  const refusals = counter('konferenco_upload_refusals_total', 'Requests about files refused, by error name.', [
    'error',
  ]);
  const links = counter('konferenco_attachment_links_total', 'Signed addresses given out.', []);
  const removed = counter('konferenco_attachments_removed_total', 'Objects deleted because nothing needs them.', [
    'what',
  ]);
  return {
    bytes: (direction, count) => bytes.inc({ direction }, count),
    upload: (outcome) => uploads.inc({ outcome }),
    refused: (error) => refusals.inc({ error }),
    link: () => links.inc(),
    removed: (what) => removed.inc({ what }),
  };
}
