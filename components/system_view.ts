/** What `/api/system` answers, and names for its parts. */
import type { ApiAnswer } from "../web/api_types.ts";

/** Parts that could not be read are `null`. */
export type SystemView = ApiAnswer<"/api/system">;

type Feeds = NonNullable<SystemView["feeds"]>;

/** One way in. */
export type EndpointView = Feeds["endpoints"][number];

/** One feed, since this process first saw it. */
export type FeedView = Feeds["feeds"][number];

export type WaitView = NonNullable<SystemView["waits"]["tick_to_buffered"]>;

export type PartitionView = NonNullable<SystemView["partitions"]>[number];

export type GapView = NonNullable<SystemView["gaps"]>[number];

export type SampleView = NonNullable<
  SystemView["quarantine"]
>["samples"][number];

export type BooksView = NonNullable<SystemView["books"]>;

export type ForecastsView = NonNullable<SystemView["forecasts"]>;
