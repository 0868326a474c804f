import { type RefObject, useEffect, useRef, useState } from 'react';

/** Takes files that are dropped anywhere in the column of the form; true while some are held over it. */
export function useDrop(
  form: RefObject<HTMLFormElement | null>,
  add: ((files: readonly File[]) => void) | null,
): boolean {
  const [isOver, setOver] = useState(false);
  const taking = useRef(add);
  taking.current = add;
  useEffect(() => {
    const column = form.current?.parentElement;
    if (!column) return;
    const gone = new AbortController();
    const on = (name: 'dragover' | 'dragleave' | 'drop', fn: (event: DragEvent) => void): void =>
      column.addEventListener(name, fn, { signal: gone.signal });
    const hasFiles = (event: DragEvent): boolean =>
      taking.current !== null && (event.dataTransfer?.types.includes('Files') ?? false);
    on('dragover', (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    });
    on('dragleave', (event) => {
      if (!column.contains(event.relatedTarget as Node | null)) setOver(false);
    });
    on('drop', (event) => {
      setOver(false);
      if (!hasFiles(event)) return;
      event.preventDefault();
      taking.current?.([...(event.dataTransfer?.files ?? [])]);
    });
    return () => gone.abort();
  }, [form]);
  return isOver;
}
