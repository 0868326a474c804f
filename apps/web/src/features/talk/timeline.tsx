import type { TimelineEntry, TimelineGap } from '@konferenco/client';
import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual';
import { ArrowDown } from 'lucide-react';
import {
  type ReactNode,
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { useApp, useLocale } from '../../state/app.ts';
import { buildRows, type Row } from './rows.ts';
import { MessageRow } from './message-row.tsx';
import type { ScrollMemory } from '../../state/scroll-memory.ts';
import { DayRow, GapRow, NewRow, OlderRow, StartRow } from './separators.tsx';

interface TimelineProps {
  readonly label: string;
  readonly timeline: readonly TimelineEntry[];
  readonly hasOlder: boolean | null;
  readonly loading: boolean;
  /** Read up to here when it was opened: the line above what is new. */
  readonly read: number | null;
  readonly unread: number;
  /** A message to bring into view and mark. */
  readonly target: string | null;
  /** Where the list stood when it was last left. */
  readonly memory?: ScrollMemory;
  readonly empty: ReactNode;
  /** `asked`: the person did, rather than the list coming near its beginning. */
  readonly loadOlder: (asked: boolean) => void;
  readonly fill: (gap: TimelineGap) => void;
  /** The newest message is in view and the page is being looked at. */
  readonly onSeen: () => void;
}

type Scroller = Virtualizer<HTMLDivElement, HTMLLIElement>;

const ESTIMATED_ROW_PX = 56;
/** Nearer to the end than this counts as being there. */
const END_PX = 96;
/** Older pages are asked for when fewer rows than this are above the view. */
const AHEAD_ROWS = 12;

/** A virtualised timeline that keeps its place: at the end it follows, elsewhere nothing that loads moves what is read. */
export function Timeline(props: TimelineProps) {
  const { client } = useApp();
  const me = client.me?.id ?? '';
  const { timeline, hasOlder, read } = props;
  const rows = useMemo(() => buildRows(timeline, { me, hasOlder, read }), [timeline, me, hasOlder, read]);
  if (timeline.length === 0 && hasOlder !== true && !props.loading)
    return <div className="timeline">{props.empty}</div>;
  return <Rows {...props} rows={rows} />;
}

function Rows({ rows, ...props }: TimelineProps & { readonly rows: readonly Row[] }) {
  const { memory } = props;
  const ref = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState<string | null>(null);
  const [atEnd, setAtEnd] = useState(true);
  const offset = useRef<number | null>(null);
  const remembered = useRef(memory?.take() ?? null).current;
  const lastMessage = useMemo(() => rows.findLastIndex((r) => r.kind === 'message'), [rows]);
  const stop = useMemo(() => {
    const at = focused === null ? -1 : rows.findIndex((r) => r.key === focused);
    return at < 0 ? lastMessage : at;
  }, [rows, focused, lastMessage]);
  const stopRef = useRef(stop);
  stopRef.current = stop;

  const virtual: Scroller = useVirtualizer({
    count: rows.length,
    getScrollElement: () => ref.current,
    estimateSize: () => ESTIMATED_ROW_PX,
    getItemKey: useCallback((index: number) => rows[index]?.key ?? index, [rows]),
    // The row that has focus stays in the page, or focus would be lost by scrolling.
    rangeExtractor: ({ startIndex, endIndex, overscan, count }) => {
      const from = Math.max(0, startIndex - overscan);
      const to = Math.min(count - 1, endIndex + overscan);
      const range = Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
      const kept = stopRef.current;
      if (kept >= 0 && kept < from) range.unshift(kept);
      if (kept > to && kept < count) range.push(kept);
      return range;
    },
    overscan: 10,
    anchorTo: 'end',
    followOnAppend: true,
    scrollEndThreshold: END_PX,
    ...(remembered ? { initialOffset: remembered.offset, initialMeasurementsCache: [...remembered.measured] } : {}),
    onChange: (v) => {
      const end = v.isAtEnd(END_PX);
      setAtEnd(end);
      offset.current = end ? null : v.scrollOffset;
    },
  });

  useStart(virtual, rows, remembered === null && props.target === null);
  useTarget(virtual, rows, props.target);
  useOlder(virtual, props);
  useSeen(atEnd, rows, props.onSeen);
  useStayAtEnd(ref, () => offset.current === null);
  useFollow(virtual, rows, atEnd);
  useEffect(
    () => () =>
      memory?.keep(offset.current === null ? null : { offset: offset.current, measured: virtual.takeSnapshot() }),
    [memory, virtual],
  );

  const moveTo = (index: number): void => {
    const row = rows[index];
    if (row?.kind !== 'message') return;
    setFocused(row.key);
    virtual.scrollToIndex(index, { align: 'auto' });
    requestAnimationFrame(() =>
      ref.current
        ?.querySelector<HTMLElement>(`[data-message="${CSS.escape(row.key)}"]`)
        ?.focus({ preventScroll: true }),
    );
  };
  return (
    <div className="timeline-frame">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: it listens to keys of the messages inside, which are focusable */}
      <div
        className="timeline"
        ref={ref}
        onFocus={(event) => {
          const id = (event.target as Element).closest('[data-message]')?.getAttribute('data-message');
          if (id) setFocused(id);
        }}
        onKeyDown={(event) => onArrow(event, rows, stop, moveTo)}
      >
        <ol className="timeline-rows" aria-label={props.label} style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            return row ? (
              <li
                key={item.key}
                data-index={item.index}
                ref={virtual.measureElement}
                className="timeline-row"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <RowView
                  row={row}
                  focusable={item.index === stop}
                  target={props.target}
                  loading={props.loading}
                  props={props}
                />
              </li>
            ) : null;
          })}
        </ol>
      </div>
      {!atEnd && <JumpToNewest unread={props.unread} jump={() => virtual.scrollToEnd()} />}
    </div>
  );
}

