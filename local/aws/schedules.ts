import { workers } from '../../shared/contract/registry.ts';
import type { Clock } from '../runtime/clock.ts';
import { isRecord, listOf } from '../runtime/json.ts';
import { sameName } from '../template/names.ts';
import { type Template, TemplateError } from '../template/template.ts';

export interface Schedule {
  /** The id of its worker in the contract, `webhooks/sweep`, or the logical id of its function. */
  readonly name: string;
  readonly functionArn: string;
  readonly ruleArn: string;
  readonly everyMs: number;
}

/** A schedule, and its latest run. */
export interface ScheduleState {
  readonly name: string;
  readonly every_seconds: number;
  readonly next_at: string;
  readonly last_run: ScheduleRun | null;
}

export interface ScheduleRun {
  readonly started_at: string;
  readonly ms: number;
  /** Why it failed; null for a run that did not. */
  readonly error: string | null;
}

const unitsMs: Readonly<Record<string, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** The rules of the template that run functions at a rate. Throws TemplateError for any other schedule. */
export function readSchedules(template: Template): Schedule[] {
  return template.ofType('AWS::Events::Rule').flatMap((rule) => {
    const { ScheduleExpression: expression, State: state, Targets: targets } = rule.properties;
    if (state === 'DISABLED' || expression === undefined) return [];
    const [, count, unit = ''] =
      /^rate\((\d+) (minute|hour|day)s?\)$/.exec(String(expression)) ?? [];
    const everyMs = Number(count) * (unitsMs[unit] ?? Number.NaN);
    if (!(everyMs > 0))
      throw new TemplateError(rule.where, 'the local runner only knows rules with a rate');
    return listOf(targets).map((target) => {
      const functionArn = isRecord(target) ? String(target.Arn) : '';
      const found = template.find('AWS::Lambda::Function', functionArn, 'Arn');
      if (!found)
        throw new TemplateError(rule.where, 'the local runner only knows functions as targets');
      const worker = workers.find(({ id }) => sameName(found.logicalId, id));
      return {
        name: worker?.id ?? found.logicalId,
        functionArn,
        ruleArn: rule.attribute('Arn'),
        everyMs,
      };
    });
  });
}

/** The running schedules. */
export interface Schedules {
  list(): ScheduleState[];
  /** Runs one now, after a run of it that is under way, and waits for it. Undefined for an unknown name. */
  run(name: string): Promise<ScheduleRun> | undefined;
  stop(): void;
}

/**
 * Runs each schedule at once, which finds what an earlier process left, and then at its rate. A run
 * that takes longer than its rate is not joined by another. `invoke` rejects where the function fails.
 */
export function runSchedules(
  schedules: readonly Schedule[],
  {
    clock,
    invoke,
    onError,
  }: {
    readonly clock: Clock;
    readonly invoke: (functionArn: string, event: unknown) => Promise<void>;
    readonly onError: (error: unknown) => void;
  },
): Schedules {
  let isStopped = false;
  const running = schedules.map((schedule) => {
    let nextAt = Date.now();
    let last: ScheduleRun | undefined;
    let busy: Promise<unknown> | undefined;
    const run = async (): Promise<ScheduleRun> => {
      const startedAt = new Date();
      const started = performance.now();
      const error = await invoke(schedule.functionArn, toEvent(schedule)).then(
        () => undefined,
        (reason: unknown) => reason ?? new Error('It failed'),
      );
      last = {
        started_at: startedAt.toISOString(),
        ms: Math.round(performance.now() - started),
        error: error === undefined ? null : error instanceof Error ? error.message : String(error),
      };
      if (error !== undefined && !isStopped) onError(error);
      return last;
    };
    /** Runs it now, or after the run that is under way. */
    const queue = (): Promise<ScheduleRun> => {
      const next = busy ? busy.then(run) : run();
      const settled = next.finally(() => {
        if (busy === settled) busy = undefined;
      });
      busy = settled;
      return next;
    };
    const remove = clock.add({
      nextAt: () => nextAt,
      run: () => {
        const missed = Math.max(0, Date.now() - nextAt);
        nextAt += (Math.floor(missed / schedule.everyMs) + 1) * schedule.everyMs;
        return queue();
      },
    });
    const state = (): ScheduleState => ({
      name: schedule.name,
      every_seconds: schedule.everyMs / 1000,
      next_at: new Date(nextAt).toISOString(),
      last_run: last ?? null,
    });
    return { name: schedule.name, state, queue, remove };
  });
  return {
    list: () => running.map(({ state }) => state()),
    run: (name) => running.find((each) => each.name === name)?.queue(),
    stop: () => {
      isStopped = true;
      for (const { remove } of running) remove();
    },
  };
}

const toEvent = ({ ruleArn }: Schedule) => ({
  version: '0',
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  time: new Date().toISOString(),
  resources: [ruleArn],
  detail: {},
});
