import type { OperatedNode } from '@konferenco/client/operator';
import { Dialog } from '../../ui/dialog.tsx';
import { useWords } from './words.ts';

interface DrainDialogProps {
  readonly node: OperatedNode;
  /** No other node takes people. */
  readonly isLast: boolean;
  readonly onDrain: () => void;
  readonly onClose: () => void;
}

/** What emptying a node means for the people on it, before it begins. */
export function DrainDialog({ node: { name, connections }, isLast, onDrain, onClose }: DrainDialogProps) {
  const { say } = useWords();
  return (
    <Dialog title={say('drain.title', { node: name })} onClose={onClose}>
      <div className="form">
        <p>{connections === 0 ? say('drain.nobody') : say('drain.people', { count: connections })}</p>
        {isLast ? <p className="needs-you">{say('drain.last')}</p> : <p>{say('drain.time')}</p>}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            {say('cancel')}
          </button>
          <button type="button" className="button harm solid" onClick={onDrain}>
            {say('drain.node', { node: name })}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
