/** Chromium's program: the one named by `CHROMIUM`, or where Debian installs it. */
export const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/**
 * Features that no test needs. Chromium heeds only the last list that it is given, so those that Playwright turns off are named
 * here again.
 */
const OFF = [
  // Playwright's.
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
  // Each window draws two pages for its address field, which nobody sees: half of what a window costs.
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
];

/** Arguments under which a test's Chromium talks to nobody but us, and does nothing beside its pages. */
export const CHROMIUM_ARGS: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  `--disable-features=${OFF.join(',')}`,
];
