/** English of where people were, and of sharing where they are. */
export const enPositions = {
  positions: 'Where I was',
  'positions.allow': 'Keep where I was for 24 hours',
  'positions.words':
    'Only you can see it. It comes from devices on which you share your position. Turning it off erases all of it at once and ends the sharing.',
  'positions.since': 'On since {when}.',
  'positions.kept': 'The oldest place kept is from {when}.',
  'positions.none': 'Nothing is kept.',
  'positions.erase': 'Erase where I was',
  'positions.allowed': 'Where you were is kept for 24 hours from now on.',
  'positions.erased': 'Where you were is erased.',
  'positions.withdrawn': 'Nothing is kept any more, and what was kept is erased.',
  'share.mark': 'Sharing your position is on',
} as const;
