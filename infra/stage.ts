/** The stages that exist in AWS. */
export const deployableStages = ['dev', 'prod'] as const;

export type DeployableStage = (typeof deployableStages)[number];
export type Stage = DeployableStage | 'local';

/** The stage that a deployment asked for. Refuses all but those that exist in AWS. */
export function parseStage(value: unknown): DeployableStage {
  const stage = deployableStages.find((known) => known === value);
  if (!stage)
    throw new Error(
      `Unknown stage ${JSON.stringify(value)}: use -c stage=${deployableStages.join(' or -c stage=')}`,
    );
  return stage;
}
