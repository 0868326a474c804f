import type { Catalogue } from './catalogue.ts';
import type { enPositions } from './en-positions.ts';

/** Te reo Māori of where people were. */
export const miPositions: Pick<Catalogue, keyof typeof enPositions> = {
  positions: 'I hea ahau',
  'positions.allow': 'Puritia ngā wāhi i reira ahau mō te 24 hāora',
  'positions.words':
    'Ko koe anake ka kite. Kāore tēnei whārangi e tuku i tō wāhi; tērā pea ka tukuna e ētahi atu o ō pūmanako, ā, ka puritia ā rātou i te wā anake e whakakāngia ana tēnei. Ina whakawetohia, ka mukua katoatia i taua wā tonu.',
  'positions.since': 'Kua kā: {when}.',
  'positions.kept': 'Te wāhi tawhito rawa e puritia ana: {when}.',
  'positions.none': 'Kāore he mea e puritia ana.',
  'positions.erase': 'Mukua ngā wāhi i reira ahau',
  'positions.allowed': 'Ka puritia ngā wāhi i reira koe mō te 24 hāora mai i nāianei.',
  'positions.erased': 'Kua mukua ngā wāhi i reira koe.',
  'positions.withdrawn': 'Kāore he mea e puritia ana ināianei, ā, kua mukua ngā mea i puritia.',
};
