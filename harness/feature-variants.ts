import { features } from '../shared/features.ts';

/** Ids of the features that a vendor may take out. */
export const removableIds: readonly string[] = features
  .filter(({ isCore }) => !isCore)
  .map(({ id }) => id);

/** A copy of the checkout that a vendor might have. */
export interface FeatureVariant {
  readonly name: string;
  /** Arguments of `npm run feature --`, one call after the other. */
  readonly calls: readonly (readonly string[])[];
}

/** The copies in which the rest of the product must hold. */
export function featureVariants(): readonly FeatureVariant[] {
  return [
    ...removableIds.map((id) => ({
      name: `without ${id}`,
      calls: [['remove', id, '--with-dependents']],
    })),
    // Those that use others first: a feature that is gone already needs no call.
    { name: 'without any', calls: removableIds.toReversed().map((id) => ['remove', id]) },
    {
      name: 'with a feature of your own',
      calls: [
        ['remove', 'products'],
        ['new', 'notes'],
      ],
    },
  ];
}
