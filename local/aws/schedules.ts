import { isRecord, listOf } from '../runtime/json.ts';
import { type Template, TemplateError } from '../template/template.ts';

export interface Schedule {
  readonly functionArn: string;
  readonly ruleArn: string;
  readonly everyMs: number;
}

const unitsMs: Readonly<Record<string, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** The rules of the template that run functions at a rate. Throws TemplateError for any other rule. */
export function readSchedules(template: Template): Schedule[] {
  return template.ofType('AWS::Events::Rule').flatMap((rule) => {
    const { ScheduleExpression: expression, State: state, Targets: targets } = rule.properties;
    if (state === 'DISABLED' || rule.properties.EventPattern) return [];
    const [, count, unit = ''] =
      /^rate\((\d+) (minute|hour|day)s?\)$/.exec(String(expression ?? '')) ?? [];
    const everyMs = Number(count) * (unitsMs[unit] ?? Number.NaN);
    if (!(everyMs > 0))
      throw new TemplateError(rule.where, 'the local runner only knows rules with a rate');
    return listOf(targets).map((target) => {
      const functionArn = isRecord(target) ? String(target.Arn) : '';
      if (!template.find('AWS::Lambda::Function', functionArn, 'Arn'))
        throw new TemplateError(rule.where, 'the local runner only knows functions as targets');
      return { functionArn, ruleArn: rule.attribute('Arn'), everyMs };
    });
  });
}

/** The longest that a timer waits. */
const maxTimerMs = 2 ** 31 - 1;

/**
 * Runs each schedule at once, which finds what an earlier process left, and then at its rate. A run
 * that takes longer than its rate is not joined by another.
 */
export function runSchedules(
  schedules: readonly Schedule[],
  invoke: (functionArn: string, event: unknown) => Promise<void>,
  onError: (error: unknown) => void,
): { stop(): void } {
  let isStopped = false;
  const report = (error: unknown) => {
    if (!isStopped) onError(error);
  };
  const timers = schedules.map((schedule) => {
    let isRunning = false;
    const run = async () => {
      if (isRunning) return;
      isRunning = true;
      await invoke(schedule.functionArn, toEvent(schedule)).catch(report);
      isRunning = false;
    };
    run();
    return setInterval(run, Math.min(schedule.everyMs, maxTimerMs)).unref();
  });
  return {
    stop: () => {
      isStopped = true;
      for (const timer of timers) clearInterval(timer);
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
