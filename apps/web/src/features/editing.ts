// biome-ignore-all lint/performance/noBarrelFile: being one module is what it is for

/** Forms for the programme and meetings, fetched when one is opened. One module, so that it arrives as one file. */
export { AnswerDialog } from './meetings/answer-dialog.tsx';
export { MeetingDialog } from './meetings/meeting-dialog.tsx';
export { Minutes } from './meetings/minutes.tsx';
export { CancelSession, SessionEditor } from './programme/session-editor.tsx';
