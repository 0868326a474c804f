/** Bounds of the wire, the same on both ends. Sizes in bytes, times in milliseconds unless the name says otherwise. */
export const LIMITS = {
  /** Largest WebSocket frame in either direction (P1). */
  frame_bytes: 65_536,
  /** A hello must arrive within this time of the upgrade. */
  hello_ms: 3_000,
  /** How often the server asks for a sign of life (P1, L1). */
  heartbeat_ms: 30_000,
  /** A client that has sent something within this time need not answer a heartbeat: the server has heard of it. */
  answer_after_ms: 35_000,
  /** Silence that ends a session (P1, L1). */
  timeout_ms: 90_000,
  /** A write unfinished after this time closes the connection (P1). */
  write_ms: 10_000,
  /** A round of long polling is answered after this time at the latest (P2). */
  poll_ms: 1_000,
  /** Frames that one request of a fallback transport may carry. */
  frames_at_once: 32,
  /** Operations a delta sync answers at the most (O4). */
  sync_operations: 500,
  /** How often a connected client checks its replicated state (O4). */
  sync_ms: 30_000,
  /** Age from which a replica's position may be forgotten: it then takes a full state. Longer than an outbox lives. */
  sync_horizon_ms: 8 * 86_400_000,
  /** Entries a page of history holds at the most. */
  page: 100,
  /** Conversations one connection may be subscribed to. */
  subscriptions: 200,
  /** Inbox entries after which a client acknowledges. */
  ack_every: 32,
  /** Time after which a client acknowledges fewer than `ack_every` entries too. */
  ack_ms: 1_000,
  /** Messages written offline: how many may wait (O2). */
  outbox_entries: 1_000,
  /** Messages written offline: how long they may wait (O2). */
  outbox_ms: 7 * 86_400_000,
  /** The outbox drains under its own allowance of `outbox_entries` in this time (M6). */
  outbox_drain_ms: 60_000,
  /** Envelope ids are unique per sender for this long, and older ones are refused (M5). */
  id_age_ms: 8 * 86_400_000,
  /** How far in the future an envelope's id may lie. */
  id_ahead_ms: 60_000,
  /** Mentions in one message. */
  mentions: 20,
  /** Files in one message. */
  attachments: 10,
  /** The name of a file, in UTF-8: ten descriptors then leave room for text. */
  attachment_name_bytes: 120,
  /** A signed address for the bytes of a file is good for this long (G2). */
  attachment_link_ms: 300_000,
  /** Largest chunk of an upload. */
  upload_chunk_bytes: 4_194_304,
  /** Smallest chunk of an upload, except its last; an upload is at most 1,000 chunks, which may ask for more. */
  upload_chunk_min_bytes: 65_536,
  /** Time to finish an upload, and then to make it part of a message. */
  upload_ms: 86_400_000,
  /** Nesting of any JSON a client sends. */
  json_depth: 16,
} as const;

/** The WebSocket subprotocol and the version it stands for. */
export const SUBPROTOCOL = 'konferenco-v1';

/** Of small pictures of files, and of words for what a file shows. Apart, so that programs without files do not carry them. */
export const PREVIEW_LIMITS = {
  /** Largest preview. */
  bytes: 16_384,
  /** Its longer side at the most. */
  pixels: 320,
  /** Characters of what a file shows. */
  alt_chars: 200,
} as const;
