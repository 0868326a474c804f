import { SEQ_BLOCK } from './seq-block.ts';

/** SQLSTATE of a batch that the function cannot write: the database is not as the caller knew it. */
export const OBSTACLE = 'KF001';
/** SQLSTATE of a batch from a node that knew another epoch. */
export const OTHER_EPOCH = 'KF002';
/** SQLSTATE of a batch whose writer has no row any more, or whose session does not have it any more. */
export const NO_WRITER = 'KF003';
/** SQLSTATE of a batch that was sent behind one that took no effect. */
export const SKIPPED = 'KF004';

/**
 * Appends entries and pointers to logs in one call, so that no log is ever locked while a node thinks or a message travels.
 *
 * Logs are locked in the order of their names, as everybody does. `place` is an index into `log_names`, from 1; `rank` counts
 * from 1 within its log over the batch; `additions` says by how much each log grows. Numbers are taken while the logs are
 * locked, so they rise with the offsets of each. The batch moves its writer's row from the one it was sent behind to itself, or
 * fails; store time goes on from that one too. Returns the store time, Unix ms, and the heads the logs had. An id that is stored
 * already violates `entries_id` and fails the batch.
 */
export const APPEND_FUNCTION = `
CREATE FUNCTION append_batch(
  writer_name text, known_term bigint, batch_behind bigint, batch_number bigint, known_epoch text, now_ms bigint, log_names text[], additions int[],
  ids uuid[], senders text[], places int[], ranks int[], expiries bigint[], crcs bigint[], threads text[], texts text[],
  bodies text[], inbox_places text[],
  pointer_entries int[], pointer_places int[], pointer_ranks int[], pointer_reasons int[], pointer_crcs bigint[])
RETURNS TABLE(stored_at float8, old_heads text) LANGUAGE plpgsql AS $$
DECLARE
  log_ids bigint[];
  heads bigint[];
  blocks bigint[];
  stamp bigint;
BEGIN
  IF NOT EXISTS(SELECT FROM meta WHERE epoch = known_epoch) THEN RAISE SQLSTATE '${OTHER_EPOCH}'; END IF;
  SELECT array_agg(l.id ORDER BY l.place), array_agg(l.head ORDER BY l.place),
      greatest(now_ms, max(l.at), (SELECT w.at FROM writers w WHERE w.writer = writer_name))
    INTO log_ids, heads, stamp
    FROM (SELECT logs.id, logs.head, logs.at, t.place
      FROM unnest(log_names) WITH ORDINALITY AS t(name, place) JOIN logs ON logs.name = t.name COLLATE "C"
      ORDER BY logs.name FOR NO KEY UPDATE OF logs) AS l;
  IF cardinality(log_ids) IS DISTINCT FROM cardinality(log_names) THEN RAISE SQLSTATE '${OBSTACLE}'; END IF;
  UPDATE writers SET batch = batch_number, at = stamp, seen = now()
    WHERE writer = writer_name AND term = known_term AND batch = batch_behind;
  IF NOT FOUND THEN
    IF EXISTS(SELECT FROM writers WHERE writer = writer_name AND term = known_term) THEN RAISE SQLSTATE '${SKIPPED}'; END IF;
    RAISE SQLSTATE '${NO_WRITER}';
  END IF;
  SELECT array_agg(nextval('entry_seq')) INTO blocks
    FROM generate_series(1, (cardinality(ids) + ${SEQ_BLOCK - 1}) / ${SEQ_BLOCK});
  INSERT INTO entries(id, sender, seq, log, off, at, expires, crc, gone, thread, text, body, inboxes)
    SELECT t.id, t.sender, n.seq, log_ids[t.place], n.off, stamp, t.expires, placed_crc(t.crc, n.seq, n.off, stamp), 0,
      t.thread, t.text, t.body,
      CASE WHEN t.inboxes IS NOT NULL THEN (SELECT array_agg(log_ids[i]) FROM unnest(t.inboxes::int[]) AS i) END
    FROM unnest(ids, senders, places, ranks, expiries, crcs, threads, texts, bodies, inbox_places) WITH ORDINALITY
        AS t(id, sender, place, rank, expires, crc, thread, text, body, inboxes, nth),
      LATERAL (SELECT blocks[(1 + (t.nth - 1) / ${SEQ_BLOCK})::int] + (t.nth - 1) % ${SEQ_BLOCK} AS seq,
        heads[t.place] + t.rank AS off) AS n
    ORDER BY t.id, t.sender;
  IF cardinality(pointer_entries) > 0 THEN
    INSERT INTO pointers(id, seq, inbox, off, crc, reason)
      SELECT ids[t.nth], n.seq, log_ids[t.place], n.off, placed_crc(t.crc, n.seq, n.off, 0), t.reason
      FROM unnest(pointer_entries, pointer_places, pointer_ranks, pointer_reasons, pointer_crcs)
          AS t(nth, place, rank, reason, crc),
        LATERAL (SELECT blocks[(1 + (t.nth - 1) / ${SEQ_BLOCK})::int] + (t.nth - 1) % ${SEQ_BLOCK} AS seq,
          heads[t.place] + t.rank AS off) AS n;
  END IF;
  UPDATE logs SET head = t.head + t.added, at = stamp
    FROM unnest(log_ids, heads, additions) AS t(id, head, added) WHERE logs.id = t.id;
  RETURN QUERY SELECT stamp::float8, heads::text;
END
$$`;
