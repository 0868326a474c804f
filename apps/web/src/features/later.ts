// biome-ignore-all lint/performance/noBarrelFile: being one module is what it is for

/** What the first screen does not need. One module, so that it arrives as one file. */
export { MePlace } from './me/me-place.tsx';
export { MeetingStrip } from './meetings/meeting-strip.tsx';
export { PeoplePlace } from './people/people-place.tsx';
export { ProgrammePlace } from './programme/programme-place.tsx';
export { Palette } from './search/palette.tsx';
export { SearchPlace } from './search/search-place.tsx';
export { KeyboardSheet } from './shell/keyboard-sheet.tsx';
export { AboutPanel } from './talk/about-panel.tsx';
export { CreateChannel } from './talk/create-channel.tsx';
export { InviteDialog } from './talk/invite-dialog.tsx';
export { ReportDialog } from './talk/report-dialog.tsx';
export { ThreadPanel } from './talk/thread-panel.tsx';
