/** Lower case without marks above letters, so that "korero" finds "Kōrero". */
export function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLocaleLowerCase();
}
