type AsyncFunction = (...args: never[]) => Promise<unknown>;

/** An asynchronous function of a module that is loaded when it is first called. */
export function lazily<Name extends string, Module extends Record<Name, AsyncFunction>>(
  load: () => Promise<Module>,
  name: Name,
): Module[Name] {
  const called = async (...args: never[]) => (await load())[name](...args);
  return called as Module[Name];
}
