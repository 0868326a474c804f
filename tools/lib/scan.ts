/**
 * A small scanner for TypeScript: blanks out what is not code, keeping every line and column, so that plain pattern
 * matching on the result sees neither comments nor (optionally) string contents.
 */

type Keep = 'code' | 'code_and_strings';

/** The source with comments, template texts and regular expressions as spaces; strings too, unless they are kept. */
export function maskSource(source: string, keep: Keep = 'code'): string {
  const out = source.split('');
  const blank = (from: number, to: number) => {
    for (let i = from; i < to; i++) if (out[i] !== '\n') out[i] = ' ';
  };
  /** Depth of braces at which each open template expression ends. */
  const templates: number[] = [];
  let depth = 0;
  let at = 0;
  while (at < source.length) {
    const char = source.charAt(at);
    const two = source.slice(at, at + 2);
    if (two === '//') at = skip(at, lineEnd(source, at), blank);
    else if (two === '/*') at = skip(at, after(source, '*/', at + 2), blank);
    else if (char === "'" || char === '"') {
      const end = stringEnd(source, at);
      at = keep === 'code' ? skip(at + 1, end - 1, blank) + 1 : end;
    } else if (char === '`' || (char === '}' && templates.at(-1) === depth)) {
      if (char === '}') templates.pop();
      const end = templateEnd(source, at + 1);
      blank(at + 1, end.at);
      if (end.expression) templates.push(depth);
      at = end.at + (end.expression ? 2 : 1);
    } else if (char === '/' && startsRegex(source, at)) {
      at = skip(at, regexEnd(source, at), blank);
    } else {
      if (char === '{') depth++;
      if (char === '}') depth--;
      at++;
    }
  }
  return out.join('');
}

function skip(from: number, to: number, blank: (from: number, to: number) => void): number {
  blank(from, to);
  return to;
}

function lineEnd(source: string, from: number): number {
  const end = source.indexOf('\n', from);
  return end < 0 ? source.length : end;
}

function after(source: string, text: string, from: number): number {
  const found = source.indexOf(text, from);
  return found < 0 ? source.length : found + text.length;
}

/** The index just after the closing quote; an unclosed string ends with its line. */
function stringEnd(source: string, from: number): number {
  const quote = source[from];
  for (let i = from + 1; i < source.length; i++) {
    if (source[i] === '\\') i++;
    else if (source[i] === quote) return i + 1;
    else if (source[i] === '\n') return i;
  }
  return source.length;
}

/** Where a template's text ends: at the closing backtick or at `${`. */
function templateEnd(source: string, from: number): { at: number; expression: boolean } {
  for (let i = from; i < source.length; i++) {
    if (source[i] === '\\') i++;
    else if (source[i] === '`') return { at: i, expression: false };
    else if (source[i] === '$' && source[i + 1] === '{') return { at: i, expression: true };
  }
  return { at: source.length, expression: false };
}

/** A slash begins a regular expression where a value may begin; after a value it divides, after `<` it closes a tag. */
function startsRegex(source: string, at: number): boolean {
  const before = source.slice(Math.max(0, at - 40), at).trimEnd();
  if (before === '' || /\b(return|typeof|case|in|of|throw|await)$/.test(before)) return true;
  return /[=(,:;!&|?[{}+~^%*]$|=>$/.test(before);
}

function regexEnd(source: string, from: number): number {
  let inClass = false;
  for (let i = from + 1; i < source.length; i++) {
    const char = source[i];
    if (char === '\\') i++;
    else if (char === '\n') return from + 1;
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '/' && !inClass) return i + 1;
  }
  return from + 1;
}

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** `import type` or `export type`: gone at run time. */
  readonly typeOnly: boolean;
}

const STATIC = /\b(?:import|export)\s+(type\s+)?(?:[\w$*{},\s]*?)\bfrom\s*(['"])([^'"\n]+)\2/g;
const BARE = /(?:^|[;\n])\s*import\s*(['"])([^'"\n]+)\1/g;
const DYNAMIC = /\bimport\s*\(\s*(['"])([^'"\n]+)\1/g;
const ADDRESS = /\bnew\s+URL\(\s*(['"])(\.[^'"\n]+\.tsx?)\1\s*,\s*import\.meta\.url/g;

/** Every module a file names: static imports (types too), re-exports, dynamic imports and worker addresses. */
export function importsOf(source: string): Import[] {
  const text = maskSource(source, 'code_and_strings');
  const lineOf = (index: number) => text.slice(0, index).split('\n').length;
  const found: Import[] = [];
  for (const match of text.matchAll(STATIC)) {
    found.push({ specifier: match[3] ?? '', line: lineOf(match.index), typeOnly: match[1] !== undefined });
  }
  for (const pattern of [BARE, DYNAMIC, ADDRESS]) {
    for (const match of text.matchAll(pattern)) {
      found.push({ specifier: match[2] ?? '', line: lineOf(match.index + match[0].search(/\S/)), typeOnly: false });
    }
  }
  return found.sort((a, b) => a.line - b.line);
}

export interface FunctionSpan {
  readonly name: string;
  readonly line: number;
  /** Lines from the opening to the closing brace that belong to this function and to none inside it. */
  readonly ownLines: number;
}

/** Functions with a body in braces and how long each is by itself. Approximate: it reads braces, not a syntax tree. */
export function functionsOf(source: string): FunctionSpan[] {
  const text = maskSource(source);
  const lines: number[] = [];
  let line = 1;
  for (const char of text) {
    lines.push(line);
    if (char === '\n') line++;
  }
  const open: { start: number; name: string | null; inner: number }[] = [];
  const found: FunctionSpan[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '{') open.push({ start: at, name: functionName(text.slice(0, at)), inner: 0 });
    if (text[at] !== '}') continue;
    const block = open.pop();
    if (!block || block.name === null) continue;
    const startLine = lines[block.start] ?? 1;
    const length = (lines[at] ?? startLine) - startLine + 1;
    found.push({ name: block.name, line: startLine, ownLines: length - block.inner });
    const outer = open.findLast((candidate) => candidate.name !== null);
    if (outer) outer.inner += Math.max(0, length - 1);
  }
  return found.sort((a, b) => a.line - b.line);
}

const STATEMENT = /\b(?:if|for|while|switch|catch|with)\s*(?:await\s*)?$/;

/** The name of the function whose body opens right after `before`; `null` when that brace opens something else. */
function functionName(before: string): string | null {
  const near = before.slice(-600).trimEnd();
  if (near.endsWith('=>'))
    return /([\w$]+)\s*[:=]\s*(?:async\s*)?(?:<[^>]*>)?\(?[^=;{}]*=>$/.exec(near)?.[1] ?? 'arrow function';
  const close = /\)(?:\s*:\s*[\w$.<>[\]|&,\s'"]+)?$/.exec(near);
  if (!close) return null;
  const head = near.slice(0, matchingParenthesis(near, close.index));
  if (STATEMENT.test(head)) return null;
  return /([\w$#]+)\s*(?:<[^()]*>)?\s*$/.exec(head)?.[1] ?? 'function';
}

function matchingParenthesis(text: string, close: number): number {
  let depth = 0;
  for (let i = close; i >= 0; i--) {
    if (text[i] === ')') depth++;
    if (text[i] === '(' && --depth === 0) return i;
  }
  return 0;
}
