import { join } from 'node:path';
import * as schemas from '../packages/protocol/src/schema/index.ts';
import { ROOT, readText, report } from './lib/files.ts';
import { asyncApi } from './reference/asyncapi.ts';
import { exportedComments, memberComments } from './reference/doc-comments.ts';
import { openApi } from './reference/openapi.ts';
import { codesPage, configPage, framesPage, limitsPage, type OptionRow, taxonomyPage } from './reference/pages.ts';

/** Writes docs/reference from the tables the program itself reads; `--check` only compares. */

const FOLDER = 'docs/reference';
const PROTOCOL = 'packages/protocol/src';
const OPTIONS_FILE = 'packages/server/src/config/options.ts';

/** Every generated file and its text. */
async function generate(): Promise<ReadonlyMap<string, string>> {
  const { version } = JSON.parse(await readText(join(ROOT, 'package.json'))) as { version: string };
  const docs = await schemaComments();
  const limits = memberComments(await readText(join(ROOT, PROTOCOL, 'limits.ts')));
  const { OPTIONS } = (await import(join(ROOT, OPTIONS_FILE))) as { OPTIONS: Readonly<Record<string, OptionRow>> };
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  return new Map([
    ['asyncapi.json', json(asyncApi(version, docs))],
    ['openapi.json', json(openApi(version))],
    ['frames.md', framesPage(docs)],
    ['codes.md', codesPage()],
    ['taxonomy.md', taxonomyPage()],
    ['limits.md', limitsPage(limits)],
    ['config.md', configPage(OPTIONS)],
  ]);
}

/** The schemas' comments by the names the reference uses: the comment above `Hello` describes `client.hello`. */
async function schemaComments(): Promise<ReadonlyMap<string, string>> {
  const comments = new Map<string, string>();
  for (const file of ['client-frame', 'server-frame', 'payload']) {
    for (const [name, text] of exportedComments(await readText(join(ROOT, PROTOCOL, 'schema', `${file}.ts`))))
      comments.set(name, text);
  }
  const groups: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    client: schemas.CLIENT_FRAMES,
    server: schemas.SERVER_FRAMES,
    payload: schemas.PAYLOADS,
    short: { ...schemas.SHORT_FRAMES, message: schemas.ShortMessage },
  };
  const docs = new Map<string, string>();
  for (const [group, members] of Object.entries(groups)) {
    for (const [name, schema] of Object.entries(members)) {
      const declared = Object.entries(schemas).find(([, value]) => value === schema)?.[0];
      const text = declared === undefined ? undefined : comments.get(declared);
      if (text !== undefined) docs.set(`${group}.${name}`, text);
    }
  }
  return docs;
}

const check = process.argv.includes('--check');
const outdated: string[] = [];
for (const [name, text] of await generate()) {
  const path = join(ROOT, FOLDER, name);
  const present = (await Bun.file(path).exists()) ? await readText(path) : null;
  if (present === text) continue;
  outdated.push(`${FOLDER}/${name} is not what the sources say: run npm run generate`);
  if (!check) await Bun.write(path, text);
}
if (check) report('reference', outdated, 'every page matches its source');
else console.log(outdated.length === 0 ? 'Nothing changed.' : `Wrote ${outdated.length} files to ${FOLDER}.`);
