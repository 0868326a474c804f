/** Focus goes to the conversation or page, or to the list where that is all there is. */
export function focusContent(): void {
  const targets = ['content', 'main'].map((id) => document.getElementById(id));
  const target = targets.find((element) => element?.checkVisibility());
  if (target && !target.hasAttribute('tabindex')) target.tabIndex = -1;
  target?.focus();
}
