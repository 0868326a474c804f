import type { Catalogue } from './catalogue.ts';
import type { enPositions } from './en-positions.ts';

/** Te reo Māori of where people were, and of sharing where they are. */
export const miPositions: Pick<Catalogue, keyof typeof enPositions> = {
  positions: 'I hea ahau',
  'positions.allow': 'Puritia ngā wāhi i reira ahau mō te 24 hāora',
  'positions.words':
    'Ko koe anake ka kite. Ka ahu mai i ngā pūrere e tohaina ana e koe tō wāhi. Ina whakawetohia, ka mukua katoatia i taua wā tonu, ka mutu hoki te tohatoha.',
  'positions.since': 'Kua kā: {when}.',
  'positions.kept': 'Te wāhi tawhito rawa e puritia ana: {when}.',
  'positions.none': 'Kāore he mea e puritia ana.',
  'positions.erase': 'Mukua ngā wāhi i reira ahau',
  'positions.allowed': 'Ka puritia ngā wāhi i reira koe mō te 24 hāora mai i nāianei.',
  'positions.erased': 'Kua mukua ngā wāhi i reira koe.',
  'positions.withdrawn': 'Kāore he mea e puritia ana ināianei, ā, kua mukua ngā mea i puritia.',
  'share.mark': 'E kā ana te tohatoha i tō wāhi',
};
