// biome-ignore-all lint/performance/noBarrelFile: being one module is what it is for

/** What is needed once there are files. One module, so that it arrives as one file. */
export { FilesHere } from './files-here.tsx';
export { MessageFiles } from './message-files.tsx';
export { lookOf, preparePicture } from './prepare-picture.ts';
export { Tray } from './tray.tsx';
