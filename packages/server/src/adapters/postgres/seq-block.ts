/** Numbers given out to entries at once. A transaction takes whole blocks, so one call of `nextval` serves many entries. */
export const SEQ_BLOCK = 512;
