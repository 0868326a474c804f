import { useId } from 'react';

interface SwitchProps {
  readonly label: string;
  readonly on: boolean;
  readonly onChange: (on: boolean) => void;
  /** Id of what describes it. */
  readonly describedBy?: string;
}

/** Something that is on or off from the moment it is pressed. */
export function Switch({ label, on, onChange, describedBy }: SwitchProps) {
  const id = useId();
  return (
    <button
      type="button"
      role="switch"
      className="switch"
      aria-checked={on}
      aria-labelledby={id}
      aria-describedby={describedBy}
      onClick={() => onChange(!on)}
    >
      <span id={id}>{label}</span>
      <span className="switch-track" aria-hidden />
    </button>
  );
}
