export { browserTabs } from './browser.ts';
export { type SharedTabs, shareTabs, type ShareTabsOptions } from './share-tabs.ts';
export type { TabChannel, TabLocks, TabSurroundings } from './surroundings.ts';
export { tabSharing } from './tab-sharing.ts';
export type { TabHost, Tabs, TabSharing } from './types.ts';