interface RowViewProps {
  readonly row: Row;
  readonly focusable: boolean;
  readonly target: string | null;
  readonly loading: boolean;
  readonly props: TimelineProps;
}

function RowView({ row, focusable, target, loading, props }: RowViewProps) {
  switch (row.kind) {
    case 'message':
      return (
        <MessageRow message={row.message} first={row.first} focusable={focusable} highlighted={row.key === target} />
      );
    case 'day':
      return <DayRow at={row.at} />;
    case 'new':
      return <NewRow />;
    case 'gap':
      return <GapRow gap={row.gap} fill={props.fill} />;
    case 'older':
      return <OlderRow loading={loading} load={() => props.loadOlder(true)} />;
    case 'start':
      return <StartRow />;
  }
}

function onArrow(
  event: React.KeyboardEvent,
  rows: readonly Row[],
  stop: number,
  moveTo: (index: number) => void,
): void {
  const target = event.target as HTMLElement;
  if (!target.hasAttribute('data-message') || event.altKey || event.ctrlKey || event.metaKey) return;
  const step = { ArrowUp: -1, ArrowDown: 1, Home: -1, End: 1 }[event.key];
  if (step === undefined) return;
  const whole = event.key === 'Home' || event.key === 'End';
  let index = whole ? (step < 0 ? 0 : rows.length - 1) : stop + step;
  const inward = whole ? -step : step;
  while (rows[index] !== undefined && rows[index]?.kind !== 'message') index += inward;
  if (rows[index] === undefined) return;
  event.preventDefault();
  moveTo(index);
}

/** At first, the line above what is new if there is one, otherwise the end. */
function useStart(virtual: Scroller, rows: readonly Row[], wanted: boolean): void {
  const done = useRef(!wanted);
  useLayoutEffect(() => {
    if (done.current || !rows.some((r) => r.kind === 'message')) return;
    done.current = true;
    const line = rows.findIndex((r) => r.kind === 'new');
    if (line >= 0) virtual.scrollToIndex(line, { align: 'center' });
    else virtual.scrollToEnd();
  }, [rows, virtual]);
}

function useTarget(virtual: Scroller, rows: readonly Row[], target: string | null): void {
  const shown = useRef<string | null>(null);
  useEffect(() => {
    if (target === null) shown.current = null;
    if (target === null || shown.current === target) return;
    const index = rows.findIndex((r) => r.key === target);
    if (index < 0) return;
    shown.current = target;
    virtual.scrollToIndex(index, { align: 'center' });
  }, [rows, target, virtual]);
}

function useOlder(virtual: Scroller, { hasOlder, loading, loadOlder }: TimelineProps): void {
  const first = virtual.getVirtualItems().find((i) => i.index > 0)?.index;
  const near = first !== undefined && first <= AHEAD_ROWS;
  useEffect(() => {
    if (near && hasOlder === true && !loading) loadOlder(false);
  }, [near, hasOlder, loading, loadOlder]);
}

/** Where the end was in view it stays there when the frame changes its height: a line above it, a keyboard below. */
function useStayAtEnd(ref: RefObject<HTMLElement | null>, isAtEnd: () => boolean): void {
  const wanted = useRef(isAtEnd);
  wanted.current = isAtEnd;
  useEffect(() => {
    const list = ref.current;
    if (!list) return;
    let height = list.clientHeight;
    const observer = new ResizeObserver(() => {
      if (list.clientHeight !== height && wanted.current()) list.scrollTop = list.scrollHeight;
      height = list.clientHeight;
    });
    observer.observe(list);
    return () => observer.disconnect();
  }, [ref]);
}

/** Where the end was in view it stays there when a message that came late is put in above it. */
function useFollow(virtual: Scroller, rows: readonly Row[], atEnd: boolean): void {
  const before = useRef(rows);
  // biome-ignore lint/correctness/useExhaustiveDependencies: whether the end was in view before the rows changed
  useLayoutEffect(() => {
    const [was, is] = [before.current.at(-1)?.key, rows.at(-1)?.key];
    const isInserted = before.current !== rows && was === is && before.current.length < rows.length;
    before.current = rows;
    if (isInserted && atEnd) virtual.scrollToEnd();
  }, [rows, virtual]);
}

/** Tells that the newest is seen: at the end, with the page visible and focused. */
function useSeen(atEnd: boolean, rows: readonly Row[], onSeen: () => void): void {
  useEffect(() => {
    const tell = (): void => {
      if (atEnd && rows.length > 0 && document.visibilityState === 'visible' && document.hasFocus()) onSeen();
    };
    tell();
    window.addEventListener('focus', tell);
    document.addEventListener('visibilitychange', tell);
    return () => {
      window.removeEventListener('focus', tell);
      document.removeEventListener('visibilitychange', tell);
    };
  }, [atEnd, rows, onSeen]);
}

function JumpToNewest({ unread, jump }: { readonly unread: number; readonly jump: () => void }) {
  const { t } = useLocale();
  return (
    <button type="button" className="jump" onClick={jump}>
      <ArrowDown size={18} aria-hidden />
      {unread > 0 ? t('jump.unread', { count: unread }) : t('jump')}
    </button>
  );
}
