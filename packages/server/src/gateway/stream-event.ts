const encoder = new TextEncoder();

/** A comment: keeps what lies between from cutting a stream on which nothing is said. */
export const KEEP_ALIVE = encoder.encode(':\n\n');

/** A server frame as an event of a `text/event-stream`. JSON has no line breaks of its own. */
export function eventOf(frame: string): Uint8Array {
  return encoder.encode(`data: ${frame}\n\n`);
}

/** The end of a stream, with the code a WebSocket would be closed with. */
export function closeEvent(code: number, reason: string): Uint8Array {
  return encoder.encode(`event: close\ndata: ${JSON.stringify({ code, reason })}\n\n`);
}
