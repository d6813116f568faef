declare const brand: unique symbol;

/** A value that was checked once, where it was made, and is trusted after. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
