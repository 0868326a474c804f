/** English of where people were. */
export const enPositions = {
  positions: 'Where I was',
  'positions.allow': 'Keep where I was for 24 hours',
  'positions.words':
    'Only you can see it. This page does not send where you are; other programs of yours may, and what they send is kept only while this is on. Turning it off erases all of it at once.',
  'positions.since': 'On since {when}.',
  'positions.kept': 'The oldest place kept is from {when}.',
  'positions.none': 'Nothing is kept.',
  'positions.erase': 'Erase where I was',
  'positions.allowed': 'Where you were is kept for 24 hours from now on.',
  'positions.erased': 'Where you were is erased.',
  'positions.withdrawn': 'Nothing is kept any more, and what was kept is erased.',
} as const;
