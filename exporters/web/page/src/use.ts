// Hooks that several components share.
import { useEffect, useState } from "preact/hooks";
import type { Controller } from "./controller";

// Draws again whenever anything but the view changes.
export function useController(controller: Controller): number {
  const [version, setVersion] = useState(controller.version);
  useEffect(() => {
    setVersion(controller.version); // what changed before somebody listened
    return controller.onChange(() => setVersion(controller.version));
  }, [controller]);
  return version;
}

export type Loaded<T> = { value: T | null; error: string };

// What `load` gives, again whenever one of `parts` changes; the old value stays until then.
export function useLoaded<T>(load: () => Promise<T>, parts: unknown[]): Loaded<T> {
  const [state, setState] = useState<Loaded<T>>({ value: null, error: "" });
  useEffect(() => {
    let wanted = true;
    load().then(
      (value) => wanted && setState({ value, error: "" }),
      (error: Error) => wanted && setState({ value: null, error: error.message }));
    return () => {
      wanted = false;
    };
  }, parts);
  return state;
}
