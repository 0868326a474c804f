const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The content of every `<name>` element, entities resolved; what S3 answers is flat and without attributes there. */
export function elements(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, 'g'))].map(([, content = '']) => content);
}

/** The text of the first `<name>` element; empty when there is none. */
export function textOf(xml: string, name: string): string {
  const [content = ''] = elements(xml, name);
  return content.replace(/&(?:#(\d+)|(\w+));/g, (whole, code: string | undefined, entity: string | undefined) =>
    code === undefined ? (ENTITIES[entity ?? ''] ?? whole) : String.fromCodePoint(Number(code)),
  );
}
