import { type FSWatcher, readdirSync, rmSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { formatMessages, type Message, stop as stopEsbuild } from 'esbuild';
import { type Build, BuildError, ensureBuild, hashInputs, inputs, repository } from './build.ts';
import type { Cloud } from './cloud.ts';
import { isRecord } from './runtime/json.ts';
import { sameName } from './template/names.ts';

export interface WatchOptions {
  /** Folder for bundles of changed sources. It is emptied first. */
  readonly folder: string;
  /** Told what runs from now on, in words, and how long after the change. */
  readonly onLive: (what: string, ms: number) => void;
  /** Called with why a change cannot run. The earlier code keeps running. */
  readonly onError: (error: unknown) => void;
}

/** Several events for one change come within this. */
const settleMs = 30;

/** Functions that are bundled at a time after a change: those that were called last come first. */
const firstFunctions = 8;

/**
 * Lets the cloud run what the sources say, whenever they change: functions and the web app are bundled
 * again, what decides the templates makes another assembly. Ends with the process.
 */
export function watchSources(
  cloud: Pick<Cloud, 'replaceAssets' | 'deploy' | 'calledFunctions'>,
  build: Build,
  options: WatchOptions,
): void {
  const { folder, onLive, onError } = options;
  rmSync(folder, { recursive: true, force: true });
  const state = new Sources(cloud, build, folder);
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  const look = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const startedAt = performance.now() - settleMs;
      running = running
        .then(() => {
          folders.refresh();
          return state.update();
        })
        .then((what) => {
          if (what) onLive(what, performance.now() - startedAt);
        }, onError);
    }, settleMs);
  };
  const folders = new WatchedFolders(look, onError);
  // What changed while it was built.
  look();
}

/**
 * The folders of the inputs, each watched by itself. On Linux, Node's own way to watch a tree does not
 * see a file again once another has taken its place, which is how most editors save.
 */
class WatchedFolders {
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #onChange: () => void;
  readonly #onError: (error: unknown) => void;

  constructor(onChange: () => void, onError: (error: unknown) => void) {
    this.#onChange = onChange;
    this.#onError = onError;
    this.refresh();
  }

  /** Watches folders that are new. */
  refresh(): void {
    const isTreeWatched = process.platform !== 'linux';
    const roots = inputs
      .map((input) => join(repository, input))
      .filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory());
    const folders = new Set([
      repository,
      ...roots,
      ...(isTreeWatched ? [] : roots.flatMap(foldersIn)),
    ]);
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of folders) {
      if (this.#watchers.has(folder)) continue;
      const isRoot = folder === repository;
      const options = { persistent: false, recursive: isTreeWatched && !isRoot };
      const watcher = watch(folder, options, (_, name) => {
        if (!isRoot || name === null || inputs.includes(name)) this.#onChange();
      });
      this.#watchers.set(folder, watcher.on('error', this.#onError));
    }
  }
}

function foldersIn(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** What runs, and what of the sources does not yet. */
class Sources {
  readonly #cloud: Pick<Cloud, 'replaceAssets' | 'deploy' | 'calledFunctions'>;
  readonly #folder: string;
  #build: Build;
  #known: ReadonlyMap<string, string>;
  #functions: Record<string, readonly string[]>;
  readonly #pending = new Set<string>();
  #generation = 0;

  constructor(
    cloud: Pick<Cloud, 'replaceAssets' | 'deploy' | 'calledFunctions'>,
    build: Build,
    folder: string,
  ) {
    this.#cloud = cloud;
    this.#folder = folder;
    this.#build = build;
    this.#known = build.inputs;
    this.#functions = { ...build.sources.functions };
  }

  /** Runs what has changed. Returns it in words; nothing where nothing has. */
  async update(): Promise<string | undefined> {
    const now = hashInputs();
    const changed = [...new Set([...this.#known.keys(), ...now.keys()])].filter(
      (path) => this.#known.get(path) !== now.get(path),
    );
    this.#known = now;
    if (changed.length === 0) return undefined;
    // What could not run yet is tried again with every change.
    for (const path of changed) this.#pending.add(path);
    const what = this.#decidesTemplates() ? await this.#deploy() : await this.#bundle();
    this.#pending.clear();
    return what;
  }

  #decidesTemplates(): boolean {
    const templates = new Set(this.#build.sources.templates);
    return [...this.#pending].some(
      (path) => templates.has(path) || !/^(functions|shared|web)\//.test(path),
    );
  }

  async #deploy(): Promise<string> {
    const build = await ensureBuild();
    await this.#cloud.deploy(build.assembly);
    this.#build = build;
    this.#functions = { ...build.sources.functions };
    return 'Templates and all functions';
  }

  async #bundle(): Promise<string | undefined> {
    const isChanged = (path: string) => this.#pending.has(path);
    const ids = Object.keys(this.#functions).filter((id) => this.#functions[id]?.some(isChanged));
    const isSiteChanged = [...this.#pending].some((path) => path.startsWith('web/'));
    if (ids.length === 0 && !isSiteChanged) return undefined;

    this.#generation += 1;
    const folder = join(this.#folder, String(this.#generation));
    const sorted = this.#byUse(ids);
    try {
      await Promise.all([
        this.#bundleFunctions(sorted.slice(0, firstFunctions), folder),
        isSiteChanged && this.#bundleSite(join(folder, 'web')),
      ]);
      await this.#bundleFunctions(sorted.slice(firstFunctions), folder);
    } catch (error) {
      throw await inWords(error);
    } finally {
      // Its memory goes with it.
      await stopEsbuild();
    }
    const count = ids.length === 1 ? sorted[0] : ids.length > 0 && `${ids.length} functions`;
    return [count, isSiteChanged && 'web app'].filter(Boolean).join(' and ');
  }

  async #bundleFunctions(ids: readonly string[], folder: string): Promise<void> {
    if (ids.length === 0) return;
    const { bundleFunctions } = await import('../infra/bundle.ts');
    const outdir = join(folder, 'functions');
    const made = await bundleFunctions({ ids, outdir, logLevel: 'silent' });
    for (const { id, sources } of made) this.#functions[id] = sources;
    this.#cloud.replaceAssets(
      new Map(made.map((bundle) => [this.#build.functionFolder(bundle.id), bundle.folder])),
    );
  }

  async #bundleSite(folder: string): Promise<void> {
    const { bundleWeb } = await import('../infra/bundle.ts');
    await bundleWeb(folder, 'silent');
    this.#cloud.replaceAssets(new Map([[this.#build.webFolder, folder]]));
  }

  #byUse(ids: readonly string[]): string[] {
    const called = this.#cloud.calledFunctions();
    const place = (id: string) => {
      const at = called.findIndex((logicalId) => sameName(logicalId, id));
      return at < 0 ? called.length : at;
    };
    return ids.toSorted((a, b) => place(a) - place(b));
  }
}

/** What esbuild found, as it prints it itself. */
async function inWords(error: unknown): Promise<unknown> {
  if (!isRecord(error) || !Array.isArray(error.errors)) return error;
  const found = await formatMessages(error.errors as Message[], { kind: 'error' });
  return new BuildError(found.join('').trim());
}
