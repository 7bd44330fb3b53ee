// The daemon's API as a source. Requests go one after the other, so that an open page never takes more
// than one of the daemon's two threads for the API.
import type {
  Container, Diff, EventQuery, EventRow, Finding, MarkBatch, Snapshot, SnapshotHead, Source, Status,
} from "./types";

const MARKS_A_PAGE = 50000;
const OTHERS_A_PAGE = 1000;
const MOST_RECORDS = 2000; // of findings, of snapshots, of containers: the newest

export class ApiError extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

type Parameters = Record<string, string | number | undefined>;

function micros(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.max(0, Math.round(ms * 1000));
}

function parametersOf(query: EventQuery): Parameters {
  return {
    since: micros(query.since),
    until: micros(query.until),
    container: query.container || undefined,
    kind: query.kinds?.join(","),
    q: query.q || undefined,
    before: query.before,
    limit: query.limit,
  };
}

export class HttpSource implements Source {
  readonly live = true;
  private last: Promise<unknown> = Promise.resolve();

  private get<T>(path: string, parameters: Parameters = {}): Promise<T> {
    const words = Object.entries(parameters)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
    const url = `api/v1/${path}${words.length ? `?${words.join("&")}` : ""}`;
    const next = this.last.then(() => fetchJson<T>(url));
    this.last = next.catch(() => undefined);
    return next;
  }

  status(): Promise<Status> {
    return this.get("status");
  }
  async containers(): Promise<Container[]> {
    return this.all("containers");
  }
  async marks(query: EventQuery, take: (batch: MarkBatch) => boolean): Promise<void> {
    let before = query.before;
    for (;;) {
      const batch = await this.get<MarkBatch>("marks", {
        ...parametersOf({ ...query, before }), limit: MARKS_A_PAGE,
      });
      if (!take(batch) || batch.next === null) return;
      before = batch.next;
    }
  }
  private async all<T>(name: "findings" | "snapshots" | "containers", since?: number): Promise<T[]> {
    const rows: T[] = [];
    let before: number | undefined;
    while (rows.length < MOST_RECORDS) {
      const page = await this.get<Record<string, unknown>>(name, {
        since: micros(since), before, limit: OTHERS_A_PAGE,
      });
      rows.push(...(page[name] as T[]));
      if (page.next === null) break;
      before = page.next as number;
    }
    return rows.reverse();
  }
  findings(since?: number): Promise<Finding[]> {
    return this.all("findings", since);
  }
  snapshots(since?: number): Promise<SnapshotHead[]> {
    return this.all("snapshots", since);
  }
  events(query: EventQuery): Promise<{ events: EventRow[]; next: number | null }> {
    return this.get("events", parametersOf(query));
  }
  event(id: number): Promise<EventRow> {
    return this.get(`events/${id}`);
  }
  finding(id: number): Promise<Finding> {
    return this.get(`findings/${id}`);
  }
  snapshot(id: number): Promise<Snapshot> {
    return this.get(`snapshots/${id}`);
  }
  async diff(from: number | "baseline", to: number): Promise<Diff | null> {
    try {
      return await this.get<Diff>("diff", { from, to });
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }
}

async function fetchJson<T>(url: string): Promise<T> {
  let response: Response;
  try {
    response = await fetch(url, { headers: { Accept: "application/json" } });
  } catch {
    throw new ApiError(0, "the observer does not answer");
  }
  const body = (await response.json().catch(() => null)) as { error?: string } | null;
  if (!response.ok) throw new ApiError(response.status, body?.error ?? `HTTP ${response.status}`);
  return body as T;
}
