import type { Link } from '@konferenco/client';
import { memoryFileStore, openAttachments } from '@konferenco/client/attachments';
import { createRoot } from 'react-dom/client';
import { createLocale } from '../i18n/locale.ts';
import { applyTheme, loadCatalogue, Root } from '../root.tsx';
import { createApp } from '../state/create-app.ts';
import { createDevice, type DeviceNotice } from '../state/device.ts';
import { createFiles } from '../state/files.ts';
import { createInstall } from '../state/install.ts';
import { createStore } from '../state/store.ts';
import { createUpdates, noUpdates } from '../state/updates.ts';
import { createFakeClient } from './fake-client.ts';
import { NOW } from './world.ts';
import '../styles/index.css';

// The application over the fake client. The address of the first page says which state to show: ?out, ?offline, ?retry, ?empty.
const has = (name: string): boolean => new URLSearchParams(window.location.search).has(name);
const link: Link = has('offline')
  ? { kind: 'offline' }
  : has('retry')
    ? { kind: 'waiting', retry_at: Date.now() + 60_000, attempt: 3 }
    : { kind: 'online' };
const client = createFakeClient({ signedIn: !has('out'), link: { kind: 'online' }, empty: has('empty') });
window.fake = client;
const updates = has('worker')
  ? createUpdates({
      window,
      wake: () => client.reconnectNow(),
      onFault: (error) => reportError(error),
      now: Date.now,
    })
  : noUpdates;
const app = createApp({
  client,
  window,
  updates,
  install: createInstall(window),
  device: createDevice(client, {
    notice: createStore<DeviceNotice | null>(
      has('memory') ? { kind: 'memory' } : has('recovered') ? { kind: 'recovered', saved: 2, lost: 1 } : null,
    ),
    outbox: async () => client.outbox(),
    persist: async () => false,
  }),
  files: createFiles({
    client,
    load: () => openAttachments({ client, files: memoryFileStore() }),
    onFault: (error) => reportError(error),
  }),
  now: () => NOW,
});
const { language, theme } = app.preferences.state();
applyTheme(theme);
const [catalogue] = await Promise.all([loadCatalogue(language), app.restoreSession()]);
const container = document.getElementById('app');
if (container === null) throw new Error('index.html has no #app');
createRoot(container).render(<Root app={app} locale={createLocale(language, catalogue)} />);
await new Promise((resolve) => setTimeout(resolve, 50));
client.setLink(link);
