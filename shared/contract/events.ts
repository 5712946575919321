import * as z from 'zod';
import { detectionEvents } from '../detections/contract/detections.ts';
import { productEvents } from '../products/contract.ts';
import { coreEvents } from './core-events.ts';

/** Every event that webhooks may ask for. Features add theirs here. */
export const eventTypes = { ...coreEvents, ...detectionEvents, ...productEvents } as const;

export type EventType = keyof typeof eventTypes;

export const EventTypes = z
  .array(z.enum(Object.keys(eventTypes) as [EventType, ...EventType[]]))
  .min(1)
  .max(50)
  .refine((types) => new Set(types).size === types.length, 'names an event twice');
