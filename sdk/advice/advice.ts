/** Why an error happens, and what whoever met it can do; `{name}` stands for the error's argument of that name. */
export interface Advice {
  readonly why: string;
  readonly todo: string;
}
