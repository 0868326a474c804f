// biome-ignore-all lint/suspicious/noArrayIndexKey: the pieces of a text are known by their place in it

/** A search snippet whose matches stand between U+0002 and U+0003. */
export function Snippet({ text }: { readonly text: string }) {
  return (
    <span dir="auto">
      {matchParts(text).map(({ text: part, match }, i) =>
        match ? <mark key={i}>{part}</mark> : <span key={i}>{part}</span>,
      )}
    </span>
  );
}

/** The pieces of a snippet, in order, without the marking characters. */
export function matchParts(snippet: string): readonly { readonly text: string; readonly match: boolean }[] {
  return snippet.split('\u0002').flatMap((piece, i) => {
    if (i === 0) return piece === '' ? [] : [{ text: piece, match: false }];
    const [match = '', rest = ''] = piece.split('\u0003');
    return [{ text: match, match: true }, ...(rest === '' ? [] : [{ text: rest, match: false }])];
  });
}
