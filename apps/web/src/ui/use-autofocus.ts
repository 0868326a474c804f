import { type RefObject, useEffect, useRef } from 'react';

/** Gives focus to a field when its screen opens: only where writing in it is what the screen is for. */
export function useAutofocus(): RefObject<HTMLInputElement | null> {
  const ref = useRef<HTMLInputElement>(null);
  useEffect(() => ref.current?.focus(), []);
  return ref;
}
