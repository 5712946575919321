import type { App } from '../app/app.ts';
import { explain, SessionEndedError } from '../app/problem.ts';
import { problemPlace } from '../components/components.ts';
import { fill, h } from '../components/dom.ts';
import { type DetectionFilters, downloadDetections } from './read.ts';

export interface ExportButton {
  readonly element: HTMLElement;
  readonly problem: HTMLElement;
  dispose(): void;
}

/** A button that downloads all detections of the present filters as CSV; pressed again, it stops. */
export function exportButton(app: App, filters: () => DetectionFilters): ExportButton {
  const problem = problemPlace();
  const button = h('button', { type: 'button', class: 'small' }, 'Export CSV');
  let running: AbortController | undefined;

  async function run(): Promise<void> {
    if (running) return running.abort();
    const mine = new AbortController();
    running = mine;
    fill(problem);
    fill(button, 'Stop export');
    button.classList.add('busy');
    app.announce('The export is being made.');
    try {
      save(await downloadDetections(app.api, filters(), mine.signal), fileName());
      app.announce('The export is downloaded.');
    } catch (error) {
      if (!mine.signal.aborted && !(error instanceof SessionEndedError))
        fill(problem, explain(error));
    } finally {
      running = undefined;
      fill(button, 'Export CSV');
      button.classList.remove('busy');
    }
  }

  button.addEventListener('click', () => void run());
  return { element: button, problem, dispose: () => running?.abort() };
}

function fileName(): string {
  return `detections-${new Date().toISOString().slice(0, 10)}.csv`;
}

function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  h('a', { href: url, download: name }).click();
  // The download has begun with the click; later is soon enough for browsers that read it late.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
