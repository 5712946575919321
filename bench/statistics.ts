/** The middle of the samples. */
export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)];
  const lower = sorted[Math.ceil(middle) - 1];
  if (upper === undefined || lower === undefined) throw new Error('There are no samples');
  return (lower + upper) / 2;
}

type Subject = () => unknown;

/**
 * The median time in milliseconds of each subject. They take turns (A B A B …), so that whatever
 * else the machine does in the meantime falls on all of them alike.
 */
export async function timeInTurns<N extends string>(
  subjects: Record<N, Subject>,
  rounds: { warmUp: number; measured: number },
  tell: (progress: string) => void = () => undefined,
): Promise<Record<N, number>> {
  const names = Object.keys(subjects) as N[];
  const samples = new Map(names.map((name) => [name, [] as number[]]));
  const total = rounds.warmUp + rounds.measured;
  for (let round = 0; round < total; round += 1) {
    for (const name of names) {
      const startedAt = performance.now();
      await subjects[name]();
      const elapsed = performance.now() - startedAt;
      if (round >= rounds.warmUp) samples.get(name)?.push(elapsed);
    }
    if (round % Math.ceil(total / 10) === 0) tell(`${Math.round((100 * round) / total)} %`);
  }
  return Object.fromEntries(names.map((name) => [name, median(samples.get(name) ?? [])])) as Record<
    N,
    number
  >;
}

/** Milliseconds for people. */
export const inMs = (ms: number): string => `${ms.toFixed(ms < 10 ? 3 : 1)} ms`;
