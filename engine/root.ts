/** The project's folder: where Pulumi.yaml stands. */
export const root = process.env.STRATA_ROOT ?? process.cwd();
