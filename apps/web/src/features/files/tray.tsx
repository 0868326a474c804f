import type { Outgoing } from '@konferenco/client/attachments';
import { FileText, ImageIcon, Pause, Play, RotateCcw, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useApp, useLocale, useStore } from '../../state/app.ts';
import type { ChosenFile } from '../../state/files.ts';
import { IconButton } from '../../ui/parts.tsx';
import { outgoingWords, percentOf } from './file-words.ts';
import { preparePicture } from './prepare-picture.ts';
import { useOutgoing } from './use-files.ts';

interface TrayProps {
  readonly place: string;
  readonly log: string;
  readonly thread: string | undefined;
}

/** Above a composer: files chosen for the next message, and those of earlier ones that are on their way. */
export function Tray({ place, log, thread }: TrayProps) {
  const { files } = useApp();
  const { t } = useLocale();
  const store = files.chosen(place);
  const chosen = useStore(store);
  const outgoing = useOutgoing(log, thread);
  useTellFailures(outgoing);
  const change = (key: number, next: Partial<ChosenFile> | null): void =>
    store.set(store.state().flatMap((one) => (one.key !== key ? [one] : next ? [{ ...one, ...next }] : [])));
  return (
    <div className="tray">
      {outgoing.length > 0 && (
        <ul className="tray-list" aria-label={t('files.sending')}>
          {outgoing.map((one) => (
            <OutgoingRow key={one.id} outgoing={one} />
          ))}
        </ul>
      )}
      {chosen.length > 0 && (
        <ul className="tray-list" aria-label={t('files.chosen')}>
          {chosen.map((one) => (
            <ChosenRow key={one.key} chosen={one} change={(next) => change(one.key, next)} />
          ))}
        </ul>
      )}
    </div>
  );
}

/** Characters of what a picture shows. */
const ALT_CHARS = 200;

interface ChosenRowProps {
  readonly chosen: ChosenFile;
  /** `null` takes it away. */
  readonly change: (next: Partial<ChosenFile> | null) => void;
}

function ChosenRow({ chosen, change }: ChosenRowProps) {
  const { t, bytes } = useLocale();
  const { original, ready, asIs, isPicture } = chosen;
  const preview = usePreview(original, isPicture);
  const changing = useRef(change);
  changing.current = change;
  useEffect(() => {
    if (ready !== null) return;
    let wanted = true;
    void preparePicture(original, asIs).then((prepared) => {
      if (!wanted) return;
      if (!prepared) return changing.current({ ready: original, asIs: true, isPicture: false });
      const { file, ...look } = prepared;
      changing.current({ ready: file, look });
    });
    return () => {
      wanted = false;
    };
  }, [original, ready, asIs]);
  const canRead = isPicture || !original.type.startsWith('image/');
  return (
    <li className="tray-row">
      {preview ? <img className="tray-preview" src={preview} alt="" /> : <KindIcon type={original.type} />}
      <div className="tray-main">
        <p className="tray-name" dir="auto">
          {original.name}
        </p>
        <p className="tray-words tabular">
          {ready === null ? t('files.preparing') : bytes(ready.size)}
          {!canRead && asIs && ` · ${t('files.as_is')}`}
        </p>
        {original.type.startsWith('image/') && (
          <input
            className="field tray-alt"
            dir="auto"
            maxLength={ALT_CHARS}
            placeholder={t('files.alt')}
            aria-label={t('files.alt.name', { name: original.name })}
            value={chosen.alt}
            onChange={(event) => change({ alt: event.target.value })}
          />
        )}
        {isPicture && (
          <label className="tray-original">
            <input
              type="checkbox"
              checked={asIs}
              onChange={(event) => {
                change({ asIs: event.target.checked, ready: null });
              }}
            />
            {t('files.original')}
          </label>
        )}
      </div>
      <IconButton label={t('files.remove', { name: original.name })} icon={X} onClick={() => change(null)} />
    </li>
  );
}

function OutgoingRow({ outgoing }: { readonly outgoing: Outgoing }) {
  const { files, announcer } = useApp();
  const locale = useLocale();
  const { t, why } = locale;
  const { id, state } = outgoing;
  const attachments = useStore(files.now);
  const [first] = outgoing.files;
  const rest = outgoing.files.length - 1;
  const name = first?.name ?? '';
  const words = outgoingWords(outgoing, locale);
  const runs = state.kind === 'uploading' || state.kind === 'waiting';
  return (
    <li className={state.kind === 'failed' ? 'tray-row failed' : 'tray-row'}>
      <KindIcon type={first?.type ?? ''} />
      <div className="tray-main">
        <p className="tray-name">
          <bdi>{name}</bdi>
          {rest > 0 && ` + ${t('and_more', { count: rest })}`}
        </p>
        <p className="tray-words tabular">{words}</p>
        {state.kind !== 'failed' && (
          <progress className="tray-progress" max={100} value={percentOf(outgoing)} aria-label={name} />
        )}
      </div>
      {runs && <IconButton label={t('files.pause', { name })} icon={Pause} onClick={() => attachments?.pause(id)} />}
      {state.kind === 'paused' && (
        <IconButton label={t('files.resume', { name })} icon={Play} onClick={() => attachments?.resume(id)} />
      )}
      {(state.kind === 'failed' || (state.kind === 'waiting' && state.why === 'error')) && (
        <IconButton label={t('files.retry', { name })} icon={RotateCcw} onClick={() => attachments?.resume(id)} />
      )}
      <IconButton
        label={t('files.cancel', { name })}
        icon={X}
        onClick={() => {
          const tell = (error: unknown): void => announcer.show(why(error), { harm: true });
          attachments?.cancel(id).catch(tell);
        }}
      />
    </li>
  );
}

function KindIcon({ type }: { readonly type: string }) {
  const Icon = type.startsWith('image/') ? ImageIcon : FileText;
  return (
    <span className="tray-icon">
      <Icon size={20} aria-hidden />
    </span>
  );
}

/** An address for the picture as it was chosen. */
function usePreview(file: File, isPicture: boolean): string | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (!isPicture) return setUrl(null);
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file, isPicture]);
  return url;
}

/** Says once of each message that it needs the person. */
function useTellFailures(outgoing: readonly Outgoing[]): void {
  const { announcer } = useApp();
  const { t, why } = useLocale();
  const told = useRef(new Set<string>());
  useEffect(() => {
    for (const { id, state } of outgoing) {
      if (state.kind !== 'failed') told.current.delete(id);
      else if (!told.current.has(id)) {
        told.current.add(id);
        const words = t('files.failed', { reason: why(state.error) });
        // The tray shows it; it is only said.
        announcer.arrived(words, () => words);
      }
    }
  }, [outgoing, announcer, t, why]);
}
