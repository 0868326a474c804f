import { createRoot } from 'react-dom/client';
import { createWebClient } from './web-client.ts';
import { createLocale } from './i18n/locale.ts';
import { applyTheme, loadCatalogue, Root } from './root.tsx';
import { createApp } from './state/create-app.ts';
import './styles/index.css';

const app = createApp(createWebClient(window), window);
const { language, theme } = app.preferences.state();
applyTheme(theme);
const [catalogue] = await Promise.all([loadCatalogue(language), app.restoreSession()]);
const container = document.getElementById('app');
if (container === null) throw new Error('index.html has no #app');
createRoot(container).render(<Root app={app} locale={createLocale(language, catalogue)} />);
