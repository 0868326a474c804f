import { fill } from '../../i18n/catalogue.ts';
import type { Locale } from '../../i18n/locale.ts';

/** English of sharing where a device is. Apart from the catalogues, of which the first screen loads all. */
export const enSharing = {
  share: 'Share my position',
  what: 'What',
  'what.words':
    'Where this device is and how exactly it knows, to your own account: at most every 5 seconds while you move, once a minute while you do not.',
  who: 'Who sees it',
  'who.words': 'Only you. Whoever runs the server could read it, as they could your messages.',
  kept: 'How long',
  'kept.words':
    '24 hours; then the server deletes it, and you can erase it sooner. So this also turns on “Keep where I was”.',
  when: 'When',
  'when.words':
    'Only while this page is open in front of you: browsers stop it when the page is hidden or the screen is off. Finding the place takes battery.',
  asking: 'Your browser asks whether this page may know where you are. Please answer it.',
  locating: 'Finding out where this device is…',
  sharing: 'Your position is being shared.',
  since: 'Since {since}.',
  last: 'Last sent {when}, exact to about {metres} m.',
  offline: 'No connection: nothing is sent, and nothing is kept to be sent later. It goes on with the connection.',
  hidden: 'Paused while this page is hidden.',
  elsewhere: 'Another tab of this browser shares your position.',
  unasked: 'Paused since this page was opened anew: your browser wants to ask you again before it tells where you are.',
  go_on: 'Go on sharing',
  denied: 'Nothing is sent: your browser does not let this page know where you are.',
  'denied.how':
    'To allow it, open the site’s settings beside the address, set Location to “Allow”, and see that location is turned on for your device and your browser. Then try again.',
  unavailable: 'Nothing is sent: this device cannot tell where it is just now. It is tried again by itself.',
  unsupported: 'This browser tells no page where it is.',
  insecure: 'Browsers tell only pages with a secure address (https) where they are. This one has none.',
  held: 'Nothing is sent just now, and it is tried again by itself. {reason}',
  refused: 'Sharing has ended, because keeping where you were was turned off.',
  stopped: 'Nothing is sent any more. What was sent stays until you erase it or it is 24 hours old.',
} as const;

export type SharingKey = keyof typeof enSharing;

/** Te reo Māori of sharing where a device is. */
export const miSharing: Readonly<Record<SharingKey, string>> = {
  share: 'Tohaina taku wāhi',
  what: 'He aha',
  'what.words':
    'Te wāhi o tēnei pūrere me te tika o tōna mōhio, ki tō ake pūkete: i ia 5 hēkona te auau rawa ina neke koe, kotahi i ia meneti ina noho koe.',
  who: 'Ka kitea e wai',
  'who.words': 'Ko koe anake. Ka taea e te kaiwhakahaere o te tūmau te pānui, pērā i ō karere.',
  kept: 'Te roa',
  'kept.words':
    'E 24 hāora; kātahi ka mukua e te tūmau, ā, ka taea e koe te muku i mua atu. Nō reira ka whakakāngia hoki te “Puritia ngā wāhi i reira ahau”.',
  when: 'Āhea',
  'when.words':
    'I te mea anake e tuwhera ana tēnei whārangi i mua i a koe: ka whakamutua e ngā pūtirotiro ina huna te whārangi, ina weto rānei te mata. Ka pau te pūhiko i te kimi wāhi.',
  asking: 'E pātai ana tō pūtirotiro mēnā ka whakaaetia tēnei whārangi kia mōhio kei hea koe. Tēnā, whakautua.',
  locating: 'E kimi ana kei hea tēnei pūrere…',
  sharing: 'E tohaina ana tō wāhi.',
  since: 'Nō te {since}.',
  last: 'I tukuna whakamutunga {when}, e tika ana ki te {metres} m pea.',
  offline:
    'Kāore he hononga: kāore he mea e tukuna, kāore hoki e puritia kia tukuna ā muri ake. Ka haere tonu ina hoki mai te hononga.',
  hidden: 'Kua tatari, i te mea e huna ana tēnei whārangi.',
  elsewhere: 'Kei tētahi atu ripa o tēnei pūtirotiro te tohatoha i tō wāhi.',
  unasked:
    'Kua tatari mai i te tuwheratanga anō o tēnei whārangi: e hiahia ana tō pūtirotiro ki te pātai anō i a koe i mua i tana whāki kei hea koe.',
  go_on: 'Haere tonu te tohatoha',
  denied: 'Kāore he mea e tukuna: kāore tō pūtirotiro e tuku i tēnei whārangi kia mōhio kei hea koe.',
  'denied.how':
    'Kia whakaaetia ai, huakina ngā tautuhinga o te pae i te taha o te wāhitau, tautuhia te Wāhi ki “Whakaae”, ā, tirohia mēnā e kā ana te wāhi mō tō pūrere me tō pūtirotiro. Kātahi ka whakamātau anō.',
  unavailable:
    'Kāore he mea e tukuna: kāore e taea e tēnei pūrere te whāki kei hea ia ināianei. Ka whakamātauria anō aunoatia.',
  unsupported: 'Kāore tēnei pūtirotiro e whāki ki tētahi whārangi kei hea ia.',
  insecure: 'Ka whāki noa ngā pūtirotiro ki ngā whārangi he wāhitau haumaru (https) tō rātou. Kāore tō tēnei.',
  held: 'Kāore he mea e tukuna ināianei, ā, ka whakamātauria anō aunoatia. {reason}',
  refused: 'Kua mutu te tohatoha, i te mea kua whakawetohia te pupuri i ngā wāhi i reira koe.',
  stopped:
    'Kāore he mea e tukuna ināianei. Ka mau ngā mea i tukuna kia mukua rā anō e koe, kia 24 hāora rānei te tawhito.',
};

/** The words in the language of `locale`. */
export function sharingWords(locale: Locale): (key: SharingKey, values?: Readonly<Record<string, string>>) => string {
  const words = locale.language === 'mi' ? miSharing : enSharing;
  return (key, values = {}) => fill(words[key], values);
}
