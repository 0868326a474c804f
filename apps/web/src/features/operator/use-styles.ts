import { useLayoutEffect } from 'react';
import styles from './operator.css' with { type: 'text' };

/** The console's own styles, while it is shown: nobody else loads them. */
export function useStyles(): void {
  useLayoutEffect(() => {
    const text: string = styles;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    return () => {
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
    };
  }, []);
}
