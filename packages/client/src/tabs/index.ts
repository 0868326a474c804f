export { browserTabs } from './browser.ts';
export { shareTabs } from './share-tabs.ts';
export type { SharedTabs, ShareTabsOptions } from './shared-tabs.ts';
export type { TabChannel, TabLocks, TabSurroundings } from './surroundings.ts';
export { tabSharing } from './tab-sharing.ts';
export type { TabHost, Tabs, TabSharing } from './types.ts';
