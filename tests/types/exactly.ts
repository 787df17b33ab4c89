/** Whether two types are the same: not merely assignable, and told apart from `any`. */
type Same<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false;

/** Holds a value to a type exactly: `exactly<string>()(value)` is refused by tsc for anything else. */
export function exactly<Expected>() {
  return <Actual>(_value: Same<Actual, Expected> extends true ? Actual : never): void => {};
}
