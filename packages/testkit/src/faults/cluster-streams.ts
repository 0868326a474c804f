import { SQL } from 'bun';

/** Of what is stored, what the stream of chats takes. */
const STORED = "SELECT count(*)::int AS count FROM konferenco.entries WHERE body::json->>'type' IN ('chat', 'alert')";

interface View {
  readonly streams: { readonly reports: readonly { readonly name: string; readonly messages: number }[] } | null;
}

/**
 * Compares the stream of chats with the store.
 *
 * @param node base address of one that is asked for its view.
 * @returns what is wrong, in words; `null` when the stream holds as many messages as are stored.
 */
export async function streamFault(postgres: string, node: string): Promise<string | null> {
  const sql = new SQL({ url: postgres, max: 1 });
  try {
    const [row] = (await sql.unsafe(STORED)) as { readonly count: number }[];
    const { streams } = (await (await fetch(new URL('/topology', node))).json()) as View;
    const streamed = streams?.reports.find(({ name }) => name === 'CHAT')?.messages;
    if (streamed === row?.count) return null;
    return `the stream of chats holds ${streamed ?? 'nobody knows how many'} messages, the store ${row?.count}`;
  } finally {
    await sql.close();
  }
}
