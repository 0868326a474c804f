import { createRoot } from 'react-dom/client';
import { createLocale } from './i18n/locale.ts';
import { applyTheme, loadCatalogue, Root } from './root.tsx';
import { createApp } from './state/create-app.ts';
import { createInstall } from './state/install.ts';
import { createUpdates } from './state/updates.ts';
import { createWebClient } from './web-client.ts';
import './styles/index.css';

// Without a console of its own the page has only the browser's to say what it could not tell anybody.
const onFault = (error: unknown): void => reportError(error);
const { client, device, files } = createWebClient(window, onFault);
const updates = createUpdates({ window, wake: () => client.reconnectNow(), onFault, now: Date.now });
const app = createApp({ client, device, files, updates, install: createInstall(window), window });
const { language, theme } = app.preferences.state();
applyTheme(theme);
const [catalogue] = await Promise.all([loadCatalogue(language), app.restoreSession()]);
const container = document.getElementById('app');
if (container === null) throw new Error('index.html has no #app');
createRoot(container).render(<Root app={app} locale={createLocale(language, catalogue)} />);
