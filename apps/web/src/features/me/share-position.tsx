import type { SharingKind, SharingState } from '@konferenco/client/positions';
import { useId } from 'react';
import type { Locale } from '../../i18n/locale.ts';
import { useApp, useLocale, useNow, useStore } from '../../state/app.ts';
import type { SharingView } from '../../state/sharing.ts';
import { Switch } from '../../ui/switch.tsx';
import { sharingWords } from './sharing-words.ts';

/** The switch that sends where this device is: what it means beforehand, and how it stands now. */
export function SharePosition() {
  const { sharing, announcer } = useApp();
  const say = sharingWords(useLocale());
  const view = useStore(sharing);
  const words = useId();
  const isOn = view.since !== null;
  const change = (on: boolean): void => {
    if (on) return sharing.turnOn();
    sharing.turnOff();
    announcer.show(say('stopped'));
  };
  return (
    <>
      <Switch label={say('share')} on={isOn} onChange={change} describedBy={words} />
      <Standing view={view} />
      <ul className="hint plain-list" id={words}>
        {(['what', 'who', 'kept', 'when'] as const).map((about) => (
          <li key={about}>
            <strong>{say(about)}</strong> {say(`${about}.words`)}
          </li>
        ))}
      </ul>
    </>
  );
}

/** States in which nothing is sent and the person can do something about it, or should know why. */
const TROUBLE: readonly SharingKind[] = ['denied', 'unavailable', 'unsupported', 'held', 'refused'];
/** States that a press may end. */
const PRESSED: readonly SharingKind[] = ['unasked', 'denied'];

function Standing({ view }: { readonly view: SharingView }) {
  const { sharing } = useApp();
  const locale = useLocale();
  const say = sharingWords(locale);
  const sentence = sentenceOf(view, locale);
  const kind = view.sender?.kind ?? 'off';
  const isTrouble = view.error !== null || TROUBLE.includes(kind);
  return (
    <div className="standing">
      {/* Read out when it changes; the times beside it are not. */}
      <p role="status" className={isTrouble ? 'error' : undefined}>
        {sentence}
      </p>
      {view.since !== null && (kind === 'sharing' || view.sender?.last) && (
        <Times since={view.since} last={view.sender?.last ?? null} />
      )}
      {kind === 'denied' && <p>{say('denied.how')}</p>}
      {(PRESSED.includes(kind) || view.error !== null) && (
        <button type="button" className="button" onClick={sharing.turnOn}>
          {kind === 'unasked' ? say('go_on') : locale.t('try_again')}
        </button>
      )}
    </div>
  );
}

interface TimesProps {
  readonly since: number;
  readonly last: SharingState['last'];
}

function Times({ since, last }: TimesProps) {
  const locale = useLocale();
  const say = sharingWords(locale);
  const now = useNow();
  return (
    <p className="hint tabular">
      {say('since', { since: sinceWords(locale, since, now) })}{' '}
      {last &&
        say('last', {
          when: locale.relative(last.at, now),
          metres: locale.number(Math.max(1, Math.round(last.accuracy_m))),
        })}
    </p>
  );
}
function sentenceOf({ since, sender, error }: SharingView, locale: Locale): string {
  const { t, why } = locale;
  const say = sharingWords(locale);
  if (error !== null) return t('failed.action', { reason: why(error) });
  const kind = sender?.kind ?? 'off';
  switch (kind) {
    case 'off':
      return since === null ? '' : say('locating');
    case 'held':
      return say('held', { reason: why(sender?.error) });
    case 'unsupported':
      return say(window.isSecureContext ? 'unsupported' : 'insecure');
    case 'asking':
    case 'locating':
    case 'sharing':
    case 'offline':
    case 'hidden':
    case 'elsewhere':
    case 'unasked':
    case 'denied':
    case 'unavailable':
    case 'refused':
      return say(kind);
  }
}

const DAY_MS = 86_400_000;

/** When something began: under a day the time, then the date. Unix ms. */
export function sinceWords(locale: Locale, since: number, now: number): string {
  return now - since < DAY_MS ? locale.clock(since) : locale.relative(since, now);
}
