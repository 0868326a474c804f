/** Something from outside (a state, a vector, a dot, a timestamp) is not of the form this package reads. */
export class CrdtFormatError extends Error {
  override readonly name = 'CrdtFormatError';
}

/** A bound was reached: what should be stored is valid, but there would be too much of it. */
export class CrdtLimitError extends Error {
  override readonly name = 'CrdtLimitError';
}
