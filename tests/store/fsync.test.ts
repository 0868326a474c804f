import { expect, test } from 'bun:test';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseOutput, startWriter, temporaryDirectory } from './support.ts';

interface Call {
  readonly thread: string;
  readonly name: string;
  /** Seconds since 1970 at entry and at return. */
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** Reads `strace -f -ttt -T -y` output: one finished call a line, or an unfinished one and its resumption. */
function parseTrace(trace: string): Call[] {
  const calls: Call[] = [];
  const open = new Map<string, { name: string; from: number; text: string }>();
  for (const line of trace.split('\n')) {
    const match = /^(\d+)\s+(\d+\.\d+) (.*)$/.exec(line);
    if (!match) continue;
    const [, thread = '', time = '', text = ''] = match;
    const took = Number(/<(\d+\.\d+)>$/.exec(text)?.[1] ?? 0);
    const resumed = /^<\.\.\. (\w+) resumed>/.exec(text);
    if (text.endsWith('<unfinished ...>'))
      open.set(thread, { name: text.slice(0, text.indexOf('(')), from: Number(time), text });
    else if (resumed) {
      const start = open.get(thread);
      if (start) calls.push({ thread, name: start.name, from: start.from, to: start.from + took, text: start.text });
      open.delete(thread);
    } else
      calls.push({ thread, name: text.slice(0, text.indexOf('(')), from: Number(time), to: Number(time) + took, text });
  }
  return calls;
}

// proves DL-1
test('no commit is acknowledged before fdatasync of the write-ahead log has returned', async () => {
  if (!Bun.which('strace')) {
    throw new Error(
      'this test watches system calls and needs strace: install it with `apt-get install strace` (Debian package strace)',
    );
  }
  const dir = await temporaryDirectory();
  const traceFile = join(dir, 'trace.txt');
  const before = [
    'strace',
    '-f',
    '-ttt',
    '-T',
    '-y',
    '-s',
    '200',
    '-e',
    'trace=fdatasync,fsync,write,pwrite64,sendto',
    '-o',
    traceFile,
  ];
  const writer = startWriter(join(dir, 'store'), { writers: 1, stopAfter: 12, before });
  const { acknowledged } = parseOutput(await new Response(writer.stdout).text());
  expect(await writer.exited).toBe(0);
  expect(acknowledged.length).toBe(12);

  const calls = parseTrace(await readFile(traceFile, 'utf8'));
  const syncs = calls.filter((call) => /^f(data)?sync$/.test(call.name) && call.text.includes('log.db-wal'));
  const walWrites = calls.filter((call) => call.name === 'pwrite64' && call.text.includes('log.db-wal'));
  let previous = 0;
  for (const { id } of acknowledged) {
    const printed = calls.find(
      (call) => call.name === 'write' && call.text.includes(id) && call.text.startsWith('write(1'),
    );
    if (!printed) throw new Error(`the trace does not show the acknowledgement of ${id}`);
    const lastWrite = walWrites.filter((call) => call.from > previous && call.from < printed.from).at(-1);
    expect(lastWrite).toBeDefined();
    const sync = syncs.find((call) => call.from >= (lastWrite?.to ?? 0) && call.to <= printed.from);
    expect(sync).toBeDefined();
    previous = printed.to;
  }
  await rm(dir, { recursive: true });
}, 120_000);
