/** One row of the options table: yields the type, the environment name, the flag, `--help` and the reference page. */
export type Option =
  | (OptionText & { readonly type: 'integer'; readonly default: number; readonly min: number; readonly max: number })
  | (OptionText & {
      readonly type: 'text';
      readonly default: string;
      readonly pattern?: RegExp;
      readonly secret?: boolean;
    })
  | (OptionText & { readonly type: 'choice'; readonly default: string; readonly choices: readonly string[] });

interface OptionText {
  readonly env: string;
  readonly flag: string;
  readonly unit?: string;
  readonly description: string;
}
