import type { Route, RouteComponent, RouteConfig } from "./handlers.ts";
import type { Middleware } from "./handlers.ts";
import { compareRoutes, folderSegment, routePattern } from "./route_path.ts";
import type { Router } from "./router.ts";
import {
  answerRoute,
  compose,
  layersOf,
  type Segment,
  segmentAt,
} from "./segments.ts";

/** A module under `routes/`, by its path there without extension. */
export interface FileRoute {
  readonly path: string;
  readonly module: Record<string, unknown>;
}

export type FileRoutes = readonly FileRoute[];

/** Registers wrappers and middlewares first, then the pages they hold for. */
export function registerFileRoutes<State>(
  { root, router }: {
    root: Segment<State>;
    router: Router<Middleware<State>>;
  },
  files: FileRoutes,
): void {
  const pages: FileRoute[] = [];
  for (const file of files) {
    const [folder, name] = splitPath(file.path);
    if (!name.startsWith("_")) {
      pages.push(file);
      continue;
    }
    registerSpecial(root, folder, { ...file, path: name });
  }
  pages.sort((a, b) => compareRoutes(a.path, b.path));
  for (const file of pages) {
    const route = readRoute<State>(file);
    const layers = layersOf(segmentAt(root, folderOf(file.path)));
    router.add(
      "ALL", // so a method without handler is 404, not 405
      route.config?.routeOverride ?? routePattern(file.path),
      compose([...layers, (ctx) => answerRoute(ctx, route, 200)]),
    );
  }
}

function registerSpecial<State>(
  root: Segment<State>,
  folder: string,
  file: FileRoute,
): void {
  const segment = segmentAt(root, folderSegment(folder));
  const { module, path: name } = file;
  switch (name) {
    case "_app":
      root.app = componentOf(folder, file);
      return;
    case "_layout":
      segment.layout = {
        component: componentOf(folder, file),
        config: (module.config ?? {}) as RouteConfig,
      };
      return;
    case "_middleware":
      segment.middlewares.push(...middlewaresOf<State>(folder, file));
      return;
    case "_404":
      root.notFound = readRoute(file);
      return;
    case "_error":
    case "_500":
      segment.errorRoute = readRoute(file);
      return;
    default:
      throw new Error(
        `Cannot use routes/${folder}/${name} as a name with "_" must be ` +
          "_app, _layout, _middleware, _error or _404",
      );
  }
}

function readRoute<State>({ path, module }: FileRoute): Route<State> {
  const handler = module.handler ?? module.handlers;
  if (handler === undefined && module.default === undefined) {
    throw new Error(
      `Cannot use routes/${path} as it exports no component and no handler`,
    );
  }
  return {
    component: module.default as RouteComponent<State> | undefined,
    config: module.config as RouteConfig | undefined,
    handler: handler as Route<State>["handler"],
  };
}

function middlewaresOf<State>(
  folder: string,
  { module }: FileRoute,
): Middleware<State>[] {
  const found = module.handler ?? module.handlers ?? module.default;
  const list = Array.isArray(found) ? found : [found];
  if (list.every((each) => typeof each === "function")) return list;
  throw new Error(
    `Cannot use routes/${folder}/_middleware as it must export a function ` +
      "or an array of functions",
  );
}

function componentOf<State>(
  folder: string,
  { path, module }: FileRoute,
): RouteComponent<State> {
  if (typeof module.default === "function") {
    return module.default as RouteComponent<State>;
  }
  throw new Error(
    `Cannot use routes/${folder}/${path} as it has no default export`,
  );
}

function folderOf(path: string): string {
  return folderSegment(splitPath(path)[0]);
}

function splitPath(path: string): [folder: string, name: string] {
  const slash = path.lastIndexOf("/");
  return [path.slice(0, Math.max(slash, 0)), path.slice(slash + 1)];
}
