import { existsSync } from 'node:fs';
import { features } from '../shared/features.ts';
import type { ConsoleRoute } from './console/routes.ts';

/** What a feature adds to the cloud of one machine: `local/<feature>/index.ts`. */
export interface LocalRoom {
  /** Starts the fakes of services that the feature calls. */
  start(options: LocalRoomOptions): Promise<RunningRoom>;
}

export interface LocalRoomOptions {
  /** Where to keep what outlives the process; in memory only without it. */
  readonly dataDir?: string;
  readonly onError?: (error: unknown) => void;
}

export interface RunningRoom {
  /** Where the fakes are, as the settings of the feature are named: `OZON_URL`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What it adds to the console. */
  readonly consoleRoutes?: readonly ConsoleRoute[];
  /** What tests hold the fakes by. `harness/<feature>` knows its type. */
  readonly handles?: unknown;
  stop(): Promise<void>;
}

/** The rooms of all features, running. */
export interface RunningRooms {
  readonly environment: Readonly<Record<string, string>>;
  readonly consoleRoutes: readonly ConsoleRoute[];
  /** By feature. */
  readonly handles: Readonly<Record<string, unknown>>;
  stop(): Promise<void>;
}

/** Starts the fakes of every feature that has some, side by side. */
export async function startRooms(options: LocalRoomOptions): Promise<RunningRooms> {
  const ids = features
    .map(({ id }) => id)
    .filter((id) => existsSync(new URL(`./${id}/index.ts`, import.meta.url)));
  const rooms = await Promise.all(
    ids.map(async (id) => {
      const room: LocalRoom = await import(`./${id}/index.ts`);
      return [id, await room.start(options)] as const;
    }),
  );
  return {
    environment: Object.assign({}, ...rooms.map(([, { environment }]) => environment)),
    consoleRoutes: rooms.flatMap(([, { consoleRoutes = [] }]) => consoleRoutes),
    handles: Object.fromEntries(rooms.map(([id, { handles }]) => [id, handles])),
    stop: async () => {
      await Promise.all(rooms.map(([, room]) => room.stop()));
    },
  };
}
